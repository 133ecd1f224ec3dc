"""Intent and wire know neither cdk8s nor jsii: they are plain functions that need no Node process."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cdk8s_airflow
from cdk8s_airflow._exports import HOME_OF, SUBMODULES
from cdk8s_airflow.airflow.wire.concept import SharedResults
from cdk8s_airflow.airflow.wire.concepts import CONCEPTS

LIBRARY = Path(cdk8s_airflow.__file__).parent

EDGE = {
    "airflow/chart.py",
    "airflow_platform/platform.py",
    "app/construct.py",
    "autoscaling/eksctl.py",
    "autoscaling/image_pre_pull.py",
    "autoscaling/karpenter.py",
    "autoscaling/priority_classes.py",
    "environments/environments.py",
    "monitoring/log_collectors.py",
    "monitoring/monitoring.py",
    "app/run.py",
    "dags/repo_sync.py",
    "database/cnpg_cluster.py",
    "database/lab_database.py",
    "database/pooler.py",
    "dbt/profiles.py",
    "jobs/bucket_job.py",
    "jobs/secret_bootstrap.py",
    "namespaces/namespace.py",
    "network/isolation.py",
    "secrets/external_secret.py",
    "secrets/sealed_secret.py",
    "secrets/secret_bridge.py",
    "secrets/secret_store.py",
    "storage/cluster_store.py",
    "storage/minio_legacy.py",
    "storage/seaweedfs.py",
}
"""Constructs and the run of an app. Everything else outside kube/ is pure."""


def pure_modules() -> list[str]:
    files = [file.relative_to(LIBRARY) for file in LIBRARY.rglob("*.py")]
    return sorted(
        ".".join(("cdk8s_airflow", *file.with_suffix("").parts)).removesuffix(".__init__")
        for file in files
        if file.as_posix() not in EDGE and file.parts[0] != "kube" and file.name != "__main__.py"
    )


def test_every_module_outside_the_edge_is_free_of_cdk8s_and_jsii() -> None:
    modules = pure_modules()
    assert len([name for name in modules if ".wire" in name]) >= 15
    program = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "cdk8s_airflow" in loaded
    assert loaded.isdisjoint({"cdk8s", "constructs", "jsii", "cdk8s_plus_27"})


def test_importing_the_package_alone_loads_none_of_its_packages() -> None:
    program = "import cdk8s_airflow, sys, json; print(json.dumps([n for n in sys.modules if n.startswith(('cdk8s', 'jsii', 'constructs'))]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["cdk8s_airflow", "cdk8s_airflow._exports"]


def test_every_public_name_is_there_and_no_other() -> None:
    modules = [cdk8s_airflow, *(importlib.import_module(f"cdk8s_airflow.{name}") for name in SUBMODULES)]
    for module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            assert not isinstance(value, type) or value.__name__ == name
        assert sorted(module.__all__) == module.__all__ == dir(module)
    assert set(HOME_OF) == {name for module in modules for name in module.__all__}
    assert {name: list(names) for name, names in SUBMODULES.items()} == {
        module.__name__.rpartition(".")[2]: module.__all__ for module in modules[1:]
    }
    with pytest.raises(AttributeError, match="'Airflow'"):
        cdk8s_airflow.Airflow  # noqa: B018


def trees(*under: str) -> dict[str, ast.Module]:
    """The syntax trees of the modules in a package, by path."""
    files = sorted(LIBRARY.joinpath(*under).rglob("*.py"))
    return {file.relative_to(LIBRARY).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def test_concepts_do_not_receive_values_of_the_chart() -> None:
    assert {field.name for field in dataclasses.fields(SharedResults)} == {
        "settings",
        "user_values",
        "parts",
        "config",
        "config_of_arguments",
        "needs",
        "needs_in_namespace",
        "pod_templates",
    }


def test_every_concept_is_one_line_of_one_list() -> None:
    defined = sorted(
        target.id
        for tree in trees("airflow").values()
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "Concept"
        for target in node.targets
        if isinstance(target, ast.Name)
    )
    listed = ast.unparse(trees("airflow", "wire")["airflow/wire/concepts.py"])
    assert [name for name in defined if len(re.findall(rf"(?:import .*|return ){name}\b", listed)) < 1] == []
    assert len(defined) == len(CONCEPTS) == len({id(each) for each in CONCEPTS})


def test_only_the_pipeline_gets_the_values_of_a_concept() -> None:
    functions = {
        keyword.value.id
        for tree in trees("airflow", "wire").values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Concept"
        for keyword in node.keywords
        if keyword.arg in ("values", "values_from") and isinstance(keyword.value, ast.Name)
    }
    assert {"dag_values", "git_sync_values", "scheduler_values", "migration_values"} <= functions
    users = {
        (path, alias.name)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in functions
    }
    calls = {
        (path, node.func.id)
        for path, tree in trees("airflow").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions
    }
    assert (users, calls) == (set(), set())


READ_USER_VALUES = {
    "airflow/chart.py": "lists the keys of unchecked_values= in the summary",
    "airflow/pipeline.py": "applies them",
    "airflow/wire/dags.py": "whether they provide DAG files, for the note on a release without DAGs",
    "airflow/wire/effective_settings.py": "what runs",
    "airflow/wire/given_values.py": "checks them",
    "airflow/wire/pod_security.py": "checks their pods against the Pod Security Standard",
    "airflow/wire/value_containers.py": "checks their containers",
}
"""Modules that read ``values=`` or ``unchecked_values=``. Others pass them to functions of ``task_pod_overlay``."""


def test_keys_of_the_user_are_read_in_one_place_for_each_purpose() -> None:
    modules = trees("airflow")
    overlays = {
        node.name for node in modules["airflow/wire/task_pod_overlay.py"].body if isinstance(node, ast.FunctionDef)
    }
    passed = {
        id(argument)
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in overlays
        for argument in node.args
    }
    readers = {
        path
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (node.attr in ("user_values", "unchecked_values") or ast.unparse(node).endswith("settings.values"))
        and id(node) not in passed
    }
    assert readers == set(READ_USER_VALUES)

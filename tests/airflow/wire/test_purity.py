"""Intent and wire know neither cdk8s nor jsii: they are plain functions that need no Node process."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import cdk8s_airflow
from cdk8s_airflow._exports import HOME_OF, SUBMODULES
from cdk8s_airflow.airflow.wire.concept import SharedResults

LIBRARY = Path(cdk8s_airflow.__file__).parent

EDGE = {
    "airflow/chart.py",
    "airflow_platform/platform.py",
    "app/construct.py",
    "autoscaling/image_pre_pull.py",
    "autoscaling/priority_classes.py",
    "environments/environments.py",
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
    assert loaded.isdisjoint({"cdk8s", "constructs", "jsii", "cdk8s_airflow_crds", "cdk8s_plus_27"})


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


READ_VALUES = {"given_values", "permissions", "pod_security", "sessions", "task_pod_overlay", "traffic"}
"""Modules that read values of the chart: ``values=`` itself, checks of it, and what follows from the final values."""


def test_concepts_do_not_receive_values_of_the_chart() -> None:
    assert {field.name for field in dataclasses.fields(SharedResults)} == {
        "settings",
        "user_values",
        "parts",
        "config",
        "config_of_arguments",
        "needs",
        "needs_in_namespace",
    }
    readers = {
        file.stem
        for file in (LIBRARY / "airflow" / "wire").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(
            "shared.values" in ast.unparse(each) or "values_from_arguments" in ast.unparse(each) for each in node.body
        )
    }
    assert readers - READ_VALUES == set()

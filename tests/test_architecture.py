"""Packages import only from lower layers, as the contract in pyproject.toml says."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration

from cdk8s_airflow import AirflowChart
from cdk8s_airflow.airflow.wire import concepts, git_sync
from cdk8s_airflow.airflow.wire.concept import Concept
from tools import make_concept_table

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "lib" / "cdk8s_airflow"


def test_import_contract_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_modules_have_no_import_cycles() -> None:
    graph = grimp.build_graph("cdk8s_airflow", include_external_packages=False, cache_dir=None)
    modules = graph.modules - {"cdk8s_airflow"}
    cycles = [
        (module, imported)
        for module in sorted(modules)
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if imported in modules and graph.chain_exists(importer=imported, imported=module)
    ]
    assert cycles == []


def test_no_exported_name_is_the_name_of_a_submodule() -> None:
    """Python sets an imported submodule as an attribute of its package, so it would replace a name that is exported lazily."""
    found = set()
    for package in (LIBRARY, *(init.parent for init in LIBRARY.glob("*/__init__.py"))):
        module = importlib.import_module(".".join(("cdk8s_airflow", *package.relative_to(LIBRARY).parts)))
        names = set(getattr(module, "__all__", ())) - {"main"}
        found |= {f"{module.__name__}.{path.stem}" for path in package.iterdir() if path.stem in names}
    assert found == set()


def comparisons_of_versions(source: str) -> list[str]:
    """The comparisons in a module that decide by a version of Airflow or of the chart."""
    asks = ("airflow_major", "airflow_version", "chart_version", "dialect.airflow", "dialect.chart", "version(")
    found = [ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Compare)]
    return [text for text in found if any(word in text for word in asks)]


def test_wire_modules_do_not_compare_versions() -> None:
    """What differs between versions is data in ``airflow/dialect.py``, as decision 0013 says."""
    found = {
        path.relative_to(LIBRARY).as_posix(): texts
        for path in LIBRARY.rglob("*.py")
        if "wire" in path.relative_to(LIBRARY).parts and (texts := comparisons_of_versions(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("text", ["settings.dialect.airflow_major < 3", "version(dialect.airflow) >= (3, 1)"])
def test_comparison_of_a_version_is_found(text: str) -> None:
    assert comparisons_of_versions(f"each = 2 if {text} else 1")


def runtime_imports(source: str) -> set[tuple[str, str]]:
    """Module and name of each import that runs: not those for type checkers. The name of ``import x`` is empty."""
    tree = ast.parse(source)
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in node.body
        for inner in ast.walk(each)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "", alias.name) for alias in node.names}
    return found


def test_only_kube_uses_more_of_cdk8s_than_the_classes_of_scopes() -> None:
    used = {
        path.relative_to(LIBRARY).parts[0]: names
        for path in LIBRARY.rglob("*.py")
        if (
            names := {
                name
                for module, name in runtime_imports(path.read_text("utf-8"))
                if module.partition(".")[0] in ("cdk8s", "constructs", "jsii")
            }
            - {"App", "Chart", "Construct"}
        )
    }
    assert used.keys() == {"kube"}


def test_imports_for_type_checkers_are_not_runtime_imports() -> None:
    source = "import jsii\nif TYPE_CHECKING:\n    from cdk8s import App\nelse:\n    from constructs import Construct\n"
    assert runtime_imports(source) == {("jsii", ""), ("constructs", "Construct")}


def layers() -> list[set[str]]:
    """The packages and modules of each layer of the contract, lowest layer first."""
    (contract,) = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    return [{name.strip() for name in layer.split("|")} for layer in reversed(contract["layers"])]


def test_layers_of_the_contract_are_the_packages_and_modules_that_exist() -> None:
    existing = {path.stem for path in LIBRARY.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set().union(*layers()) == existing - {"__init__"}


@pytest.mark.parametrize(
    ("file", "head", "left_out"),
    [
        ("CONTRIBUTING.md", "| Packages and modules of `lib/cdk8s_airflow`", {"__main__"}),
        ("docs/explanation/architecture.md", "| package |", {"__main__", "_exports", "_regex"}),
    ],
)
def test_tables_of_packages_have_the_order_of_the_contract(file: str, head: str, left_out: set[str]) -> None:
    table = (ROOT / file).read_text(encoding="utf-8").partition(head)[2].partition("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert named == [name for layer in layers() for name in sorted(layer) if name not in left_out]


def contributing() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_files_that_the_contributing_guide_names_exist() -> None:
    names = {each for each in re.findall(r"`([\w./-]+/[\w.-]*)`", contributing()) if "." in each or each.endswith("/")}
    in_library = {name for name in names if (LIBRARY / name).exists()}
    assert {name for name in names - in_library if not (ROOT / name).exists()} <= {"wire/", "internal/webhook/v1"}
    assert len(in_library) > 10


def test_contributing_guide_has_the_modules_that_write_each_argument() -> None:
    assert contributing() == make_concept_table.page()
    arguments = inspect.signature(AirflowChart).parameters.keys() - {"scope", "id"}
    assert make_concept_table.table().keys() | make_concept_table.OTHERS.keys() == arguments
    assert make_concept_table.table().keys() & make_concept_table.OTHERS.keys() == set()
    assert make_concept_table.table()["scheduler"]["SCHEDULER", "scheduler"] == ("keys", "objects")
    assert make_concept_table.table()["dags"]["GIT_SYNC", "git_sync"] == ("keys", "keys for all pods")


@pytest.fixture
def fresh_table() -> Iterator[None]:
    """The table is computed in the test, and again after it."""
    make_concept_table.modules.cache_clear()
    make_concept_table.table.cache_clear()
    yield
    make_concept_table.modules.cache_clear()
    make_concept_table.table.cache_clear()


def test_table_shows_that_a_concept_no_longer_writes_its_keys(
    monkeypatch: pytest.MonkeyPatch, fresh_table: None
) -> None:
    changed = dataclasses.replace(git_sync.GIT_SYNC, values=lambda settings: {})
    listed = tuple(changed if each is git_sync.GIT_SYNC else each for each in concepts.CONCEPTS)
    monkeypatch.setattr(concepts, "CONCEPTS", listed)
    monkeypatch.setattr(git_sync, "GIT_SYNC", changed)
    assert make_concept_table.table()["dags"]["GIT_SYNC", "git_sync"] == ("keys for all pods",)
    assert contributing() != make_concept_table.page()


def test_contributing_guide_lists_all_functions_of_a_concept() -> None:
    table = contributing().partition("| Function | Result |")[2].partition("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert named == [field.name for field in dataclasses.fields(Concept)]


def test_each_concept_has_a_test_module_with_the_name_of_its_module() -> None:
    modules = {module for _, module in make_concept_table.modules().values()}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "airflow" / "wire").glob("test_*.py")}
    assert modules - tests == set()
    existing = {path.stem for path in (LIBRARY / "airflow" / "wire").glob("*.py")}
    assert tests - existing == {"purity"}


SHARED_TESTS = {"benchmarks", "cluster", "goldens", "helm", "truth"}
"""Folders of tests for several packages."""


def test_folders_of_tests_are_the_packages_of_the_library() -> None:
    packages = {init.parent.relative_to(LIBRARY).as_posix() for init in LIBRARY.rglob("*/__init__.py")}
    folders = {
        init.parent.relative_to(ROOT / "tests").as_posix()
        for init in (ROOT / "tests").rglob("*/__init__.py")
        if init.relative_to(ROOT / "tests").parts[0] not in SHARED_TESTS
    }
    assert folders - packages == {"secret_scan/corpus"}
    top = {package for package in packages if "/" not in package}
    assert top - folders == set()

"""Packages import only from lower layers, as the contract in pyproject.toml says."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

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


def test_files_and_functions_that_the_contributing_guide_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:lib|tests|tools|docs)/[\w./-]+)`", text))
    paths |= {f"lib/cdk8s_airflow/{path}" for path in re.findall(r"`((?:validation|model)/\w+\.py)`", text)}
    assert len(paths) > 15
    assert {path for path in paths if not (ROOT / path).exists()} == set()
    row = next(line for line in text.splitlines() if line.startswith("| wire |"))
    file = re.findall(r"`(lib/[\w./]+)`", row)[0]
    functions = {
        node.name for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    }
    assert set(re.findall(r"`(git_sync_\w+)`", row)) <= functions


def test_packages_of_the_contributing_guide_are_those_of_the_contract() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| Packages of `lib/cdk8s_airflow`")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    existing = {init.parent.name for init in LIBRARY.glob("*/__init__.py")}
    assert named == existing

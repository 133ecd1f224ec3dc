"""Packages import only from lower layers, as the contract in pyproject.toml says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]


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

"""The examples, loaded as tests need them: files in examples/, and folders there with a main.py."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App

from cdk8s_airflow.environments import Environments

EXAMPLES = Path(__file__).parents[1] / "examples"


def _name(path: Path) -> str:
    folder = path.parent.name
    return path.stem if path.parent == EXAMPLES else folder if path.stem == "main" else f"{folder}_{path.stem}"


PATHS: Mapping[str, Path] = {
    _name(path): path
    for path in sorted(
        [*EXAMPLES.glob("*.py"), *(path for main in EXAMPLES.glob("*/main.py") for path in main.parent.glob("*.py"))],
        key=_name,
    )
}
"""Name of an example -> its program: ``lab`` is lab.py, ``teaching`` is teaching/main.py, ``teaching_lab`` is teaching/lab.py."""

NEEDS = {"dashboards": ("grafana_foundation_sdk",), "production_aws": ("grafana_foundation_sdk",)}
"""Modules without which an example does not run; there is none for Python 3.10."""


def example(name: str) -> tuple[dict[str, Any], Environments | None]:
    """The names that an example defines, and its environments if it has any; without a module that it needs, the test is skipped."""
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module, reason="make .venv/.test installs the extras, from Python 3.11")
    found = runpy.run_path(str(PATHS[name]))
    return found, next((each for each in found.values() if isinstance(each, Environments)), None)


def example_app(name: str) -> App:
    """The app that an example builds; of an example with environments, the last one."""
    found, platform = example(name)
    app: App = found["build"]() if platform is None else platform.build(platform.names[-1])
    return app

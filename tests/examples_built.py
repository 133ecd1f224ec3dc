"""The examples, loaded as tests need them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App

from cdk8s_airflow.environments import Environments

NEEDS = {"dashboards": ("grafana_foundation_sdk",)}
"""Modules without which an example does not run; there is none for Python 3.10."""

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> tuple[dict[str, Any], Environments | None]:
    """The names that an example defines, and its environments if it has any; without a module that it needs, the test is skipped."""
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module, reason="make .venv/.test installs the extras, from Python 3.11")
    found = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    return found, next((each for each in found.values() if isinstance(each, Environments)), None)


def example_app(name: str) -> App:
    """The app that an example builds; of an example with environments, the last one."""
    found, platform = example(name)
    app: App = found["build"]() if platform is None else platform.build(platform.names[-1])
    return app

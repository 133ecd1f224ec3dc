"""The app of an example."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from cdk8s import App

from cdk8s_airflow.environments import Environments

NEEDS = {"dashboards": ("grafana_foundation_sdk",)}
"""Modules without which an example does not run; there is none for Python 3.10."""

EXAMPLES = Path(__file__).parents[1] / "examples"


def example_app(name: str) -> App:
    """The app that an example builds; of an example with environments, the last one."""
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module, reason="make .venv/.test installs the extras, from Python 3.11")
    found = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    platform = next((each for each in found.values() if isinstance(each, Environments)), None)
    app: App = found["build"]() if platform is None else platform.build(platform.names[-1])
    return app

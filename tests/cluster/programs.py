"""The programs that are put on the cluster: main.py in every topology, and every example."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path

from cdk8s import App

ROOT = Path(__file__).parents[2]

TOPOLOGIES = ("k8s-single", "k8s-multi", "k8s-ha")
PROGRAMS = (
    *(f"main-{topology}" for topology in TOPOLOGIES),
    *sorted(path.stem for path in (ROOT / "examples").glob("*.py")),
)

NO_DATABASE: Mapping[str, str] = {
    "bounded_namespaces": "CPU for three instances",
    "data_lake": "the plugin barman-cloud",
    "default_deny": "CPU for three instances",
    "external_secrets": "External Secrets",
    "highly_available_database": "three nodes",
    "production": "CPU for three instances",
    "sealed_secrets": "Sealed Secrets",
}
"""Program -> what its database needs and a small cluster does not have."""

NO_RELEASE: Mapping[str, str] = {
    **NO_DATABASE,
    "bridged_database": "External Secrets",
    "celery_with_keda": "Flux",
    "dbt_warehouse": "an image of the reader's own",
    "lab_on_kind": "Helm outside the cluster",
    "lab": "the image postgres:16",
    "lab_without_operator": "the image postgres:16",
    "large": "Argo CD",
    "managed_database": "Flux",
}
"""Program -> what its release needs and a small cluster does not have."""


def build(program: str) -> App:
    """The app of a program."""
    name, _, topology = program.partition("-")
    if name == "main":
        app = runpy.run_path(str(ROOT / "main.py"))["build"](topology)
    else:
        app = runpy.run_path(str(ROOT / "examples" / f"{program}.py"))["build"]()
    assert isinstance(app, App)
    return app

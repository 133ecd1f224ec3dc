"""The programs that are put on the cluster: main.py in every topology, and every example."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdk8s import App

from cdk8s_airflow.environments import Environments
from tests.examples_built import PATHS

ROOT = Path(__file__).parents[2]

TOPOLOGIES = ("k8s-single", "k8s-multi", "k8s-ha")
PROGRAMS = (*(f"main-{topology}" for topology in TOPOLOGIES), *PATHS)

CUT_DOWN = frozenset({"bounded_namespaces", "default_deny", "production", "teaching"})
"""Programs with two or three database instances: a small cluster gets one replica of everything, with little CPU (:mod:`.kit.small`)."""

NO_DATABASE: Mapping[str, str] = {
    "data_lake": "the plugin barman-cloud",
    "external_secrets": "External Secrets",
    "highly_available_database": "three nodes",
    "homelab": "an object store",
    "sealed_secrets": "Sealed Secrets",
}
"""Program -> what its database needs and a small cluster does not have."""

NO_RELEASE: Mapping[str, str] = {
    **NO_DATABASE,
    "bridged_database": "External Secrets",
    "celery_with_keda": "Flux",
    "default_deny": "a git server and an object store at the addresses of its network policies",
    "environments": "an image of Airflow with the provider amazon",
    "five_steps": "Helm outside the cluster",
    "lab_on_kind": "Helm outside the cluster",
    "lab": "the image postgres:16",
    "lab_without_operator": "the image postgres:16",
    "large": "Argo CD",
    "production_aws": "Helm outside the cluster",
    "production_aws_celery": "Helm outside the cluster",
    "teaching_lab": "Helm outside the cluster",
}
"""Program -> what its release needs and a small cluster does not have."""


def build(program: str, **replaced: Any) -> App:
    """The app of a program.

    Args:
        program: its name.
        replaced: names of the program -> what they mean instead.
    """
    name, _, topology = program.partition("-")
    path = ROOT / "main.py" if name == "main" else PATHS[program]
    found = runpy.run_path(str(path))
    builds = found["build"]
    builds.__globals__.update(replaced)
    platform = next((each for each in found.values() if isinstance(each, Environments)), None)
    app = builds(topology) if topology else builds() if platform is None else platform.build(platform.names[0])
    assert isinstance(app, App)
    return app

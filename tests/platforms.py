"""Platforms that several tests look at, and what they emit."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cdk8s

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    ExistingSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    Volume,
)
from tests.truth.manifests import load

sys.path.insert(0, str(Path(__file__).parents[1]))

import main

PAIRS: tuple[tuple[str, str], ...] = (
    ("1.15.0", "2.9.3"),
    ("1.15.0", "2.11.0"),
    ("1.18.0", "2.10.5"),
    ("1.18.0", "3.0.2"),
    ("1.20.0", "2.11.0"),
    ("1.20.0", "3.1.8"),
    ("1.22.0", "2.11.0"),
    ("1.22.0", "3.2.2"),
)
"""Chart and Airflow versions that every platform is tried with."""


@functools.cache
def homelab(chart: str, airflow: str, topology: str = "k8s-single") -> list[dict[str, Any]]:
    """Everything the HomeLab of ``main.py`` emits for a pair of versions."""
    return load(main.build(topology, chart, airflow).synth_yaml())  # type: ignore[arg-type]


def release(change: Callable[[cdk8s.Chart], Mapping[str, Any]] | None = None, **settings: Any) -> list[dict[str, Any]]:
    """Everything a small release emits: one with defaults wherever there are any.

    Args:
        change: makes settings that need the Chart they belong to.
        settings: settings of AirflowChart, over the small ones.
    """
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "release")
    namespace = Namespace(chart, "airflow")
    given = {
        "namespace": namespace,
        "executor": KubernetesExecutor(),
        "keys": AirflowKeys.existing(prefix="airflow"),
        "logs": Logs.ephemeral(),
        **settings,
        **(change(chart) if change else {}),
    }
    if "database" not in given:
        # Room for whatever is tried: how many sessions a release opens is looked at elsewhere.
        sessions = {"max_connections": "1000"}
        cluster = CnpgCluster(
            chart, "db", name="airflow-pg", namespace=namespace, storage=Volume("1Gi"), parameters=sessions
        )
        given["database"] = cluster.connection()
    AirflowChart(chart, "release", **given)
    return load(app.synth_yaml())


def helm_chart(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """The one HelmChart among manifests."""
    (found,) = (manifest for manifest in manifests if manifest["kind"] == "HelmChart")
    return found


__all__ = [
    "PAIRS",
    "ClusterFacts",
    "DagRepoSync",
    "ExistingSecret",
    "helm_chart",
    "homelab",
    "release",
]

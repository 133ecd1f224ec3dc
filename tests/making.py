"""Constructs that are sound but for what a test changes, each in a Chart of its own."""

from __future__ import annotations

from typing import Any

import cdk8s

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    CnpgCluster,
    DagRepoSync,
    DsnSecret,
    ExternalDatabase,
    KubernetesExecutor,
    Logs,
    Namespace,
    Volume,
)


def new_chart(id: str = "chart", **settings: Any) -> cdk8s.Chart:
    """A Chart in an app of its own."""
    return cdk8s.Chart(cdk8s.App(), id, **settings)


def make_airflow(scope: cdk8s.Chart, id: str = "airflow", **changes: Any) -> AirflowChart:
    """The smallest release, with some arguments changed."""
    arguments: dict[str, Any] = {
        "namespace": Namespace.existing("airflow"),
        "database": ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        "keys": AirflowKeys.existing(prefix="airflow"),
        "executor": KubernetesExecutor(),
        "logs": Logs.ephemeral(),
    }
    return AirflowChart(scope, id, **{**arguments, **changes})


def make_cluster(scope: cdk8s.Chart, id: str = "db", **changes: Any) -> CnpgCluster:
    """The smallest database, with some arguments changed."""
    arguments: dict[str, Any] = {
        "name": "airflow-pg",
        "namespace": Namespace.existing("airflow-data"),
        "storage": Volume("10Gi"),
    }
    return CnpgCluster(scope, id, **{**arguments, **changes})


def make_dags(scope: cdk8s.Chart, id: str = "dags", **changes: Any) -> DagRepoSync:
    """The smallest DAG source, with some arguments changed."""
    arguments: dict[str, Any] = {"repo": "https://gitlab.acme.lab/data/airflow-dags.git", "ref": "main"}
    return DagRepoSync(scope, id, **{**arguments, **changes})


def emitted(scope: cdk8s.Chart) -> list[dict[str, Any]]:
    """What a Chart holds, as plain manifests."""
    manifests: list[dict[str, Any]] = cdk8s.Testing.synth(scope)
    return manifests

"""main.py's platform with another executor, and with network policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from cdk8s import App, Chart

import main
from cdk8s_airflow import (
    AirflowChart,
    BrokerUrlSecret,
    CeleryExecutor,
    ClusterFacts,
    CnpgCluster,
    CnpgPooler,
    KubernetesExecutor,
    LocalExecutor,
    NetworkIsolation,
    RedisBroker,
    RedisPasswordSecret,
)
from cdk8s_airflow.network import PeerEndpoint, PodGroup

FACTS = ClusterFacts(kubernetes="1.34", helm_controller="0.16.17", cnpg="1.30.0", rwx_classes={"longhorn"})
"""What the clusters of these tests are."""

EXECUTORS: Mapping[str, Any] = {
    "kubernetes": KubernetesExecutor,
    "celery": lambda: CeleryExecutor(
        broker=RedisBroker(password=RedisPasswordSecret("airflow-redis"), url=BrokerUrlSecret("airflow-broker"))
    ),
    "local": LocalExecutor,
}


def _with(construct: Callable[..., Any], changed: Mapping[str, Any] | None) -> Callable[..., Any]:
    """A construct some of whose arguments are given here instead of in main.py."""
    return lambda scope, id, **arguments: construct(scope, id, **{**arguments, **(changed or {})})


def _pooled(cluster: Callable[..., CnpgCluster], arguments: Mapping[str, Any]) -> Callable[..., CnpgPooler]:
    """A construct in place of the database: its pooler, which has the same ``connection()``."""
    return lambda scope, id, **of_cluster: CnpgPooler(
        scope, "pooler", cluster=cluster(scope, id, **of_cluster), **arguments
    )


@dataclass(frozen=True)
class Homelab:
    """The app, and the constructs in it.

    Attributes:
        app: the app.
        airflow: the release.
        database: its database.
    """

    app: App
    airflow: AirflowChart
    database: CnpgCluster


def homelab(
    executor: str,
    topology: main.Topology = "k8s-single",
    *,
    facts: ClusterFacts | None = None,
    git: PodGroup | None = None,
    versions: tuple[str, str] | None = None,
    release: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    pooler: Mapping[str, Any] | None = None,
) -> Homelab:
    """main.py's platform.

    Args:
        executor: a key of :data:`EXECUTORS`.
        topology: as in ``main.build``.
        facts: facts for network policies. Default: no policies.
        git: the pods of the git server, if it runs in the cluster.
        versions: the chart and Airflow. Default: those of main.py.
        release: arguments of ``AirflowChart`` that differ from main.py's.
        cluster: arguments of ``CnpgCluster`` that differ from main.py's.
        pooler: arguments of a ``CnpgPooler`` through which Airflow connects. Default: there is none.
    """
    chart, airflow_version = versions or ("1.22.0", None)
    database = _with(CnpgCluster, cluster)
    with (
        patch.object(main, "KubernetesExecutor", EXECUTORS[executor]),
        patch.object(main, "AirflowChart", _with(AirflowChart, release)),
        patch.object(main, "CnpgCluster", database if pooler is None else _pooled(database, pooler)),
    ):
        app = main.build(topology, chart, airflow_version)
    (airflow,) = [each for each in app.node.find_all() if isinstance(each, AirflowChart)]
    (cnpg,) = [each for each in app.node.find_all() if isinstance(each, CnpgCluster)]
    if facts is not None:
        NetworkIsolation(
            Chart(app, "05-isolation"),
            "isolation",
            traffic=[airflow, cnpg],
            endpoints={"gitlab.acme.lab": PeerEndpoint(peer=git)} if git is not None else {},
            facts=facts,
        )
    return Homelab(app, airflow, cnpg)

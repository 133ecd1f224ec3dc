"""Settings of a release as the wire reads them, without cdk8s."""

from __future__ import annotations

import dataclasses
from typing import Any

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, DatabaseMigration, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.exposure import ClusterIP
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import config_option_values, pod_part_values
from cdk8s_airflow.airflow.wire.tree import Tree, join, overlay
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import AirflowKeys, GitTokenSecret

Pair = tuple[str, str]

PAIRS: tuple[Pair, ...] = (
    ("1.15.0", "2.9.3"),
    ("1.15.0", "2.11.0"),
    ("1.18.0", "2.10.5"),
    ("1.18.0", "3.0.2"),
    ("1.20.0", "2.11.0"),
    ("1.20.0", "3.1.8"),
    ("1.22.0", "2.11.0"),
    ("1.22.0", "3.2.2"),
)
"""Chart and Airflow, every dialect with the Airflow versions it runs."""

WITH_AIRFLOW_3: frozenset[Pair] = frozenset({("1.18.0", "3.0.2"), ("1.20.0", "3.1.8"), ("1.22.0", "3.2.2")})

SMALL = Resources(cpu="1", memory="2Gi")
"""Resources that are no default."""

SMALL_WIRE = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}

BUDGET = {"enabled": True, "config": {"maxUnavailable": 1}}
"""The values of a disruption budget with defaults."""

NEW_CHARTS = ("1.20.0", "1.22.0")
"""The charts with a disruption budget for every component."""


def called(pair: Pair) -> str:
    """How a test with a pair is called."""
    return "-".join(pair)


def release(pair: Pair, **changes: Any) -> ReleaseSettings:
    """A release with defaults, some of them changed."""
    settings = ReleaseSettings(
        release="lab",
        namespace="airflow-lab",
        dialect=Dialect(*pair),
        executor=KubernetesExecutor(),
        dags=None,
        keys=AirflowKeys.existing(prefix="k"),
        database=DatabaseConnection(secret="metadata"),
        logs=Logs.ephemeral(),
        ui=ClusterIP(),
        scheduler=Scheduler(),
        api_server=ApiServer(),
        triggerer=Triggerer(),
        dag_processor=DagProcessor() if pair in WITH_AIRFLOW_3 else None,
        statsd=Statsd(),
        migration=DatabaseMigration(),
        rotation=None,
        delivery=K3sHelmChart(),
        facts=ClusterFacts(),
    )
    return dataclasses.replace(settings, **changes)


def git(**changes: Any) -> GitSync:
    """A DAG source with everything said, some of it changed."""
    source = GitSync(
        repo="https://git.example.com/dags.git",
        ref="v1",
        sub_path="flows",
        interval="2m",
        depth=3,
        max_failures=7,
        container_name="pull",
        credentials=GitTokenSecret("git-token"),
        known_hosts=None,
        ca=None,
        resources=SMALL,
    )
    return dataclasses.replace(source, **changes)


def values_of(concept: Concept, settings: ReleaseSettings) -> Tree:
    """The values of the chart that follow from one concept alone: its own, and those of its parts and options."""
    return join(
        concept.values(settings),
        pod_part_values(concept.parts(settings)),
        config_option_values(overlay(concept.config_defaults(settings), concept.config(settings))),
    )


def spread(component: str) -> list[dict[str, object]]:
    """The default topology spread of a component."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"tier": "airflow", "component": component, "release": "lab"}},
        }
    ]


def own_budget(component: str) -> dict[str, object]:
    """The objects of a component that has a disruption budget of this library."""
    return {
        f"{component}-disruption-budget": {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": f"lab-{component}-pdb", "namespace": "airflow-lab"},
            "spec": {
                "maxUnavailable": 1,
                "selector": {"matchLabels": {"tier": "airflow", "component": component, "release": "lab"}},
            },
        }
    }

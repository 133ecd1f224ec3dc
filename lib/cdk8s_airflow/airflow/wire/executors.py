"""The executor, and what no executor here uses."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.scheduling.wire import resources


def executor_values(settings: ReleaseSettings) -> Tree:
    """KubernetesExecutor has no broker. Naming a Secret for one keeps the chart from making it, with data, all the same."""
    return join(
        {
            "executor": settings.executor.name,
            "redis": {"enabled": False},
            "data": {"brokerUrlSecretName": f"{settings.release}-no-broker"},
        },
        nest(settings.dialect.place("task_pods"), {"resources": resources(settings.executor.task_resources)}),
    )

"""Replicas, resources and tolerance of each component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.airflow.components import LOG_GROOMER
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.checks.constraints import seconds
from cdk8s_airflow.scheduling.wire import resources

PROBE_PERIOD = 10
"""Seconds between two tries of a start-up probe; the chart's own figure, written down because the tolerance counts in it."""

_DISRUPTION_BUDGET = {"enabled": True, "config": {"maxUnavailable": 1}}


def component_values(settings: ReleaseSettings) -> Tree:
    """All components."""
    return join(
        _scheduler(settings), _ui_server(settings), _triggerer(settings), _dag_processor(settings), _statsd(settings)
    )


def _scheduler(settings: ReleaseSettings) -> Tree:
    given = settings.scheduler
    values: Tree = {
        "replicas": given.replicas,
        "resources": resources(given.resources),
        "startupProbe": startup_probe(given.startup_tolerance),
        "logGroomerSidecar": {"resources": resources(LOG_GROOMER)},
    }
    if given.replicas > 1:
        values["podDisruptionBudget"] = _DISRUPTION_BUDGET
        values["topologySpreadConstraints"] = spread(settings.release, "scheduler")
    return {"scheduler": values}


def _ui_server(settings: ReleaseSettings) -> Tree:
    given = settings.api_server
    values: Tree = {
        "replicas": given.replicas,
        "resources": resources(given.resources),
        "startupProbe": startup_probe(given.startup_tolerance),
    }
    if given.replicas > 1:
        values["podDisruptionBudget"] = _DISRUPTION_BUDGET
        values["topologySpreadConstraints"] = spread(settings.release, settings.dialect.ui_server)
    return nest(settings.dialect.place("ui_server"), values)


def _triggerer(settings: ReleaseSettings) -> Tree:
    given = settings.triggerer
    if given is None:
        return {"triggerer": {"enabled": False}}
    values: Tree = {
        "enabled": True,
        "replicas": given.replicas,
        "resources": resources(given.resources),
        "persistence": {"enabled": False},
        "logGroomerSidecar": {"resources": resources(LOG_GROOMER)},
    }
    if given.replicas == 1:
        return {"triggerer": values}
    values["topologySpreadConstraints"] = spread(settings.release, "triggerer")
    return join({"triggerer": values}, nest(settings.dialect.place("triggerer.disruption_budget"), _DISRUPTION_BUDGET))


def _dag_processor(settings: ReleaseSettings) -> Tree:
    given = settings.dag_processor
    if given is None:
        return nest(settings.dialect.place("dag_processor.enabled"), False)
    values: Tree = {
        "replicas": given.replicas,
        "resources": resources(given.resources),
        "logGroomerSidecar": {"resources": resources(LOG_GROOMER)},
        "serviceAccount": {"automountServiceAccountToken": False},
    }
    enabled = nest(settings.dialect.place("dag_processor.enabled"), True)
    if given.replicas == 1:
        return join({"dagProcessor": values}, enabled)
    values["topologySpreadConstraints"] = spread(settings.release, "dag-processor")
    return join(
        {"dagProcessor": values},
        enabled,
        nest(settings.dialect.place("dag_processor.disruption_budget"), _DISRUPTION_BUDGET),
    )


def _statsd(settings: ReleaseSettings) -> Tree:
    given = settings.statsd
    if given is None:
        return {"statsd": {"enabled": False}}
    return {
        "statsd": {
            "enabled": True,
            "resources": resources(given.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
        }
    }


def startup_probe(tolerance: str) -> dict[str, int]:
    """A start-up probe that gives up after a length of time."""
    return {"failureThreshold": -(-seconds(tolerance) // PROBE_PERIOD), "periodSeconds": PROBE_PERIOD}


def spread(release: str, component: str) -> list[Mapping[str, Any]]:
    """Replicas of one component prefer different nodes, and start on the same one rather than not at all."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"tier": "airflow", "component": component, "release": release}},
        }
    ]


def own_disruption_budgets(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """Disruption budgets for replicas whose component has none in this version of the chart."""
    replicas = {
        "triggerer": settings.triggerer.replicas if settings.triggerer else 0,
        "dag-processor": settings.dag_processor.replicas if settings.dag_processor else 0,
    }
    return {
        f"{component}-disruption-budget": {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": f"{settings.release}-{component}-pdb", "namespace": settings.namespace},
            "spec": {
                "maxUnavailable": 1,
                "selector": {"matchLabels": {"tier": "airflow", "component": component, "release": settings.release}},
            },
        }
        for component, count in replicas.items()
        if count > 1 and settings.dialect.place(f"{component.replace('-', '_')}.disruption_budget") is None
    }

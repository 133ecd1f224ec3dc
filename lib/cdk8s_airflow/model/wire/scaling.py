"""Autoscaling in the form of chart keys."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.validation.durations import seconds


def hpa(given: Hpa) -> dict[str, Any]:
    """The chart key ``hpa`` of a component."""
    cpu = {"type": "Utilization", "averageUtilization": given.cpu_percent}
    made: dict[str, Any] = {
        "enabled": True,
        "minReplicaCount": given.min_replicas,
        "maxReplicaCount": given.max_replicas,
        "metrics": list(given.metrics) or [{"type": "Resource", "resource": {"name": "cpu", "target": cpu}}],
    }
    if given.behavior is not None:
        made["behavior"] = given.behavior
    return made


def hpa_manifest(given: Hpa, name: str, namespace: str, target: dict[str, str]) -> dict[str, Any]:
    """The HorizontalPodAutoscaler, for a component for which the chart has none."""
    values = hpa(given)
    spec: dict[str, Any] = {
        "scaleTargetRef": target,
        "minReplicas": values["minReplicaCount"],
        "maxReplicas": values["maxReplicaCount"],
        "metrics": values["metrics"],
    }
    if given.behavior is not None:
        spec["behavior"] = given.behavior
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def scaled_object_manifest(
    given: Keda, name: str, namespace: str, target: dict[str, str], trigger: dict[str, Any]
) -> dict[str, Any]:
    """The ScaledObject of KEDA, for a database with which that of the chart cannot connect."""
    values = keda(given)
    fields = ("pollingInterval", "cooldownPeriod", "minReplicaCount", "maxReplicaCount", "advanced")
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "scaleTargetRef": target,
            **{field: values[field] for field in fields if field in values},
            "triggers": [trigger],
        },
    }


def keda(given: Keda) -> dict[str, Any]:
    """The chart key ``keda`` of a component."""

    made: dict[str, Any] = {
        "enabled": True,
        "minReplicaCount": given.min_replicas,
        "maxReplicaCount": given.max_replicas,
        "pollingInterval": seconds(given.interval),
        "cooldownPeriod": seconds(given.cooldown),
    }
    if given.query is not None:
        made["query"] = given.query
    if given.advanced is not None:
        made["advanced"] = given.advanced
    return made

"""What pods may use and where they run, as Kubernetes and the chart read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdk8s_airflow.model.disruption_budget import DisruptionBudget
from cdk8s_airflow.model.placement import Placement, Toleration, TopologySpread
from cdk8s_airflow.model.quota import ContainerLimits, Quota
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.validation.constraints import seconds


def resources(given: Resources) -> dict[str, Any]:
    """The Kubernetes form of resources."""
    limits = {"memory": given.memory_limit or given.memory}
    if given.cpu_limit is not None:
        limits["cpu"] = given.cpu_limit
    return {"requests": {"cpu": given.cpu, "memory": given.memory}, "limits": limits}


def toleration(given: Toleration) -> dict[str, Any]:
    """One toleration of a pod."""
    made: dict[str, Any] = {"operator": "Exists" if given.value is None else "Equal"}
    for name, value in (
        ("key", given.key),
        ("value", given.value),
        ("effect", given.effect),
        ("tolerationSeconds", given.seconds),
    ):
        if value is not None:
            made[name] = value
    return made


def placement(given: Placement) -> dict[str, Any]:
    """The fields of a pod, and of a component in the chart, that say where it runs; only those that say something."""
    made: dict[str, Any] = {}
    if given.node_selector:
        made["nodeSelector"] = dict(given.node_selector)
    if given.tolerations:
        made["tolerations"] = [toleration(each) for each in given.tolerations]
    if given.affinity is not None:
        made["affinity"] = given.affinity
    return made


def spread(given: Sequence[TopologySpread], labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The topology spread constraints of pods with these labels."""
    return [
        {
            "maxSkew": each.max_skew,
            "topologyKey": each.across,
            "whenUnsatisfiable": "DoNotSchedule" if each.required else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for each in given
    ]


def budget(given: DisruptionBudget) -> dict[str, int]:
    """What a disruption budget counts."""
    if given.min_available is not None:
        return {"minAvailable": given.min_available}
    return {"maxUnavailable": given.max_unavailable or 1}


def hpa(given: Hpa) -> dict[str, Any]:
    """An autoscaler as the chart takes it."""
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


def keda(given: Keda) -> dict[str, Any]:
    """A ScaledObject as the chart takes it."""
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


def quota_manifest(namespace: str, given: Quota) -> dict[str, Any]:
    """The ResourceQuota of a namespace. Source: ``hard`` of ResourceQuota, and its list of names in the documentation."""
    hard: dict[str, str] = {}
    for name, bound in (
        ("requests.cpu", given.cpu),
        ("requests.memory", given.memory),
        ("limits.cpu", given.cpu_limit),
        ("limits.memory", given.memory_limit),
        ("pods", given.pods),
        ("requests.storage", given.storage),
        ("persistentvolumeclaims", given.claims),
        ("services.loadbalancers", given.load_balancers),
        ("services.nodeports", given.node_ports),
        *given.others.items(),
    ):
        if bound is not None:
            hard[name] = str(bound)
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "quota", "namespace": namespace},
        "spec": {"hard": hard},
    }


def limits_manifest(namespace: str, given: ContainerLimits) -> dict[str, Any]:
    """The LimitRange of a namespace. ``default`` are limits, ``defaultRequest`` what is reserved."""
    container: dict[str, Any] = {
        "type": "Container",
        "defaultRequest": {"cpu": given.cpu, "memory": given.memory},
        "default": {"memory": given.memory_limit},
    }
    if given.cpu_limit is not None:
        container["default"]["cpu"] = given.cpu_limit
    largest = {name: most for name, most in (("cpu", given.max_cpu), ("memory", given.max_memory)) if most is not None}
    if largest:
        container["max"] = largest
    limits = [container]
    if given.max_storage is not None:
        limits.append({"type": "PersistentVolumeClaim", "max": {"storage": given.max_storage}})
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "limits", "namespace": namespace},
        "spec": {"limits": limits},
    }

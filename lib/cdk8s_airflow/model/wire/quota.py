"""The ResourceQuota and the LimitRange of a namespace."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.model.quota import ContainerLimits, Quota


def quota_manifest(namespace: str, given: Quota) -> dict[str, Any]:
    """The ResourceQuota of a namespace. Source: ``spec.hard``, and the list of names in the Kubernetes
    documentation.
    """
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
    """The LimitRange of a namespace. ``default`` holds limits, ``defaultRequest`` requests."""
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

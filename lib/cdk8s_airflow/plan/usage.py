"""What the pods of a platform request, as far as its output says."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.plan.conditions import mappings
from cdk8s_airflow.plan.manifest import Platform
from cdk8s_airflow.plan.release import release_of
from cdk8s_airflow.plan.restarts import present
from cdk8s_airflow.plan.tree import find
from cdk8s_airflow.validation.quantities import quantity_or_none

_SIDECARS = ("logGroomerSidecar",)


def requested(platform: Platform, namespace: str, resource: str) -> float | None:
    """What the objects of a namespace request of a resource of a quota; None if nothing is known.

    Only what always runs is counted: replicas of workloads, components of Airflow releases, instances of databases. Pods of
    tasks come on top.

    Args:
        platform: the objects.
        namespace: the namespace.
        resource: a name of ``spec.hard`` of a ResourceQuota: ``requests.memory``, ``limits.cpu``, ``pods``.
    """
    kind, _, name = resource.rpartition(".")
    if resource == "pods":
        kind, name = "", "pods"
    elif kind not in ("requests", "limits", ""):
        return None
    total = 0.0
    for manifest in platform.manifests.values():
        if manifest.namespace == namespace and manifest.kind in ("Deployment", "StatefulSet"):
            containers = mappings(find(manifest.spec, "template.spec.containers"))
            each = sum(_resource(container, kind, name) for container in containers)
            total += _count(manifest.spec, "replicas") * (1 if name == "pods" else each)
        if manifest.namespace == namespace and manifest.kind == "Cluster":
            total += _count(manifest.spec, "instances") * (
                1 if name == "pods" else _resource(manifest.spec, kind, name)
            )
        release = release_of(manifest, platform)
        if release is not None and release.is_airflow and release.namespace == namespace:
            total += _release(release.values, kind, name)
    return total or None


def _release(values: Any, kind: str, name: str) -> float:
    total = 0.0
    for section in present(values):
        count = _count(values, f"{section}.replicas")
        component = find(values, section)
        if name == "pods":
            total += count
            continue
        each = _resource(component, kind, name) + sum(
            _resource(find(component, side), kind, name) for side in _SIDECARS
        )
        total += count * each
    return total


def _count(holder: Any, path: str) -> float:
    value = quantity_or_none(find(holder, path))
    return 1.0 if value is None else value


def _resource(holder: Any, kind: str, name: str) -> float:
    value = quantity_or_none(find(holder, f"resources.{kind or 'requests'}.{name}"))
    return value or 0.0

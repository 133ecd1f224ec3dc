"""Resources of a container in the form of Kubernetes fields."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.model.resources import Resources


def resources(given: Resources) -> dict[str, Any]:
    """The field ``resources`` of a container."""
    limits = {"memory": given.memory_limit or given.memory}
    if given.cpu_limit is not None:
        limits["cpu"] = given.cpu_limit
    return {"requests": {"cpu": given.cpu, "memory": given.memory}, "limits": limits}

"""What a ResourceQuota counts for one pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.quantities import quantity

Container: TypeAlias = Resources | Mapping[str, Any]
"""The resources of a container, or a container in the form of Kubernetes."""


@frozen(kw_only=False)
class PodRequests:
    """The requests and limits of a pod, as a ResourceQuota counts them.

    Attributes:
        cpu: the CPU request, in cores.
        memory: the memory request, in bytes.
        memory_limit: the memory limit, in bytes.
        cpu_limit: the sum of the CPU limits, in cores. Containers without a CPU limit count as 0.
    """

    cpu: float
    memory: float
    memory_limit: float
    cpu_limit: float = 0

    @staticmethod
    def of(containers: Iterable[Container], init_containers: Iterable[Container] = ()) -> PodRequests:
        """The larger of the sum of the containers and the largest init container, for each resource.

        An init container with ``restartPolicy: Always`` keeps running, so it counts with the containers. Source: "Resource
        sharing within containers" in the Kubernetes documentation of init containers.
        """
        kept = PodRequests(0, 0, 0)
        largest = PodRequests(0, 0, 0)
        for each in init_containers:
            if isinstance(each, Mapping) and each.get("restartPolicy") == "Always":
                kept = _sum(kept, _amounts(each))
                largest = _larger(largest, kept)
            else:
                largest = _larger(largest, _sum(kept, _amounts(each)))
        running = kept
        for each in containers:
            running = _sum(running, _amounts(each))
        return _larger(running, largest)


def largest_of(pods: Iterable[PodRequests]) -> PodRequests:
    """The largest amount of each resource: what pods need that run one after the other."""
    largest = PodRequests(0, 0, 0)
    for each in pods:
        largest = _larger(largest, each)
    return largest


def _amounts(container: Container) -> PodRequests:
    if isinstance(container, Resources):
        return PodRequests(
            quantity(container.cpu),
            quantity(container.memory),
            quantity(container.memory_limit or container.memory),
            quantity(container.cpu_limit or "0"),
        )
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return PodRequests(
        quantity(str(requests.get("cpu", 0))),
        quantity(str(requests.get("memory", 0))),
        quantity(str(limits.get("memory", 0))),
        quantity(str(limits.get("cpu", 0))),
    )


def _sum(one: PodRequests, other: PodRequests) -> PodRequests:
    return PodRequests(
        one.cpu + other.cpu,
        one.memory + other.memory,
        one.memory_limit + other.memory_limit,
        one.cpu_limit + other.cpu_limit,
    )


def _larger(one: PodRequests, other: PodRequests) -> PodRequests:
    return PodRequests(
        max(one.cpu, other.cpu),
        max(one.memory, other.memory),
        max(one.memory_limit, other.memory_limit),
        max(one.cpu_limit, other.cpu_limit),
    )

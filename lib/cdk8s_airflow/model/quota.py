"""What the pods of one namespace may have: all of them together, and each container by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import pairwise
from typing import Annotated, ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import (
    Bytes,
    Count,
    Cpu,
    Must,
    Quantity,
    at_least,
    is_qualified_name,
    quantity,
)
from cdk8s_airflow.validation.frozen import frozen

_NoneOrMore = Annotated[int, at_least(0)]

_COUNTED = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets", "services"})

_ResourceName = Annotated[
    str,
    Must(
        lambda text: text in _COUNTED or ("/" in text and is_qualified_name(text)),
        "is not the name of a resource that a quota counts, or has an argument of its own",
        'write it like "count/jobs.batch", "requests.nvidia.com/gpu" or "secrets"',
        "quota/resource",
    ),
]


@frozen
class Quota:
    """What all pods of a namespace may have together. What would exceed it is refused when it is made.

    A quota on CPU or memory makes Kubernetes refuse every container that says nothing of it. All containers of this library say
    how much CPU and memory they ask for; other people's may not, and :class:`ContainerLimits` speaks for those.

    Attributes:
        cpu: how much CPU all containers may ask for, like ``"16"``. Default: no bound.
        memory: how much memory they may ask for, like ``"64Gi"``. Default: no bound.
        cpu_limit: what their CPU limits may come to. Components have no CPU limit unless told, so it needs
            ``ContainerLimits(cpu_limit=...)`` beside it, which slows components down. Default: no bound.
        memory_limit: what their memory limits may come to. Default: no bound.
        pods: how many pods there may be that have not ended. Default: no bound.
        storage: how large all claims may be together. Default: no bound.
        claims: how many claims there may be. Default: no bound.
        load_balancers: how many Services of type LoadBalancer there may be; 0 for none. Default: no bound.
        node_ports: how many ports of nodes Services may take; 0 for none. Default: no bound.
        others: further names that ResourceQuota knows -> how many or how much, like ``{"count/jobs.batch": 50}`` or
            ``{"fast.storageclass.storage.k8s.io/requests.storage": "500Gi"}``. Default: none.
    """

    how_to_write: ClassVar[str] = 'Quota(cpu="16", memory="64Gi", pods=100)'

    cpu: Cpu | None = None
    memory: Bytes | None = None
    cpu_limit: Cpu | None = None
    memory_limit: Bytes | None = None
    pods: Count | None = None
    storage: Bytes | None = None
    claims: _NoneOrMore | None = None
    load_balancers: _NoneOrMore | None = None
    node_ports: _NoneOrMore | None = None
    others: Mapping[_ResourceName, _NoneOrMore | Quantity] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        if self == Quota():
            yield Finding(
                rule="quota/empty",
                at="",
                problem="bounds nothing",
                fix="give it a bound, like memory=, or leave the quota out",
            )
        yield from _in_order((("cpu", self.cpu), ("cpu_limit", self.cpu_limit)), "cannot be reached below")
        yield from _in_order((("memory", self.memory), ("memory_limit", self.memory_limit)), "cannot be reached below")


@frozen
class ContainerLimits:
    """What a container gets that says nothing, and what none may exceed.

    It reaches containers of other people's too: pods that tasks start, jobs of operators. Those of this library say all of it
    themselves but for a CPU limit.

    Attributes:
        cpu: the CPU reserved for a container that does not say. Default: ``"100m"``.
        memory: the memory reserved for one that does not say. Default: ``"256Mi"``.
        memory_limit: the memory above which such a container is killed. Default: ``"512Mi"``.
        cpu_limit: the CPU above which a container without a CPU limit is slowed down; components of Airflow are such, and
            their heartbeats come late then. Default: none, or ``max_cpu`` where that is given.
        max_cpu: the highest CPU limit a container may have; one without a CPU limit then gets this one. Default: none.
        max_memory: the highest memory limit a container may have. Default: none.
        max_storage: the largest claim there may be. Default: none.
    """

    how_to_write: ClassVar[str] = 'ContainerLimits(max_memory="16Gi")'

    cpu: Cpu = "100m"
    memory: Bytes = "256Mi"
    memory_limit: Bytes = "512Mi"
    cpu_limit: Cpu | None = None
    max_cpu: Cpu | None = None
    max_memory: Bytes | None = None
    max_storage: Bytes | None = None

    @property
    def gives_cpu_limits(self) -> bool:
        """Whether a container without a CPU limit gets one."""
        return self.cpu_limit is not None or self.max_cpu is not None

    def _rules(self) -> Iterator[Finding]:
        yield from _in_order(
            (("cpu", self.cpu), ("cpu_limit", self.cpu_limit), ("max_cpu", self.max_cpu)), "is refused above"
        )
        yield from _in_order(
            (("memory", self.memory), ("memory_limit", self.memory_limit), ("max_memory", self.max_memory)),
            "is refused above",
        )


def _in_order(steps: tuple[tuple[str, str | None], ...], why: str) -> Iterator[Finding]:
    """Whether amounts that were given rise."""
    given = [(name, amount) for name, amount in steps if amount is not None]
    for (lower, least), (higher, most) in pairwise(given):
        if quantity(least) > quantity(most):
            yield Finding(
                rule="quota/order",
                at=lower,
                problem=f"{why} {higher}, which is {most}",
                seen=repr(least),
                fix=f"lower {lower}, or raise {higher}",
            )

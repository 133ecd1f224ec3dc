"""Resource quota of a namespace, and default and maximum resources of its containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import pairwise
from typing import Annotated, ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, Count, Cpu, Must, Quantity, at_least
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_qualified_name
from cdk8s_airflow.validation.quantities import quantity

_NoneOrMore = Annotated[int, at_least(0)]

_COUNTED = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets", "services"})

_ResourceName = Annotated[
    str,
    Must(
        lambda text: text in _COUNTED or ("/" in text and is_qualified_name(text)),
        "must be the name of a resource that a ResourceQuota counts and that has no argument of its own",
        'Use a name such as "count/jobs.batch", "requests.nvidia.com/gpu" or "secrets"',
        "quota/resource",
    ),
]


@frozen
class Quota:
    """The ResourceQuota of a namespace. The API server rejects an object that would exceed it.

    With a quota on CPU or memory, Kubernetes rejects every container that does not set them. All containers of this
    library set CPU and memory requests and a memory limit. For other containers, :class:`ContainerLimits` sets defaults.

    Attributes:
        cpu: the sum of CPU requests, such as ``"16"``, ``requests.cpu``. Default: None, no limit.
        memory: the sum of memory requests, such as ``"64Gi"``, ``requests.memory``. Default: None, no limit.
        cpu_limit: the sum of CPU limits, ``limits.cpu``. Airflow components have no CPU limit by default, so this
            requires ``ContainerLimits(cpu_limit=...)``, which slows components down. Default: None, no limit.
        memory_limit: the sum of memory limits, ``limits.memory``. Default: None, no limit.
        pods: the number of pods that have not terminated, ``pods``. Default: None, no limit.
        tasks: how many task pods must fit next to the other pods of the release in this namespace. ``cpu``, ``memory``,
            ``memory_limit`` and ``pods`` are then computed from the release, and those that you set are compared with the
            result.
            This includes all components at their maximum number of replicas, one more pod of each during an upgrade, the
            largest Job of an install, and this number of the largest task pods. Default: None; task pods are not counted.
        storage: the sum of the sizes of all volume claims, ``requests.storage``. Default: None, no limit.
        claims: the number of volume claims, ``persistentvolumeclaims``. Default: None, no limit.
        load_balancers: the number of Services of type LoadBalancer, ``services.loadbalancers``; 0 forbids them.
            Default: None, no limit.
        node_ports: the number of node ports of Services, ``services.nodeports``; 0 forbids them. Default: None, no
            limit.
        others: other resource names of a ResourceQuota -> the limit, an integer or a quantity, such as
            ``{"count/jobs.batch": 50}`` or ``{"fast.storageclass.storage.k8s.io/requests.storage": "500Gi"}``. Default:
            empty.
    """

    how_to_write: ClassVar[str] = 'Quota(cpu="16", memory="64Gi", pods=100)'

    cpu: Cpu | None = None
    memory: Bytes | None = None
    cpu_limit: Cpu | None = None
    memory_limit: Bytes | None = None
    pods: Count | None = None
    tasks: Count | None = None
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
                problem="must set at least one limit",
                fix='Use Quota(memory="64Gi"), or remove the quota',
            )
        yield from _in_order((("cpu", self.cpu), ("cpu_limit", self.cpu_limit)))
        yield from _in_order((("memory", self.memory), ("memory_limit", self.memory_limit)))


@frozen
class ContainerLimits:
    """The LimitRange of a namespace: defaults for containers that set no resources, and maximums for all.

    It also applies to other containers, such as those of pods that tasks start and of Jobs of operators. Containers of this
    library set all values themselves except a CPU limit.

    Attributes:
        cpu: the CPU request of a container that sets none, ``defaultRequest.cpu``. Default: ``"100m"``.
        memory: the memory request of a container that sets none, ``defaultRequest.memory``. Default: ``"256Mi"``.
        memory_limit: the memory limit of a container that sets none, ``default.memory``. The container is killed above
            it. Default: ``"512Mi"``.
        cpu_limit: the CPU limit of a container that sets none, ``default.cpu``. This includes Airflow components: above
            the limit they are slowed down and their heartbeats are late. Default: None, or ``max_cpu`` if it is set.
        max_cpu: the highest CPU limit of a container, ``max.cpu``. A container without a CPU limit gets this one.
            Default: None, no maximum.
        max_memory: the highest memory limit of a container, ``max.memory``. Default: None, no maximum.
        max_storage: the largest volume claim, ``max.storage``. Default: None, no maximum.
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
        """Whether the LimitRange sets a CPU limit on containers that have none."""
        return self.cpu_limit is not None or self.max_cpu is not None

    def _rules(self) -> Iterator[Finding]:
        yield from _in_order((("cpu", self.cpu), ("cpu_limit", self.cpu_limit), ("max_cpu", self.max_cpu)))
        yield from _in_order(
            (("memory", self.memory), ("memory_limit", self.memory_limit), ("max_memory", self.max_memory))
        )


def _in_order(steps: tuple[tuple[str, str | None], ...]) -> Iterator[Finding]:
    """Check that each amount is at most the next one that is set."""
    given = [(name, amount) for name, amount in steps if amount is not None]
    for (lower, least), (higher, most) in pairwise(given):
        if quantity(least) > quantity(most):
            yield Finding(
                rule="quota/order",
                at=lower,
                problem=f"must be at most {higher} ({most})",
                seen=repr(least),
                fix=f"Use {lower}={most!r} or less, or raise {higher}",
            )

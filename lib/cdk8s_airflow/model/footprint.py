"""What a platform requests from its cluster, and a budget for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

from cdk8s_airflow.model.pod_requests import PodRequests
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, Count, Cpu
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.quantities import bytes_text, cpu_text, quantity


@frozen
class Workload:
    """Pods of one kind.

    Attributes:
        part: the part of the platform: ``release airflow``, ``Cluster airflow-data/airflow-pg``.
        name: the name shown in the report: ``scheduler``.
        namespace: their namespace.
        pod: the requests and limits of one pod.
        idle: how many run while no task runs.
        most: how many run at full task parallelism.
        storage: the size of the volume claims of each pod, in bytes.
        kind: ``"component"`` for pods that always run, ``"tasks"`` for pods of tasks, ``"job"`` for Jobs, which end.
    """

    part: str
    name: str
    namespace: str
    pod: PodRequests
    idle: int = 1
    most: int = 1
    storage: float = 0
    kind: Literal["component", "tasks", "job"] = "component"


@frozen
class Totals:
    """The sum over pods.

    Attributes:
        pods: the number of pods.
        cpu: CPU requests, in cores.
        memory: memory requests, in bytes.
        memory_limit: memory limits, in bytes.
        cpu_limit: CPU limits, in cores, of the containers that have one.
        storage: the size of all volume claims, in bytes.
    """

    pods: int = 0
    cpu: float = 0
    memory: float = 0
    memory_limit: float = 0
    cpu_limit: float = 0
    storage: float = 0


@frozen
class Footprint:
    """What a platform requests.

    Attributes:
        workloads: its pods.
        claims: the size of each volume claim that is an object of its own, in bytes, by namespace and name.
    """

    workloads: tuple[Workload, ...]
    claims: tuple[tuple[str, float], ...] = ()

    @property
    def idle(self) -> Totals:
        """The sum while no task runs. Jobs are not included."""
        return _totals(((each.idle, each) for each in self.workloads if each.kind == "component"), self.claims)

    @property
    def full(self) -> Totals:
        """The sum at full task parallelism, with all autoscalers at their maximum. Jobs are not included."""
        return _totals(((each.most, each) for each in self.workloads if each.kind != "job"), self.claims)


def _totals(counted: Iterable[tuple[int, Workload]], claims: Iterable[tuple[str, float]]) -> Totals:
    found = list(counted)
    return Totals(
        pods=sum(count for count, _ in found),
        cpu=sum(count * each.pod.cpu for count, each in found),
        memory=sum(count * each.pod.memory for count, each in found),
        memory_limit=sum(count * each.pod.memory_limit for count, each in found),
        cpu_limit=sum(count * each.pod.cpu_limit for count, each in found),
        storage=sum(count * each.storage for count, each in found) + sum(size for _, size in claims),
    )


@frozen
class Budget:
    """The most that a platform may request from its cluster at full task parallelism.

    Objects that the program creates without this library are included. Jobs are not.

    Attributes:
        cpu: the sum of CPU requests, such as ``"8"``. Default: None, no limit.
        memory: the sum of memory requests, such as ``"32Gi"``. Default: None, no limit.
        memory_limit: the sum of memory limits. Default: None, no limit.
        storage: the sum of the sizes of all volume claims. Default: None, no limit.
        pods: the number of pods. Default: None, no limit.
    """

    how_to_write: ClassVar[str] = 'Budget(cpu="8", memory="32Gi")'

    cpu: Cpu | None = None
    memory: Bytes | None = None
    memory_limit: Bytes | None = None
    storage: Bytes | None = None
    pods: Count | None = None


def over_budget(footprint: Footprint, budget: Budget) -> Iterator[Finding]:
    """A finding for each limit of a budget that the footprint exceeds.

    Args:
        footprint: what the platform requests.
        budget: the budget.
    """
    full, idle = footprint.full, footprint.idle
    for name, limit in (
        ("cpu", budget.cpu),
        ("memory", budget.memory),
        ("memory_limit", budget.memory_limit),
        ("storage", budget.storage),
        ("pods", None if budget.pods is None else str(budget.pods)),
    ):
        asked = getattr(full, name)
        if limit is not None and asked > quantity(limit) + 1e-9:
            largest = _largest(footprint, name)
            most = "" if largest is None else f", most of it for {largest.name} of {largest.part}"
            yield Finding(
                rule="footprint/budget",
                at=f"budget.{name}",
                problem=f"is exceeded: the platform requests {shown(name, asked)} at full task parallelism "
                f"({shown(name, getattr(idle, name))} idle){most}",
                seen=limit,
                fix=f"Raise {name}= in the budget, or reduce replicas, requests or the number of parallel tasks",
            )


def _largest(footprint: Footprint, name: str) -> Workload | None:
    return max(footprint.workloads, key=lambda each: _share(each, name), default=None)


def _share(workload: Workload, name: str) -> float:
    if workload.kind == "job":
        return 0
    each = {"pods": 1.0, "storage": workload.storage}
    amount: float = each[name] if name in each else getattr(workload.pod, name)
    return workload.most * amount


def shown(name: str, amount: float) -> str:
    """An amount as text: CPU in cores or thousandths, memory and storage in MiB or GiB.

    Args:
        name: the resource: ``cpu``, ``memory``, ``memory_limit``, ``cpu_limit``, ``storage`` or ``pods``.
        amount: cores, bytes or a number.
    """
    if name.startswith("cpu"):
        return cpu_text(amount)
    return str(int(amount)) if name == "pods" else bytes_text(amount)

"""How the number of replicas follows the load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count, Duration, Must, NonEmpty, at_least
from cdk8s_airflow.validation.frozen import frozen

SCALED_OBJECTS = "scaledobjects.keda.sh"
"""The definition that KEDA brings."""

_Percent = Annotated[
    int, Must(lambda value: bool(1 <= value <= 100), "is no share of one hundred", "use 1 to 100", "argument/range")
]


def _order(lowest: int, highest: int) -> Iterator[Finding]:
    if highest < lowest:
        yield Finding(
            rule="scheduling/scaling",
            at="max_replicas",
            problem=f"is below min_replicas={lowest}",
            seen=repr(highest),
            fix=f"use {max(lowest, 1)} or more",
        )


@frozen
class Hpa:
    """Replicas follow the use of CPU, by Kubernetes' HorizontalPodAutoscaler. The cluster needs a metrics server.

    Attributes:
        min_replicas: how many there are at least. Default: 1.
        max_replicas: how many there are at most.
        cpu_percent: the share of the requested CPU to aim at. Default: 80.
        metrics: other metrics to follow instead, in the form of ``autoscaling/v2``.
        behavior: how fast to go up and down, in the form of ``autoscaling/v2``. Default: as Kubernetes has it.
    """

    how_to_write: ClassVar[str] = "Hpa(max_replicas=10)"

    min_replicas: Count = 1
    max_replicas: Count
    cpu_percent: _Percent = 80
    metrics: Sequence[Mapping[str, Any]] = ()
    behavior: Mapping[str, Any] | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from _order(self.min_replicas, self.max_replicas)
        if self.metrics and self.cpu_percent != 80:
            yield Finding(
                rule="scheduling/scaling",
                at="cpu_percent",
                problem="is not followed, because metrics= says what is",
                seen=repr(self.cpu_percent),
                fix="leave out one of them",
            )


@frozen
class Keda:
    """Replicas follow the work that waits in Airflow's database, by KEDA, which has to be installed.

    Attributes:
        min_replicas: how many there are at least; none at all with 0. Default: 0.
        max_replicas: how many there are at most.
        interval: how often KEDA evaluates the query, ``pollingInterval`` of the ScaledObject. Default: ``"5s"``.
        cooldown: how long nothing has to wait before the last replica goes. Default: ``"30s"``.
        query: the SQL that gives the number of replicas. Default: the chart's, which counts tasks that run or wait.
        advanced: further settings, in the form of ``spec.advanced`` of KEDA's ScaledObject.
    """

    how_to_write: ClassVar[str] = "Keda(max_replicas=10)"

    min_replicas: Annotated[int, at_least(0)] = 0
    max_replicas: Count
    interval: Duration = "5s"
    cooldown: Duration = "30s"
    query: NonEmpty | None = None
    advanced: Mapping[str, Any] | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from _order(self.min_replicas, self.max_replicas)
        if self.query is not None and "{{" in self.query:
            yield Finding(
                rule="scheduling/scaling",
                at="query",
                problem="holds {{, which the chart would take for a template of its own",
                fix="write plain SQL",
            )

"""Autoscaling of replicas: HorizontalPodAutoscaler and KEDA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count, Duration, Must, NonEmpty, at_least
from cdk8s_airflow.validation.frozen import frozen

SCALED_OBJECTS = "scaledobjects.keda.sh"
"""The custom resource definition of what KEDA scales."""

TRIGGER_AUTHENTICATIONS = "triggerauthentications.keda.sh"
"""The custom resource definition of the Secrets with which KEDA logs in."""

_Percent = Annotated[
    int,
    Must(lambda value: bool(1 <= value <= 100), "must be an integer from 1 to 100", "Use 80", "argument/range"),
]


def _order(lowest: int, highest: int) -> Iterator[Finding]:
    if highest < lowest:
        yield Finding(
            rule="scheduling/scaling",
            at="max_replicas",
            problem=f"must be at least min_replicas ({lowest})",
            seen=repr(highest),
            fix=f"Use {max(lowest, 1)} or more",
        )


@frozen
class Hpa:
    """Scale replicas by CPU utilization with a HorizontalPodAutoscaler. The cluster needs a metrics server.

    Attributes:
        min_replicas: the minimum number of replicas, at least 1. Chart key ``hpa.minReplicaCount``. Default: 1.
        max_replicas: the maximum number of replicas. Chart key ``hpa.maxReplicaCount``. Required.
        cpu_percent: the target CPU utilization, in percent of the CPU request, from 1 to 100. Default: 80.
        metrics: ``spec.metrics`` of ``autoscaling/v2``, which replaces the CPU target. Chart key ``hpa.metrics``.
            Default: empty; ``cpu_percent`` is used.
        behavior: ``spec.behavior`` of ``autoscaling/v2``. Chart key ``hpa.behavior``. Default: None, the default of
            Kubernetes.
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
                problem="is ignored: metrics= replaces the CPU target",
                seen=repr(self.cpu_percent),
                fix="Remove cpu_percent= or metrics=",
            )


@frozen
class Keda:
    """Scale replicas by the number of running and queued tasks with KEDA, which must be installed in the cluster.

    If the Secret of the database has the whole URL, the chart creates the ScaledObject. If it has only the password, this library
    creates it, with a TriggerAuthentication for the password; the fields below then are those of the ScaledObject.

    Attributes:
        min_replicas: the minimum number of replicas, at least 0. Chart key ``keda.minReplicaCount``. Default: 0.
        max_replicas: the maximum number of replicas. Chart key ``keda.maxReplicaCount``. Required.
        interval: the duration between two evaluations of the query. Chart key ``keda.pollingInterval``. Default:
            ``"5s"``.
        cooldown: how long there must be no work before KEDA scales to 0. Chart key ``keda.cooldownPeriod``. Default:
            ``"30s"``.
        query: the SQL query that returns the number of replicas. Chart key ``keda.query``. Default: None; the query counts
            the running and queued tasks in the queues of the workers, and with ``MultipleExecutors`` only those that
            CeleryExecutor runs. For the triggerer it counts triggers.
        advanced: ``spec.advanced`` of the ScaledObject as a mapping. Chart key ``keda.advanced``. Default: None.
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
                problem="must not contain {{, which the chart evaluates as a template",
                fix="Use plain SQL",
            )

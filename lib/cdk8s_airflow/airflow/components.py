"""The components of a release, one class each, holding only what that component has.

The chart asks for no CPU or memory on any container; every class here does. The figures are for a small installation;
a busy one raises them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.airflow.pod_settings import AirflowPod, ComponentPod, LogGroomer, ServingPod, container_rules
from cdk8s_airflow.model.disruption_budget import DisruptionBudget, budget_findings
from cdk8s_airflow.model.placement import APART, TopologySpread
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.secret_reference import FlowerAuthSecret
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import (
    Count,
    CronSchedule,
    Duration,
    NonEmpty,
    PortNumber,
    Retention,
    SqlName,
)
from cdk8s_airflow.validation.frozen import frozen

_TELLING = regex(r"auth|token|passw|secret|api[-_]?key|credential", re.IGNORECASE)


@frozen
class Replicated(ServingPod):
    """What every component of Airflow that can run several times has.

    Attributes:
        replicas: how many run at once. From two on they get a disruption budget and prefer different nodes. Default: 1.
        disruption_budget: how many may be taken away at once, or None for any number. It counts from two replicas on.
            Default: one at a time. Where this version of the chart has none for the component, the platform makes it.
        spread: how replicas are kept apart; it counts from two replicas on. Default: they prefer different nodes.
        liveness_tolerance: how long one may fail to answer before it is restarted. Default: the chart's, five minutes, or
            50 seconds for the server of the UI.
        probe_timeout: how long one answer may take. Default: the chart's, 20 seconds, or 5 for the server of the UI.
    """

    replicas: Count = 1
    disruption_budget: DisruptionBudget | None = DisruptionBudget()
    spread: Sequence[TopologySpread] = APART
    liveness_tolerance: Duration | None = None
    probe_timeout: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from ServingPod._rules(self)
        yield from budget_findings(self.disruption_budget, self.least_replicas, "disruption_budget")
        scaling = getattr(self, "scaling", None)
        if scaling is not None and self.replicas != 1:
            yield Finding(
                rule="scheduling/scaling",
                at="replicas",
                problem="counts for nothing, because scaling= says how many there are",
                seen=repr(self.replicas),
                fix="say min_replicas= there",
            )

    @property
    def least_replicas(self) -> int:
        """How many there are at least, by number or by an autoscaler."""
        scaling: Hpa | Keda | None = getattr(self, "scaling", None)
        return self.replicas if scaling is None else max(scaling.min_replicas, 1)

    @property
    def most_replicas(self) -> int:
        """How many there are at most, by number or by an autoscaler."""
        scaling: Hpa | Keda | None = getattr(self, "scaling", None)
        return self.replicas if scaling is None else scaling.max_replicas


@frozen
class Scheduler(Replicated):
    """The scheduler.

    With :class:`LocalExecutor` tasks run in its pods: give it their CPU and memory too.

    Attributes:
        resources: of each. Default: 250m CPU, 768Mi memory, at most 2Gi, and no CPU limit, because a slowed scheduler is
            late with its heartbeat and gets tasks killed.
        startup_tolerance: how long one may take to come up before it is restarted. Default: ``"5m"``; the chart's minute is
            too short for a slow node.
        grace_period: how long one may take to end before it is killed. Default: the chart's 10 seconds. Chart 1.15 has no
            such key.
        log_groomer: what deletes old log files, or None for nothing.
        scaling: a HorizontalPodAutoscaler instead of ``replicas``. The chart has none for the scheduler, so this library
            creates it, and the Deployment has no ``replicas``. Each scheduler opens database sessions: the limit of the
            database is checked for ``max_replicas``. A scheduler is seldom the bottleneck: see "Tasks stay queued" first.
            Default: None.
    """

    how_to_write: ClassVar[str] = "Scheduler(replicas=2)"

    resources: Resources = Resources(cpu="250m", memory="768Mi", memory_limit="2Gi")
    startup_tolerance: Duration = "5m"
    grace_period: Duration | None = None
    log_groomer: LogGroomer | None = LogGroomer()
    scaling: Hpa | None = None


@frozen
class ApiServer(Replicated):
    """The server of the UI and the API: Airflow 3's API server, Airflow 2's webserver.

    Attributes:
        resources: of each. Default: 250m CPU, 1Gi memory, at most 2Gi.
        startup_tolerance: how long one may take to come up before it is restarted. Default: ``"5m"``.
        grace_period: how long one may take to end before it is killed. Default: Kubernetes' 30 seconds. Only for Airflow 2's
            webserver, from chart 1.18 on.
        scaling: an autoscaler instead of ``replicas``. For Airflow 2's webserver from chart 1.18 on, for Airflow 3's API
            server from 1.20 on.
    """

    how_to_write: ClassVar[str] = "ApiServer(replicas=2)"

    resources: Resources = Resources(cpu="250m", memory="1Gi", memory_limit="2Gi")
    startup_tolerance: Duration = "5m"
    grace_period: Duration | None = None
    scaling: Hpa | None = None


@frozen
class Triggerer(Replicated):
    """The triggerer, which waits on behalf of deferred tasks.

    It keeps no volume of its own: a volume claim template could never be changed by an upgrade.

    Attributes:
        resources: of each. Default: 100m CPU, 512Mi memory, at most 1Gi, and no CPU limit.
        grace_period: how long one may take to end before it is killed. Default: the chart's minute.
        log_groomer: what deletes old log files, or None for nothing.
        scaling: an autoscaler instead of ``replicas``.
    """

    how_to_write: ClassVar[str] = "Triggerer(replicas=2)"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    grace_period: Duration | None = None
    log_groomer: LogGroomer | None = LogGroomer()
    scaling: Keda | None = None


@frozen
class DagProcessor(Replicated):
    """The DAG processor, which reads DAG files apart from the scheduler. Airflow 3 always has one; Airflow 2 when asked.

    Attributes:
        resources: of each. Default: 100m CPU, 512Mi memory, at most 1536Mi.
        grace_period: how long one may take to end before it is killed. Default: the chart's minute.
        log_groomer: what deletes old log files, or None for nothing.
    """

    how_to_write: ClassVar[str] = "DagProcessor(replicas=2)"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1536Mi")
    grace_period: Duration | None = None
    log_groomer: LogGroomer | None = LogGroomer()


@frozen
class Statsd(ComponentPod):
    """The StatsD exporter: components send it metrics, Prometheus scrapes them from it.

    Attributes:
        resources: of its one pod. Default: 10m CPU, 64Mi memory, at most 128Mi.
        port: the UDP port on which it takes metrics. Default: 9125.
        scrape_port: the port from which Prometheus takes them. Default: 9102.
        mappings: how names of metrics become names and labels, in the form of the exporter's ``mappings``; they come after
            the chart's own, and the first that fits counts. Default: none.
        chart_mappings: whether the chart's own mappings are kept. Default: yes.
        grace_period: how long it may take to end before it is killed. Default: 30 seconds. Chart 1.15 has no such key.
    """

    how_to_write: ClassVar[str] = "Statsd()"

    resources: Resources = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")
    port: PortNumber = 9125
    scrape_port: PortNumber = 9102
    mappings: Sequence[Mapping[str, Any]] = ()
    chart_mappings: bool = True
    grace_period: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from ComponentPod._rules(self)
        for index, mapping in enumerate(self.mappings):
            for key in ("match", "name"):
                if key not in mapping:
                    yield Finding(
                        rule="components/mapping",
                        at=f"mappings[{index}]",
                        problem=f"has no {key}, without which the exporter does not start",
                        fix=f"give it a {key}",
                    )
        if not self.chart_mappings and not self.mappings:
            yield Finding(
                rule="components/mapping",
                at="chart_mappings",
                problem="switches the chart's mappings off, and there are no others",
                seen="False",
                fix="Set mappings=, or remove it",
            )


@frozen
class OtelCollector(ComponentPod):
    """An OpenTelemetry collector: components send it metrics or traces, it passes them on. From chart 1.22 on.

    Attributes:
        exporters: where to pass them on, in the form of the collector's ``exporters``, like
            ``{"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}``. Without any they would be thrown away. What the
            collector reads stands in a ConfigMap, so nothing secret may be in it.
        metrics: whether metrics go this way; StatsD then has none, and is switched off. Default: yes.
        traces: whether traces go this way. Default: no.
        export_interval: how often components send metrics. Default: ``"30s"``.
        resources: of its one pod. Default: 50m CPU, 128Mi memory, at most 256Mi.
        grace_period: how long it may take to end before it is killed. Default: ``"30s"``.
    """

    how_to_write: ClassVar[str] = 'OtelCollector(exporters={"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}})'

    exporters: Mapping[NonEmpty, Mapping[str, Any]]
    metrics: bool = True
    traces: bool = False
    export_interval: Duration = "30s"
    resources: Resources = Resources(cpu="50m", memory="128Mi", memory_limit="256Mi")
    grace_period: Duration = "30s"

    def _rules(self) -> Iterator[Finding]:
        yield from ComponentPod._rules(self)
        if not self.metrics and not self.traces:
            yield Finding(
                rule="components/collector",
                at="metrics",
                problem="is switched off, and traces too, so that nothing is collected",
                seen="False",
                fix="switch one of them on, or give no collector",
            )
        if not self.exporters:
            yield Finding(
                rule="components/collector",
                at="exporters",
                problem="names nowhere to pass metrics and traces on to",
                seen="{}",
                fix='give one, like {"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}',
            )
        yield from _literals(self.exporters, "exporters")


def _literals(given: object, at: str, telling: bool = False) -> Iterator[Finding]:
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield from _literals(value, f"{at}.{key}", telling or _TELLING.search(str(key)) is not None)
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for index, value in enumerate(given):
            yield from _literals(value, f"{at}[{index}]", telling)
    elif telling and isinstance(given, str):
        yield Finding(
            rule="components/secret-literal",
            at=at,
            problem="looks like a secret, and would stand in a ConfigMap in clear text",
            fix="pass on to a collector of your own in the cluster, which may hold it",
        )


@frozen
class Flower(AirflowPod):
    """Flower, a page about Celery's workers and queues. Only with Celery.

    It can stop workers, so it always asks for a user and a password. Reach it by ``kubectl port-forward``.

    Attributes:
        credentials: the Secret with the user and password it asks for.
        resources: of its one pod. Default: 50m CPU, 256Mi memory, at most 512Mi.
        containers: additional sidecar containers, in the form of the Kubernetes API. Default: none.
        startup_tolerance: how long it may take to come up before it is restarted. Default: the chart's minute. Chart 1.15
            has no such key.
        liveness_tolerance: how long it may fail to answer before it is restarted. Default: the chart's 50 seconds.
        probe_timeout: how long one answer may take. Default: the chart's 5 seconds.
    """

    how_to_write: ClassVar[str] = 'Flower(credentials=FlowerAuthSecret("airflow-flower"))'

    credentials: FlowerAuthSecret
    resources: Resources = Resources(cpu="50m", memory="256Mi", memory_limit="512Mi")
    containers: Sequence[Mapping[str, Any]] = ()
    startup_tolerance: Duration | None = None
    liveness_tolerance: Duration | None = None
    probe_timeout: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        yield from container_rules(self.containers, "containers", self.volumes)


@frozen
class PodCleanup(ComponentPod):
    """Deletes the pods of tasks that have finished and were left behind, again and again.

    Attributes:
        schedule: when. Default: every 15 minutes.
        resources: of its container. Default: 50m CPU, 256Mi memory, at most 512Mi.
        failed_jobs_kept: how many failed Jobs stay to be looked at. Default: 1.
        successful_jobs_kept: how many successful Jobs stay. Default: 1.
    """

    how_to_write: ClassVar[str] = "PodCleanup()"

    schedule: CronSchedule = "*/15 * * * *"
    resources: Resources = Resources(cpu="50m", memory="256Mi", memory_limit="512Mi")
    failed_jobs_kept: Count = 1
    successful_jobs_kept: Count = 1


@frozen
class DatabaseCleanup(ComponentPod):
    """Deletes old rows from the metadata database, again and again, with ``airflow db clean``.

    Charts before 1.20 have none; the platform then makes a CronJob that does the same.

    Attributes:
        retention: rows older than this are deleted, in days. Default: ``"90d"``.
        schedule: when. Default: on Sundays at midnight.
        tables: which tables. Default: all that Airflow knows how to clean.
        archive: whether deleted rows are kept in tables of their own, which then grow instead. Default: no.
        resources: of its container. Default: 100m CPU, 512Mi memory, at most 1Gi.
        failed_jobs_kept: how many failed Jobs stay to be looked at. Default: 1.
        successful_jobs_kept: how many successful Jobs stay. Default: 1.
    """

    how_to_write: ClassVar[str] = 'DatabaseCleanup(retention="90d")'

    retention: Retention = "90d"
    schedule: CronSchedule = "0 0 * * 0"
    tables: Sequence[SqlName] = ()
    archive: bool = False
    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    failed_jobs_kept: Count = 1
    successful_jobs_kept: Count = 1


@frozen
class DatabaseMigration(AirflowPod):
    """The Job that migrates the database at each install and upgrade.

    It first waits until every Secret the release reads is there, naming those that are missing, then until the database
    answers. Together that takes at most four fifths of the delivery's timeout.

    Attributes:
        resources: of its containers. Default: 100m CPU, 512Mi memory, at most 1Gi.
        init_containers: further containers that run before it, in the form Kubernetes has. Default: none.
    """

    how_to_write: ClassVar[str] = "DatabaseMigration()"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    init_containers: Sequence[Mapping[str, Any]] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        yield from container_rules(self.init_containers, "init_containers", self.volumes)

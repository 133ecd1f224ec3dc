"""The components of a release, one class each, with only the settings that the component has.

The chart sets no CPU or memory on any container; every class here does. The defaults are for a small installation;
increase them for a busy one.
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
from cdk8s_airflow.validation.constraints import Count, CronSchedule, Duration, NonEmpty, PortNumber, Retention, SqlName
from cdk8s_airflow.validation.frozen import frozen

_TELLING = regex(r"auth|token|passw|secret|api[-_]?key|credential", re.IGNORECASE)


@frozen
class Replicated(ServingPod):
    """Settings of every Airflow component that can have several replicas.

    Attributes:
        replicas: the number of pods. From two on they get a disruption budget and prefer different nodes. Default: 1.
        disruption_budget: how many pods may be evicted at once, or None for any number. It applies from two replicas on.
            Default: one at a time. If this version of the chart has no budget for the component, this library creates it.
        spread: how replicas are distributed over nodes; it applies from two replicas on. Default: they prefer different nodes.
        liveness_tolerance: how long the liveness probe may fail before a restart. Default: the chart's five minutes, or 50
            seconds for the API server (the webserver in Airflow 2).
        probe_timeout: timeout of one probe. Default: the chart's 20 seconds, or 5 for the API server (the webserver).
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
                problem="is ignored, because scaling= sets the number of replicas",
                seen=repr(self.replicas),
                fix="set min_replicas= of scaling=",
            )

    @property
    def least_replicas(self) -> int:
        """The smallest number of replicas, by ``replicas`` or an autoscaler."""
        scaling: Hpa | Keda | None = getattr(self, "scaling", None)
        return self.replicas if scaling is None else max(scaling.min_replicas, 1)

    @property
    def most_replicas(self) -> int:
        """The largest number of replicas, by ``replicas`` or an autoscaler."""
        scaling: Hpa | Keda | None = getattr(self, "scaling", None)
        return self.replicas if scaling is None else scaling.max_replicas


@frozen
class Scheduler(Replicated):
    """The scheduler.

    With :class:`LocalExecutor`, tasks run in its pods: add their CPU and memory.

    Attributes:
        resources: requests and limits of each pod. Default: 250m CPU, 768Mi memory, at most 2Gi. There is no CPU limit, because
            a throttled scheduler misses heartbeats, and its tasks are killed.
        startup_tolerance: how long a start may take before a restart. Default: ``"5m"``; the chart's minute is too short for
            a slow node.
        grace_period: how long the pod may take to stop before it is killed. Default: the chart's 10 seconds. Chart 1.15 has no
            such key.
        log_groomer: the sidecar that deletes old log files, or None to disable it.
        scaling: a HorizontalPodAutoscaler instead of ``replicas``. The chart has none for the scheduler, so this library
            creates it, and the Deployment has no ``replicas``. Each scheduler opens database sessions: the limit of the
            database is checked for ``max_replicas``. The scheduler is rarely the bottleneck: read the page "Fix tasks that stay queued or scheduled" first.
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
    """The server of the UI and the API: the API server of Airflow 3, the webserver of Airflow 2.

    Attributes:
        resources: requests and limits of each pod. Default: 250m CPU, 1Gi memory, at most 2Gi.
        startup_tolerance: how long a start may take before a restart. Default: ``"5m"``.
        grace_period: how long the pod may take to stop before it is killed. Default: Kubernetes' 30 seconds. Only for the
            webserver of Airflow 2, from chart 1.18 on.
        scaling: an autoscaler instead of ``replicas``. For the webserver of Airflow 2 from chart 1.18 on, for the API server of
            Airflow 3 from 1.20 on.
    """

    how_to_write: ClassVar[str] = "ApiServer(replicas=2)"

    resources: Resources = Resources(cpu="250m", memory="1Gi", memory_limit="2Gi")
    startup_tolerance: Duration = "5m"
    grace_period: Duration | None = None
    scaling: Hpa | None = None


@frozen
class Triggerer(Replicated):
    """The triggerer, which waits for the events of deferred tasks.

    It has no volume, because an upgrade cannot change a volume claim template.

    Attributes:
        resources: requests and limits of each pod. Default: 100m CPU, 512Mi memory, at most 1Gi, and no CPU limit.
        grace_period: how long the pod may take to stop before it is killed. Default: the chart's 60 seconds.
        log_groomer: the sidecar that deletes old log files, or None to disable it.
        scaling: an autoscaler instead of ``replicas``.
    """

    how_to_write: ClassVar[str] = "Triggerer(replicas=2)"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    grace_period: Duration | None = None
    log_groomer: LogGroomer | None = LogGroomer()
    scaling: Keda | None = None


@frozen
class DagProcessor(Replicated):
    """The DAG processor, which parses DAG files. Airflow 3 always has one; with Airflow 2 it is optional.

    Attributes:
        resources: requests and limits of each pod. Default: 100m CPU, 512Mi memory, at most 1536Mi.
        grace_period: how long the pod may take to stop before it is killed. Default: the chart's 60 seconds.
        log_groomer: the sidecar that deletes old log files, or None to disable it.
    """

    how_to_write: ClassVar[str] = "DagProcessor(replicas=2)"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1536Mi")
    grace_period: Duration | None = None
    log_groomer: LogGroomer | None = LogGroomer()


@frozen
class Statsd(ComponentPod):
    """The StatsD exporter: components send it metrics, and Prometheus scrapes it.

    Attributes:
        resources: requests and limits of its pod. Default: 10m CPU, 64Mi memory, at most 128Mi.
        port: the UDP port for metrics. Default: 9125.
        scrape_port: the port that Prometheus scrapes. Default: 9102.
        mappings: rules that translate names of metrics into names and labels, in the form of the exporter's ``mappings``. They
            are added after those of the chart, and the first match applies. Default: none.
        chart_mappings: whether to keep the chart's own mappings. Default: True.
        grace_period: how long the pod may take to stop before it is killed. Default: 30 seconds. Chart 1.15 has no such key.
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
                        problem=f"must have {key}, because the exporter does not start without it",
                        fix=f"add {key}",
                    )
        if not self.chart_mappings and not self.mappings:
            yield Finding(
                rule="components/mapping",
                at="chart_mappings",
                problem="disables the chart's mappings, and mappings= has none",
                seen="False",
                fix="Set mappings=, or remove it",
            )


@frozen
class OtelCollector(ComponentPod):
    """An OpenTelemetry collector: components send it metrics or traces, and it forwards them. From chart 1.22 on.

    Attributes:
        exporters: the destinations, in the form of the collector's ``exporters``, like
            ``{"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}``. At least one is required. The collector's
            configuration is in a ConfigMap, so it must not contain secrets.
        metrics: whether it receives metrics; StatsD then gets none and is disabled. Default: True.
        traces: whether it receives traces. Default: False.
        export_interval: how often components send metrics. Default: ``"30s"``.
        resources: requests and limits of its pod. Default: 50m CPU, 128Mi memory, at most 256Mi.
        grace_period: how long the pod may take to stop before it is killed. Default: ``"30s"``.
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
                problem="is False and traces is too, so the collector would receive nothing",
                seen="False",
                fix="set metrics=True or traces=True, or do not pass otel_collector=",
            )
        if not self.exporters:
            yield Finding(
                rule="components/collector",
                at="exporters",
                problem="is empty, so metrics and traces would be dropped",
                seen="{}",
                fix='add one, like {"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}',
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
            problem="looks like a secret, and would be in a ConfigMap in clear text",
            fix="forward to a collector of your own in the cluster, which can read it from a Secret",
        )


@frozen
class Flower(AirflowPod):
    """Flower, a web UI that shows Celery workers and queues. Only with Celery.

    It can stop workers, so it always requires a user and a password. Open it with ``kubectl port-forward``.

    Attributes:
        credentials: the Secret with the user and password.
        resources: requests and limits of its pod. Default: 50m CPU, 256Mi memory, at most 512Mi.
        containers: additional sidecar containers, in the form of the Kubernetes API. Default: none.
        startup_tolerance: how long a start may take before a restart. Default: the chart's 60 seconds. Chart 1.15 has no such
            key.
        liveness_tolerance: how long the liveness probe may fail before a restart. Default: the chart's 50 seconds.
        probe_timeout: timeout of one probe. Default: the chart's 5 seconds.
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
    """A CronJob that deletes the pods of finished tasks.

    Attributes:
        schedule: cron schedule. Default: every 15 minutes.
        resources: requests and limits of its container. Default: 50m CPU, 256Mi memory, at most 512Mi.
        failed_jobs_kept: how many failed Jobs are kept. Default: 1.
        successful_jobs_kept: how many successful Jobs are kept. Default: 1.
    """

    how_to_write: ClassVar[str] = "PodCleanup()"

    schedule: CronSchedule = "*/15 * * * *"
    resources: Resources = Resources(cpu="50m", memory="256Mi", memory_limit="512Mi")
    failed_jobs_kept: Count = 1
    successful_jobs_kept: Count = 1


@frozen
class DatabaseCleanup(ComponentPod):
    """A CronJob that deletes old rows from the metadata database with ``airflow db clean``.

    Charts before 1.20 have none; this library then creates an equivalent CronJob.

    Attributes:
        retention: rows older than this are deleted, in days. Default: ``"90d"``.
        schedule: cron schedule. Default: Sundays at midnight.
        tables: the tables to clean. Default: all that ``airflow db clean`` supports.
        archive: whether rows are moved to archive tables instead of being deleted; these tables then keep growing. Default:
            False.
        resources: requests and limits of its container. Default: 100m CPU, 512Mi memory, at most 1Gi.
        failed_jobs_kept: how many failed Jobs are kept. Default: 1.
        successful_jobs_kept: how many successful Jobs are kept. Default: 1.
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

    It first waits until every Secret of the release exists and prints the names of missing ones, and then until the database
    accepts connections. It waits at most four fifths of the delivery's timeout in total.

    Attributes:
        resources: requests and limits of its containers. Default: 100m CPU, 512Mi memory, at most 1Gi.
        init_containers: additional init containers, in the form of the Kubernetes API. Default: none.
    """

    how_to_write: ClassVar[str] = "DatabaseMigration()"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    init_containers: Sequence[Mapping[str, Any]] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        yield from container_rules(self.init_containers, "init_containers", self.volumes)

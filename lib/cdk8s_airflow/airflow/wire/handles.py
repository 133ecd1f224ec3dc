"""Names, labels and ports of the objects that the chart creates for a release.

Source: the templates of each chart. ``tests/helm/test_handles.py`` compares all of it with what Helm renders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow.airflow.chart_ports import PortKey
from cdk8s_airflow.airflow.executors import CeleryExecutor, RedisBroker, celery_of
from cdk8s_airflow.airflow.handles import (
    TASK_POD_LABEL,
    ComponentHandle,
    PortHandle,
    ReleaseHandles,
    ServiceHandle,
    WorkloadKind,
)
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.pod_settings import pod_labels

_PORTS: Mapping[str, tuple[tuple[str, PortKey, bool], ...]] = {
    "triggerer": (("triggerer-logs", "triggererLogs", True),),
    "worker": (("worker-logs", "workerLogs", True),),
    "statsd": (("statsd-ingest", "statsdIngest", True), ("statsd-scrape", "statsdScrape", True)),
    "redis": (("redis-db", "redisDB", True),),
    "flower": (("flower-ui", "flowerUI", True),),
    "otel-collector": (
        ("otlp-grpc", "otelCollectorOtlpGrpc", True),
        ("otlp-http", "otelCollectorOtlpHttp", True),
    ),
}
"""Component label -> name of the port, its key under ``ports``, and whether the container declares the name."""


def release_handles(effective: EffectiveSettings) -> ReleaseHandles:
    """The handles of a release."""
    settings = effective.settings
    return ReleaseHandles(
        release=settings.release,
        namespace=settings.namespace,
        components=dict(_components(_Namer(effective))),
    )


class _Namer:
    """Creates the handles of one release."""

    def __init__(self, effective: EffectiveSettings) -> None:
        self.settings = effective.settings
        self.port = effective.port
        self.ui_port = effective.ui_port

    def service(
        self, component: str, ports: tuple[PortHandle, ...], *, name: str = "", labels: Mapping[str, str] | None = None
    ) -> ServiceHandle:
        settings = self.settings
        return ServiceHandle(
            name=name or f"{settings.release}-{component}",
            namespace=settings.namespace,
            labels=pod_labels(settings.release, component) if labels is None else labels,
            ports=ports,
            cluster_domain=settings.facts.cluster_domain,
        )

    def known(self, component: str) -> ServiceHandle:
        """The Service of a component whose ports have one name in all charts."""
        return self.service(
            component,
            tuple(
                PortHandle(
                    name=name,
                    number=self.port(key),
                    protocol="UDP" if key == "statsdIngest" else "TCP",
                    container=declared,
                )
                for name, key, declared in _PORTS[component]
            ),
        )

    def component(
        self,
        component: str,
        kind: WorkloadKind = "Deployment",
        *,
        name: str = "",
        container: str = "",
        service: ServiceHandle | None = None,
        without: tuple[str, ...] = (),
        labels: Mapping[str, str] | None = None,
    ) -> ComponentHandle:
        settings = self.settings
        return ComponentHandle(
            component=component,
            namespace=settings.namespace,
            kind=kind,
            name=name or f"{settings.release}-{component}",
            pod_labels={**pod_labels(settings.release, component), **(labels or {})},
            pods_without_labels=without,
            container=container or component,
            service=service,
        )


def _components(make: _Namer) -> Iterator[tuple[str, ComponentHandle]]:
    settings = make.settings
    yield "scheduler", make.component("scheduler", service=_task_logs(make))
    ui = settings.dialect.ui_server
    port = PortHandle(name=settings.dialect.ui_port, number=make.ui_port)
    yield "ui", make.component(ui, service=make.service(ui, (port,)))
    if settings.triggerer is not None:
        yield "triggerer", make.component("triggerer", service=make.known("triggerer"))
    if settings.dag_processor is not None:
        yield "dag_processor", make.component("dag-processor")
    celery = celery_of(settings.executor)
    if celery is not None:
        yield from _workers(make, celery)
    if settings.has_task_pods:
        yield "task_pods", _task_pods(settings)
    if settings.statsd is not None:
        yield "statsd", make.component("statsd", service=make.known("statsd"))
    if settings.otel_collector is not None:
        yield "otel_collector", make.component("otel-collector", service=make.known("otel-collector"))
    if settings.database.pgbouncer is not None:
        yield "pgbouncer", make.component("pgbouncer", service=_pgbouncer(make))
    if celery is not None and isinstance(celery.broker, RedisBroker):
        yield "redis", make.component("redis", "StatefulSet", service=make.known("redis"))
    if settings.flower is not None:
        yield "flower", make.component("flower", service=make.known("flower"))
    yield from _jobs(make)


def _task_logs(make: _Namer) -> ServiceHandle | None:
    """The scheduler has a Service only if tasks run in it."""
    if not make.settings.runs_tasks_in_scheduler:
        return None
    number = make.port("workerLogs")
    return make.service("scheduler", (PortHandle(name="task-logs", number=number, container=False),))


def _workers(make: _Namer, celery: CeleryExecutor) -> Iterator[tuple[str, ComponentHandle]]:
    kind: WorkloadKind = "Deployment" if celery.workers.storage is None else "StatefulSet"
    without = (TASK_POD_LABEL, "worker-set") if celery.sets else (TASK_POD_LABEL,)
    yield "workers", make.component("worker", kind, without=without, service=make.known("worker"))
    for each in celery.sets:
        name = f"{make.settings.release}-worker-{each.name}"
        service = make.known("worker")
        yield (
            f"workers-{each.name}",
            make.component(
                "worker",
                "Deployment" if each.storage is None else "StatefulSet",
                name=name,
                labels={"worker-set": each.name},
                service=make.service("worker", service.ports, name=name),
            ),
        )


def _task_pods(settings: ReleaseSettings) -> ComponentHandle:
    return ComponentHandle(
        component="worker",
        namespace=settings.namespace,
        kind=None,
        name=None,
        pod_labels={**pod_labels(settings.release, "worker"), TASK_POD_LABEL: "True"},
        container="base",
    )


def _pgbouncer(make: _Namer) -> ServiceHandle:
    """The container of the exporter declares its port as ``metrics``."""
    number, scrape = make.port("pgbouncer"), make.port("pgbouncerScrape")
    called = make.settings.dialect.pgbouncer_metrics_port
    return make.service(
        "pgbouncer",
        (PortHandle(name="pgbouncer", number=number), PortHandle(name=called, number=scrape, container=False)),
    )


def _jobs(make: _Namer) -> Iterator[tuple[str, ComponentHandle]]:
    settings = make.settings
    yield "migration", make.component("run-airflow-migrations", "Job")
    if settings.admin is not None:
        yield (
            "create_user",
            make.component("create-user-job", "Job", name=f"{settings.release}-create-user", container="create-user"),
        )
    if settings.cleanup is not None:
        yield (
            "cleanup",
            make.component("airflow-cleanup-pods", "CronJob", name=f"{settings.release}-cleanup"),
        )
    if settings.database_cleanup is not None:
        yield "database_cleanup", make.component("database-cleanup", "CronJob")

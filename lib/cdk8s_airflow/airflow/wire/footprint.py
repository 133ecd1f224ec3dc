"""The pods that a release creates through the chart, with their requests and limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from cdk8s_airflow.airflow.executors import CeleryWorkers, RedisBroker, WorkerSet, celery_of, task_resources_of
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.dags import dag_readers
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.executors import all_workers
from cdk8s_airflow.airflow.wire.migration import SECRETS_WAITER
from cdk8s_airflow.airflow.wire.sessions import task_slots
from cdk8s_airflow.model.footprint import Workload
from cdk8s_airflow.model.pod_requests import Container, PodRequests, largest_of
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.validation.quantities import quantity


def release_workloads(effective: EffectiveSettings) -> Iterator[Workload]:
    """The pods of a release: components, tasks at full parallelism, and Jobs."""
    settings = effective.settings
    yield from component_pods(settings)
    yield from _workloads(settings, _tasks(effective))
    yield from hook_pods(settings)
    yield from _workloads(settings, _cron_jobs(settings))


def component_pods(settings: ReleaseSettings) -> Iterator[Workload]:
    """The pods that always run."""
    yield from _workloads(settings, _components(settings))
    yield from _workloads(settings, _celery(settings))
    yield from _workloads(settings, _single(settings))


def hook_pods(settings: ReleaseSettings) -> Iterator[Workload]:
    """The pods of Jobs that run during an install or upgrade, one after the other."""
    yield from _workloads(settings, _hooks(settings))


_Row = tuple[str, PodRequests, int, int, float, Literal["component", "tasks", "job"]]


def _workloads(settings: ReleaseSettings, rows: Iterable[_Row]) -> Iterator[Workload]:
    for name, pod, idle, most, storage, kind in rows:
        yield Workload(
            part=f"release {settings.release}",
            name=name,
            namespace=settings.namespace,
            pod=pod,
            idle=idle,
            most=most,
            storage=storage,
            kind=kind,
        )


def _components(settings: ReleaseSettings) -> Iterator[_Row]:
    readers = dag_readers(settings)
    for each, name, key in (
        (settings.scheduler, "scheduler", "scheduler"),
        (settings.api_server, settings.dialect.ui_server, ""),
        (settings.triggerer, "triggerer", "triggerer"),
        (settings.dag_processor, "dag-processor", "dagProcessor"),
    ):
        if each is not None:
            groomer: LogGroomer | None = getattr(each, "log_groomer", None)
            yield name, _pod(settings, each, groomer, reads_dags=key in readers), *_counts(each), 0, "component"


def _single(settings: ReleaseSettings) -> Iterator[_Row]:
    for alone, name in (
        (settings.statsd, "statsd"),
        (settings.otel_collector, "otel-collector"),
        (settings.flower, "flower"),
    ):
        if alone is not None:
            pod = PodRequests.of(
                [alone.resources, *getattr(alone, "containers", ())], getattr(alone, "init_containers", ())
            )
            yield name, pod, 1, 1, 0, "component"
    pgbouncer = settings.database.pgbouncer
    if pgbouncer is not None:
        pod = PodRequests.of([pgbouncer.resources, pgbouncer.exporter_resources])
        yield "pgbouncer", pod, pgbouncer.replicas, pgbouncer.replicas, 0, "component"


def _celery(settings: ReleaseSettings) -> Iterator[_Row]:
    celery = celery_of(settings.executor)
    if celery is None:
        return
    for workers in all_workers(celery):
        name = f"worker-{workers.name}" if isinstance(workers, WorkerSet) else "worker"
        storage = 0 if workers.storage is None else quantity(workers.storage.size)
        yield name, _worker(settings, workers), *_counts(workers), storage, "component"
    if isinstance(celery.broker, RedisBroker):
        volume = celery.broker.storage
        storage = 0 if volume is None else quantity(volume.size)
        yield "redis", PodRequests.of([celery.broker.resources]), 1, 1, storage, "component"


def _tasks(effective: EffectiveSettings) -> Iterator[_Row]:
    settings = effective.settings
    asked = task_resources_of(settings.executor)
    if asked is None:
        return
    own = settings.task_pods.default.resources or asked
    git = settings.git_sync
    pod = PodRequests.of([own], [] if git is None else [git.resources])
    yield "task pods", pod, 0, task_slots(effective), 0, "tasks"


def largest_task_pod(settings: ReleaseSettings) -> PodRequests | None:
    """The largest amount of each resource that a task pod requests; None if tasks do not run in pods."""
    asked = task_resources_of(settings.executor)
    if asked is None:
        return None
    git = [] if settings.git_sync is None else [settings.git_sync.resources]
    default = settings.task_pods.default
    pods = (default, *settings.task_pods.templates.values())
    return largest_of(PodRequests.of([each.resources or default.resources or asked], git) for each in pods)


def _hooks(settings: ReleaseSettings) -> Iterator[_Row]:
    migration = settings.migration
    pod = PodRequests.of([migration.resources], [SECRETS_WAITER, *migration.init_containers])
    yield "migration Job", pod, 1, 1, 0, "job"
    if settings.admin is not None:
        yield "Job that creates the admin account", PodRequests.of([settings.admin.resources]), 1, 1, 0, "job"


def _cron_jobs(settings: ReleaseSettings) -> Iterator[_Row]:
    if settings.cleanup is not None:
        yield "pod clean-up CronJob", PodRequests.of([settings.cleanup.resources]), 1, 1, 0, "job"
    if settings.database_cleanup is not None and settings.dialect.place("database_cleanup") is not None:
        yield "database clean-up CronJob", PodRequests.of([settings.database_cleanup.resources]), 1, 1, 0, "job"


def _worker(settings: ReleaseSettings, workers: CeleryWorkers) -> PodRequests:
    """A worker. Charts before 1.18 run its log groomer only next to a volume claim."""
    runs_groomer = (
        workers.storage is not None or settings.dialect.place("workers.log_groomer_without_claim") is not None
    )
    return _pod(settings, workers, workers.log_groomer if runs_groomer else None, reads_dags=True)


def _pod(settings: ReleaseSettings, given: Any, groomer: LogGroomer | None, *, reads_dags: bool) -> PodRequests:
    """A pod of a component, which waits for the migration with the resources of the component."""
    own: Resources = given.resources
    extra: Iterable[Mapping[str, Any]] = getattr(given, "containers", ())
    before: Iterable[Mapping[str, Any]] = getattr(given, "init_containers", ())
    git = settings.git_sync if reads_dags else None
    syncs: list[Container] = [] if git is None else [git.resources]
    groomers: list[Container] = [] if groomer is None else [groomer.resources]
    return PodRequests.of([own, *syncs, *groomers, *extra], [own, *syncs, *before])


def _counts(component: Any) -> tuple[int, int]:
    """The number of replicas while nothing runs, and at most."""
    scaling = getattr(component, "scaling", None)
    if scaling is None:
        return component.replicas, component.replicas
    return scaling.min_replicas, scaling.max_replicas

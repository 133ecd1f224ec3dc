"""The pods of a release that always run, and those of its hooks, as a ResourceQuota counts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.airflow.executors import CeleryWorkers, RedisBroker, celery_of
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.dags import dag_readers
from cdk8s_airflow.airflow.wire.executors import all_workers
from cdk8s_airflow.airflow.wire.migration import SECRETS_WAITER
from cdk8s_airflow.model.pod_requests import Container, PodRequests
from cdk8s_airflow.model.resources import Resources


def always_running(settings: ReleaseSettings) -> Iterator[tuple[int, PodRequests]]:
    """The number of pods of each component, at least, and the requests of one of them with all its containers.

    Tasks, Jobs, and the second set of pods during an upgrade come on top.
    """
    yield from _components(settings)
    celery = celery_of(settings.executor)
    if celery is not None:
        yield from ((_count(each), _worker(settings, each)) for each in all_workers(celery))
        if isinstance(celery.broker, RedisBroker):
            yield 1, PodRequests.of([celery.broker.resources])
    for alone in (settings.statsd, settings.otel_collector, settings.flower):
        if alone is not None:
            yield (
                1,
                PodRequests.of(
                    [alone.resources, *getattr(alone, "containers", ())], getattr(alone, "init_containers", ())
                ),
            )
    pgbouncer = settings.database.pgbouncer
    if pgbouncer is not None:
        yield pgbouncer.replicas, PodRequests.of([pgbouncer.resources, pgbouncer.exporter_resources])


def hooks(settings: ReleaseSettings) -> Iterator[PodRequests]:
    """The requests of each Job that runs during an install or upgrade, one after the other."""
    migration = settings.migration
    yield PodRequests.of([migration.resources], [SECRETS_WAITER, *migration.init_containers])
    if settings.admin is not None:
        yield PodRequests.of([settings.admin.resources])


def _components(settings: ReleaseSettings) -> Iterator[tuple[int, PodRequests]]:
    readers = dag_readers(settings)
    for each, key in (
        (settings.scheduler, "scheduler"),
        (settings.api_server, ""),
        (settings.triggerer, "triggerer"),
        (settings.dag_processor, "dagProcessor"),
    ):
        if each is not None:
            groomer: LogGroomer | None = getattr(each, "log_groomer", None)
            yield _count(each), _pod(settings, each, groomer, reads_dags=key in readers)


def _worker(settings: ReleaseSettings, workers: CeleryWorkers) -> PodRequests:
    """A worker. Charts before 1.18 run its log groomer only next to a volume claim."""
    runs_groomer = (
        workers.storage is not None or settings.dialect.place("workers.log_groomer_without_claim") is not None
    )
    return _pod(settings, workers, workers.log_groomer if runs_groomer else None, reads_dags=True)


def _pod(settings: ReleaseSettings, given: Any, groomer: LogGroomer | None, *, reads_dags: bool) -> PodRequests:
    """A pod of a component, which waits for the migration with the resources of the component."""
    own: Resources = given.resources
    extra: Iterable[Mapping[str, Any]] = given.containers
    before: Iterable[Mapping[str, Any]] = given.init_containers
    git = settings.git_sync if reads_dags else None
    syncs: list[Container] = [] if git is None else [git.resources]
    groomers: list[Container] = [] if groomer is None else [groomer.resources]
    return PodRequests.of([own, *syncs, *groomers, *extra], [own, *syncs, *before])


def _count(component: Any) -> int:
    scaling = getattr(component, "scaling", None)
    count: int = component.replicas if scaling is None else scaling.min_replicas
    return count

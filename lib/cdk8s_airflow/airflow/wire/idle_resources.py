"""What a release asks for all the time, for namespaces that bound it."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.executors import RedisBroker, celery_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.executors import all_workers
from cdk8s_airflow.model.resources import Resources


def always_running(settings: ReleaseSettings) -> Iterator[tuple[int, Resources]]:
    """How many of each component there are at least, and what the component's own container asks for.

    It is less than what really runs: containers beside a component, tasks, jobs, and the second set of pods during an upgrade
    come on top.
    """
    celery = celery_of(settings.executor)
    workers = () if celery is None else all_workers(celery)
    replicated = (settings.scheduler, settings.api_server, settings.triggerer, settings.dag_processor, *workers)
    for each in replicated:
        if each is not None:
            scaling = getattr(each, "scaling", None)
            yield each.replicas if scaling is None else scaling.min_replicas, each.resources
    for alone in (settings.statsd, settings.otel_collector, settings.flower):
        if alone is not None:
            yield 1, alone.resources
    if celery is not None and isinstance(celery.broker, RedisBroker):
        yield 1, celery.broker.resources

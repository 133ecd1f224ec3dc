"""How many tasks a release runs at once, and how many pods it starts in a minute, as far as its settings limit them.

Sources: ``SchedulerJobRunner`` and ``KubernetesExecutor`` of Airflow 2.9 to 3.2. Each loop of a scheduler queues at most
``max_tis_per_query`` tasks, while its executors run fewer than ``parallelism``; then each executor is called once, and
KubernetesExecutor creates at most ``worker_pods_creation_batch_size`` pods, one after the other. With work to do, the next loop
follows at once. ``scheduler_heartbeat_sec`` is the interval of a record in the database; no loop waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.airflow.executors import celery_of
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.sessions import AirflowOptions, task_slots, worker_slots
from cdk8s_airflow.validation.frozen import frozen

LOOP_SECONDS = 1
"""The duration of a loop in the model, pods that it creates included. On two busy cores, loops with 4 pods took 0.4 to 2.1 s."""

TASK_MINUTES = 1
"""The duration of a task in the model, start of its pod included."""


@frozen
class ThroughputLimit:
    """A limit on the number of tasks.

    Attributes:
        what: what is limited.
        number: the limit.
        source: what it is computed from.
        setting: what changes it.
        limits_all: whether it limits a release whose tasks name no pool, and not only one DAG or one of several executors.
    """

    what: str
    number: int
    source: str
    setting: str
    limits_all: bool = True


@frozen
class ReleaseThroughput:
    """The limits of a release.

    Attributes:
        release: its name.
        at_once: the limits on tasks that run at the same time.
        per_minute: the limits on tasks that start in a minute.
    """

    release: str
    at_once: tuple[ThroughputLimit, ...]
    per_minute: tuple[ThroughputLimit, ...]

    @property
    def smallest_at_once(self) -> ThroughputLimit:
        """The smallest limit on tasks that run at the same time."""
        return _smallest(self.at_once)

    @property
    def smallest_per_minute(self) -> ThroughputLimit:
        """The smallest limit on tasks that start in a minute."""
        return _smallest(self.per_minute)


def release_throughput(effective: EffectiveSettings) -> ReleaseThroughput:
    """The limits of a release."""
    at_once = tuple(_at_once(effective))
    per_minute = tuple(_per_minute(effective, _smallest(at_once)))
    return ReleaseThroughput(release=effective.settings.release, at_once=at_once, per_minute=per_minute)


def _smallest(limits: Iterable[ThroughputLimit]) -> ThroughputLimit:
    return min((each for each in limits if each.limits_all), key=lambda each: each.number)


def _at_once(effective: EffectiveSettings) -> Iterator[ThroughputLimit]:
    settings, options = effective.settings, AirflowOptions(effective)
    schedulers = effective.replicas("scheduler")
    yield ThroughputLimit(
        what="tasks of all schedulers",
        number=task_slots(effective),
        source=f"{_counted(schedulers, 'scheduler')} × core.parallelism {options.parallelism}",
        setting="Throughput(tasks=), Scheduler(replicas=)",
    )
    celery = celery_of(settings.executor)
    if celery is not None:
        slots = worker_slots(effective, celery)
        yield ThroughputLimit(
            what="tasks in Celery workers",
            number=slots,
            source="maximum of workers × celery.worker_concurrency",
            setting="CeleryWorkers(replicas=, scaling=), CeleryExecutor(concurrency=)",
            limits_all=not (settings.has_task_pods or settings.runs_tasks_in_scheduler),
        )
    yield ThroughputLimit(
        what="tasks in the default pool",
        number=options.number("core", "default_pool_task_slot_count"),
        source="core.default_pool_task_slot_count, when the database is created",
        setting="Admin > Pools",
    )
    yield ThroughputLimit(
        what="tasks of one DAG",
        number=options.number("core", "max_active_tasks_per_dag"),
        source="core.max_active_tasks_per_dag",
        setting="Throughput(tasks_per_dag=)",
        limits_all=False,
    )


def _per_minute(effective: EffectiveSettings, at_once: ThroughputLimit) -> Iterator[ThroughputLimit]:
    settings, options = effective.settings, AirflowOptions(effective)
    schedulers = effective.replicas("scheduler")
    loops = schedulers * 60 // LOOP_SECONDS
    queued = options.number("scheduler", "max_tis_per_query") or options.parallelism
    loop = f"{_counted(schedulers, 'scheduler')} × {60 // LOOP_SECONDS} loops"
    yield ThroughputLimit(
        what="tasks queued",
        number=loops * queued,
        source=f"{loop} × scheduler.max_tis_per_query {queued}",
        setting="Throughput(tasks_per_query=)",
    )
    if settings.has_task_pods:
        pods = options.number("kubernetes_executor", "worker_pods_creation_batch_size")
        yield ThroughputLimit(
            what="pods created",
            number=loops * pods,
            source=f"{loop} × kubernetes_executor.worker_pods_creation_batch_size {pods}",
            setting="Throughput(pods_per_loop=)",
            limits_all=celery_of(settings.executor) is None and not settings.runs_tasks_in_scheduler,
        )
    yield ThroughputLimit(
        what=f"tasks of {_counted(TASK_MINUTES, 'minute')} each",
        number=at_once.number // TASK_MINUTES,
        source=f"{at_once.number} at once",
        setting=at_once.setting,
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

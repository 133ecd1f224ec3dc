"""How many database sessions a release can open. Source: Airflow's code in the versions below, and its ``config.yml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.executors import CeleryExecutor, celery_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.database import absolute_host
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.executors import all_workers
from cdk8s_airflow.model.sessions import DatabaseServer, Demand, Line

DEFAULTS: Mapping[tuple[str, str], int] = {
    ("core", "max_active_tasks_per_dag"): 16,
    ("core", "parallelism"): 32,
    ("core", "default_pool_task_slot_count"): 128,
    ("database", "sql_alchemy_pool_size"): 5,
    ("database", "sql_alchemy_max_overflow"): 10,
    ("kubernetes_executor", "worker_pods_creation_batch_size"): 1,
    ("scheduler", "max_tis_per_query"): 16,
    ("scheduler", "parsing_processes"): 2,
    ("dag_processor", "parsing_processes"): 2,
    ("webserver", "workers"): 4,
    ("celery", "worker_concurrency"): 16,
}
"""Airflow's defaults, the same in 2.9 to 3.3."""

THREADS = 40
"""Requests that one process of Airflow 3's API server handles at once: the thread limit of its web framework (anyio)."""


class AirflowOptions:
    """Options of airflow.cfg as Airflow reads them, with its defaults for those that are not set."""

    def __init__(self, effective: EffectiveSettings) -> None:
        self._option = effective.option
        self._dialect = effective.settings.dialect

    def number(self, section: str, option: str) -> int:
        """An integer, or Airflow's default if the option is not set or is no integer."""
        found: Any = self._option(section, option)
        try:
            return int(found)
        except (TypeError, ValueError, OverflowError):
            if (section, option) == ("api", "workers"):
                return self._dialect.figure("api_server.workers")
            return DEFAULTS[section, option]

    def word(self, section: str, option: str, default: str) -> str:
        """A string."""
        found = self._option(section, option)
        return default if found is None else str(found)

    @property
    def parallelism(self) -> int:
        """How many tasks one scheduler runs at once. With 0, the only limit is the number of slots of the default pool."""
        return self.number("core", "parallelism") or self.number("core", "default_pool_task_slot_count")

    @property
    def pool(self) -> int | None:
        """The largest number of connections of one pool; None without a limit."""
        if self.word("database", "sql_alchemy_pool_enabled", "True").lower() in ("false", "f", "0"):
            return None
        size, overflow = (
            self.number("database", "sql_alchemy_pool_size"),
            self.number("database", "sql_alchemy_max_overflow"),
        )
        return None if overflow < 0 or size == 0 else size + overflow

    def bounded(self, threads: int) -> int:
        """The sessions of threads that each keep one open, for all replicas."""
        return threads if self.pool is None else min(threads, self.pool)


def task_slots(effective: EffectiveSettings) -> int:
    """The number of tasks that all schedulers of a release run at once."""
    return AirflowOptions(effective).parallelism * effective.replicas("scheduler")


def release_lines(effective: EffectiveSettings) -> list[Line]:
    """Everything of a release that opens sessions for Airflow's own data, but for the migration.

    A loop of scheduler, triggerer or DAG processor opens one session, and a second one within it; a probe is a separate program
    with one. A worker of Airflow 2's web server handles one request at a time. A task of Airflow 2 opens one; its second, for a
    heartbeat, lasts milliseconds and is not counted. Tasks of Airflow 3 use the API server.
    """
    return [line for line in _lines(effective) if line.sessions]


def _lines(effective: EffectiveSettings) -> Iterator[Line]:
    settings, options = effective.settings, AirflowOptions(effective)
    dialect = settings.dialect
    schedulers = effective.replicas("scheduler")
    yield Line(what="scheduler", count=schedulers, each=options.bounded(2) + 1)
    parsers = options.number(dialect.name("parsing.section"), "parsing_processes")
    # Processes that parse DAG files connect to the database if they are not isolated; their manager has its own session.
    reading = 1 + (0 if dialect.has("parsing.isolated") else parsers)
    if settings.dag_processor is not None:
        yield Line(what="DAG processor", count=effective.replicas("dag_processor"), each=1 + reading)
    else:
        yield Line(what="DAG files read by the scheduler", count=schedulers, each=reading)
    yield _ui(effective, options)
    if settings.triggerer is not None:
        each = dialect.figure("triggerer.sessions")
        yield Line(what="triggerer", count=effective.replicas("triggerer"), each=each)
    yield from _tasks(effective, options)
    if settings.cleanup is not None:
        yield Line(what="cleanup of pods", count=1, each=1)
    if settings.database_cleanup is not None:
        yield Line(what="cleanup of the database", count=1, each=1)
    if settings.admin is not None:
        yield Line(what="Job for the admin account", count=1, each=1)
    if settings.keda_arguments:
        yield Line(what="KEDA", count=len(settings.keda_arguments), each=1)


def _ui(effective: EffectiveSettings, options: AirflowOptions) -> Line:
    settings, replicas = effective.settings, effective.replicas("api_server")
    dialect = settings.dialect
    if not dialect.has("ui_server.serves_tasks"):
        workers = options.number("webserver", "workers")
        plain = options.word("webserver", "worker_class", "sync") == "sync"
        each = 2 if plain else options.bounded(THREADS)
        return Line(what="worker of the web server", count=replicas * workers, each=each)
    each = options.bounded(THREADS)
    is_set = dialect.has("api_server.async_pool_is_set")
    each += options.bounded(THREADS) if is_set else dialect.figure("api_server.async_sessions")
    return Line(what="process of the API server", count=replicas * options.number("api", "workers"), each=each)


def _tasks(effective: EffectiveSettings, options: AirflowOptions) -> Iterator[Line]:
    settings, slots = effective.settings, options.parallelism * effective.replicas("scheduler")
    celery = celery_of(settings.executor)
    in_workers = 0
    isolated = settings.dialect.has("tasks.isolated")
    if celery is not None:
        in_workers = worker_slots(effective, celery)
        if not isolated:
            yield Line(what="task in a Celery worker", count=min(in_workers, slots), each=1)
        if not separate_results(settings):
            yield from result_lines(effective)
    if not (settings.has_task_pods or settings.runs_tasks_in_scheduler):
        return
    left = max(slots - in_workers, 0) if celery is not None else slots
    if not isolated:
        place = "in a pod" if settings.has_task_pods else "in the scheduler"
        yield Line(what=f"task {place}", count=left, each=1)
    elif settings.has_task_pods and settings.task_pods.metadata_database:
        yield Line(what="task in a pod that may use the database", count=left, each=1)


def worker_slots(effective: EffectiveSettings, celery: CeleryExecutor) -> int:
    """The number of tasks that all Celery workers run at once, at the maximum of their autoscalers."""
    concurrency = celery.concurrency or AirflowOptions(effective).number("celery", "worker_concurrency")
    return concurrency * sum(each.most_replicas for each in all_workers(celery))


def result_lines(effective: EffectiveSettings) -> Iterator[Line]:
    """Sessions for Celery's results: one for each slot of a worker, and one for each scheduler."""
    settings = effective.settings
    celery = celery_of(settings.executor)
    if celery is None:
        return
    yield Line(what="result of a task in a Celery worker", count=worker_slots(effective, celery), each=1)
    yield Line(what="results read by the scheduler", count=effective.replicas("scheduler"), each=1)


def separate_results(settings: ReleaseSettings) -> bool:
    """Whether Celery's results are in another database, or use a separate pool."""
    celery, database = celery_of(settings.executor), settings.database
    if celery is None or celery.result_backend is not None:
        return celery is not None
    return database.results is not None or database.pgbouncer is not None


def demands(effective: EffectiveSettings) -> list[Demand]:
    """What a release opens, server by server.

    With a pooler, the release opens sessions of the pooler, and the pooler opens those of the database. Only the migration, which
    bypasses the pooler, still opens its own there.
    """
    settings = effective.settings
    database, who = settings.database, f"release {settings.release}"
    server = database.server or DatabaseServer(name="", takes=None)
    if not server.name:
        server = replace(server, name=_server_name(settings))
    migration = Line(what="migration", count=1, each=2)
    lines = release_lines(effective)
    fixes = tuple(_fixes(settings))
    results = list(result_lines(effective)) if separate_results(settings) else []
    bouncer = database.pgbouncer
    if bouncer is not None:
        pools = bouncer.pool_size + (bouncer.results_pool if settings.has_celery_workers else 0)
        opened = Line(what="PgBouncer", count=bouncer.replicas, each=pools)
        pooler = DatabaseServer(
            name=f"PgBouncer of release {settings.release} in {settings.namespace}",
            takes=bouncer.max_clients * bouncer.replicas,
            grow="raise max_clients= of PgBouncer",
        )
        own = results if celery_without_backend(settings) else []
        return [
            Demand(who=who, server=pooler, lines=(*lines, *own), fixes=fixes),
            Demand(who=who, server=server, lines=(opened, migration), fixes=("lower pool_size= of PgBouncer",)),
        ]
    if database.pooler is None:
        return [Demand(who=who, server=server, lines=(*lines, migration), fixes=(*fixes, _POOLER))]
    found = [
        Demand(who=who, server=database.pooler, lines=tuple(lines), fixes=fixes),
        Demand(who=who, server=server, lines=(migration,), fixes=()),
    ]
    if database.results_pooler is not None and results:
        found.append(Demand(who=who, server=database.results_pooler, lines=tuple(results), fixes=fixes))
    return found


_POOLER = "add a pooler: CnpgPooler, or ExternalDatabase(pooling=PgBouncer(...))"


def celery_without_backend(settings: ReleaseSettings) -> bool:
    """Whether Celery's results are in the database of Airflow."""
    celery = celery_of(settings.executor)
    return celery is not None and celery.result_backend is None


def _server_name(settings: ReleaseSettings) -> str:
    """The server of a database that is not part of the app: its address, or the Secret in the namespace of the release."""
    address = settings.database.address
    if address is not None:
        return f"the database at {absolute_host(address.host, settings.namespace)}:{address.port}"
    return f"the database in Secret {settings.namespace}/{settings.database.secret}"


def _fixes(settings: ReleaseSettings) -> Iterator[str]:
    if not settings.dialect.has("tasks.isolated"):
        yield "run fewer tasks at once: throughput=Throughput(tasks=...)"
    yield "open fewer for each process: throughput=Throughput(pool_size=..., max_overflow=...)"
    if settings.has_celery_workers:
        yield "lower concurrency= or replicas of the Celery workers"

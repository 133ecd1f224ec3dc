"""airflow.cfg: options of Airflow without an argument of their own, and limits of parallel work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.validation.constraints import Count, Must, at_least
from cdk8s_airflow.validation.frozen import frozen

_SECTION = regex(r"[a-z][a-z0-9_.-]*")
_OPTION = regex(r"[a-z][a-z0-9_]*")

SectionName = Annotated[
    str,
    Must(
        lambda text: _SECTION.fullmatch(text) is not None and text.upper() != "DEFAULT",
        "must be the name of a section of airflow.cfg",
        'use the name in lower case and without brackets, like "core"',
        "argument/name",
    ),
]
"""The name of a section of airflow.cfg."""

OptionName = Annotated[
    str,
    Must(
        lambda text: _OPTION.fullmatch(text) is not None,
        "must be the name of an option of airflow.cfg",
        'use the name in lower case, like "parallelism"',
        "argument/name",
    ),
]
"""The name of an option of airflow.cfg."""

ConfigValue = str | int | float | bool | SecretKey
"""The value of an option; a :class:`SecretKey` for a secret."""

Config = Mapping[SectionName, Mapping[OptionName, ConfigValue]]
"""Sections of airflow.cfg with their options.

Values arrive in Airflow unchanged: booleans as ``True`` and ``False``, numbers in digits, strings as they are, including
``{{ }}`` and ``%``. One exception is Airflow's own: it replaces ``$NAME`` with the environment variable and a leading ``~`` with
the home folder.
"""


@frozen
class Throughput:
    """Limits on parallelism: a set of options of airflow.cfg that belong together.

    Start from :meth:`small` or :meth:`large`, or set single limits; those that you do not set keep Airflow's default. An option in
    ``config=`` overrides the same one here. More throughput requires more connections to the database (:attr:`connections` for
    each process with a pool), more Kubernetes API calls, and more CPU for the scheduler.

    Attributes:
        tasks: tasks that one scheduler runs at once (``core.parallelism``). Each requires a pod with its requests, or a slot of
            a worker; with Airflow 2 each opens at least one connection to the database. Airflow's default: 32.
        tasks_per_dag: tasks of one DAG at once (``core.max_active_tasks_per_dag``). Airflow's default: 16.
        runs_per_dag: runs of one DAG at once (``core.max_active_runs_per_dag``). Airflow's default: 16.
        pods_per_loop: pods that the KubernetesExecutor creates in one loop of the scheduler
            (``kubernetes_executor.worker_pods_creation_batch_size``). They are created one after the other, and the scheduler
            does nothing else meanwhile. Ignored without such an executor. Airflow's default: 1.
        heartbeat: seconds between two heartbeats that the scheduler writes to the database (``scheduler.scheduler_heartbeat_sec``).
            Its loop does not wait for them, so fewer seconds do not start more tasks. Airflow's default: 5.
        tasks_per_query: tasks in one critical section of the scheduler, while other schedulers wait
            (``scheduler.max_tis_per_query``); at most ``tasks``. Airflow's default: 16.
        parsing_processes: DAG files that are parsed at once (``dag_processor.parsing_processes``, with Airflow 2 in
            ``scheduler``). The DAG processor needs as many cores and connections; with Airflow 2 and no DAG processor, the
            scheduler does. Airflow's default: 2.
        pool_size: connections to the database that each process keeps open (``database.sql_alchemy_pool_size``). Airflow's
            default: 5.
        max_overflow: additional connections under load (``database.sql_alchemy_max_overflow``). Airflow's default: 10.
    """

    how_to_write: ClassVar[str] = "Throughput.large()"

    tasks: Count | None = None
    tasks_per_dag: Count | None = None
    runs_per_dag: Count | None = None
    pods_per_loop: Count | None = None
    heartbeat: Count | None = None
    tasks_per_query: Count | None = None
    parsing_processes: Count | None = None
    pool_size: Count | None = None
    max_overflow: Annotated[int, at_least(0)] | None = None

    @classmethod
    def small(cls) -> Throughput:
        """For a lab: one or two nodes, and a database with PostgreSQL's default of 100 connections.

        16 tasks at once; 8 tasks and 4 runs per DAG; 4 pods per loop; one DAG file at a time; 5 connections per process, 5 more
        under load. With one scheduler, API server, triggerer and DAG processor the pools stay below 40 connections; with
        Airflow 2, tasks add up to 16.
        """
        return cls(
            tasks=16,
            tasks_per_dag=8,
            runs_per_dag=4,
            pods_per_loop=4,
            tasks_per_query=16,
            parsing_processes=1,
            pool_size=5,
            max_overflow=5,
        )

    @classmethod
    def large(cls) -> Throughput:
        """For hundreds of tasks at once: several nodes, two schedulers, a database with a pooler.

        128 tasks per scheduler, 32 per DAG. 16 pods per loop, a heartbeat each second, 32 tasks per critical section. 4 DAG
        files at once. 10 connections per process, 20 more under load.

        This needs up to 30 connections for each scheduler, API server process, triggerer and DAG processor. With Airflow 2 it
        also needs a connection for each task: 256 with two schedulers. Each loop of the scheduler creates up to 16 pods, with
        as many Kubernetes API calls. Set requests of at least 1 CPU and 4Gi for the schedulers.
        """
        return cls(
            tasks=128,
            tasks_per_dag=32,
            runs_per_dag=16,
            pods_per_loop=16,
            heartbeat=1,
            tasks_per_query=32,
            parsing_processes=4,
            pool_size=10,
            max_overflow=20,
        )

    @property
    def connections(self) -> int:
        """The largest number of connections to the database that one process opens."""
        pool = 5 if self.pool_size is None else self.pool_size
        overflow = 10 if self.max_overflow is None else self.max_overflow
        return pool + overflow

    @property
    def options(self) -> dict[tuple[str, str], int]:
        """Section and option -> value, for the limits that are set."""
        said = {
            ("core", "parallelism"): self.tasks,
            ("core", "max_active_tasks_per_dag"): self.tasks_per_dag,
            ("core", "max_active_runs_per_dag"): self.runs_per_dag,
            ("kubernetes_executor", "worker_pods_creation_batch_size"): self.pods_per_loop,
            ("scheduler", "scheduler_heartbeat_sec"): self.heartbeat,
            ("scheduler", "max_tis_per_query"): self.tasks_per_query,
            ("dag_processor", "parsing_processes"): self.parsing_processes,
            ("database", "sql_alchemy_pool_size"): self.pool_size,
            ("database", "sql_alchemy_max_overflow"): self.max_overflow,
        }
        return {name: value for name, value in said.items() if value is not None}

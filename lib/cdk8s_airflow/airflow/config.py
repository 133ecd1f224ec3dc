"""airflow.cfg: options of Airflow that no other argument says, and figures for throughput."""

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
        "is not a section that airflow.cfg can have",
        'Write its name in lower case and without brackets, like "core"; Airflow reads no other',
        "argument/name",
    ),
]
"""The name of a section of airflow.cfg."""

OptionName = Annotated[
    str,
    Must(
        lambda text: _OPTION.fullmatch(text) is not None,
        "is not an option that airflow.cfg can have",
        'write it in lower case, like "parallelism"',
        "argument/name",
    ),
]
"""The name of an option of airflow.cfg."""

ConfigValue = str | int | float | bool | SecretKey
"""What an option can be set to; a :class:`SecretKey` where nobody may read it."""

Config = Mapping[SectionName, Mapping[OptionName, ConfigValue]]
"""Sections of airflow.cfg, each with its options.

A value arrives as Airflow reads it: True and False as ``True`` and ``False``, numbers in digits, a text as it is, with
``{{ }}`` and ``%`` in it. One thing Airflow itself does to any value: it puts environment variables in for ``$NAME`` and the
home folder for a leading ``~``.
"""


@frozen
class Throughput:
    """How much Airflow does at once: a set of options of airflow.cfg that belong together.

    Start from :meth:`small` or :meth:`large`, or give single figures; what is left out stays as Airflow has it. An option in
    ``config=`` wins over the same one here. More throughput is paid for with connections to the database
    (:attr:`connections` for each process that has a pool), with calls of the Kubernetes API, and with CPU of the scheduler.

    Attributes:
        tasks: tasks that one scheduler runs at once (``core.parallelism``). Each is a pod with its requests, or a slot of a
            worker; with Airflow 2 each holds at least one connection to the database. Airflow's own: 32.
        tasks_per_dag: tasks of one DAG at once (``core.max_active_tasks_per_dag``). Airflow's own: 16.
        runs_per_dag: runs of one DAG at once (``core.max_active_runs_per_dag``). Airflow's own: 16.
        pods_per_loop: pods that the KubernetesExecutor creates in one turn of the scheduler
            (``kubernetes_executor.worker_pods_creation_batch_size``): as many calls of the Kubernetes API in a burst, one after the
            other, during which the scheduler does nothing else. Left out without such an executor. Airflow's own: 1.
        heartbeat: seconds between two heartbeats of the scheduler (``scheduler.scheduler_heartbeat_sec``); each asks the database,
            and syncs the executor. Airflow's own: 5.
        tasks_per_query: tasks looked at in one critical section of the scheduler, during which other schedulers wait
            (``scheduler.max_tis_per_query``); no more than ``tasks``. Airflow's own: 16.
        parsing_processes: DAG files that are read at once (``dag_processor.parsing_processes``, with Airflow 2 under
            ``scheduler``): so many cores and connections of the DAG processor, with Airflow 2 without one of the scheduler.
            Airflow's own: 2.
        pool_size: connections to the database that each process keeps (``database.sql_alchemy_pool_size``). Airflow's own: 5.
        max_overflow: connections that it opens beyond that when busy (``database.sql_alchemy_max_overflow``). Airflow's own: 10.
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
        """For a laboratory: a node or two, a database with the 100 connections that PostgreSQL has from the start.

        16 tasks at once, 8 of a DAG, 4 runs of a DAG; 4 pods a turn; one DAG file at a time; 5 connections a process, 5 more
        when busy. With one scheduler, UI server, triggerer and DAG processor the pools stay below 40 connections; with
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
        """For hundreds of tasks at once: several nodes, two schedulers, a database behind a pooler.

        128 tasks for each scheduler, 32 of a DAG; 16 pods a turn; a heartbeat each second; 32 tasks in a critical section; 4
        DAG files at once; 10 connections a process, 20 more when busy. It costs up to 30 connections for each scheduler, UI
        server process, triggerer and DAG processor, five times as many rounds of the scheduler as Airflow's own, bursts of 16
        calls of the Kubernetes API, and with Airflow 2 a connection for each task: 256 with two schedulers. Give the schedulers
        at least 1 CPU and 4Gi.
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
        """Connections to the database that one process opens at most."""
        pool = 5 if self.pool_size is None else self.pool_size
        overflow = 10 if self.max_overflow is None else self.max_overflow
        return pool + overflow

    @property
    def options(self) -> dict[tuple[str, str], int]:
        """Section and option -> value, for what was said."""
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

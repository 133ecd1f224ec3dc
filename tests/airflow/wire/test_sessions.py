"""How many sessions a release opens, calculated by hand in the comments.

Of every process: a loop (scheduler, manager of DAG files, triggerer) opens 2; a probe is a separate program with 1. By default,
a pool opens at most 5 + 10 = 15.
"""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.authentication import AdminAccount
from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, DatabaseCleanup, PodCleanup, Scheduler, Triggerer
from cdk8s_airflow.airflow.config import Throughput
from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    LocalExecutor,
    RedisBroker,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.database.connection import DatabaseAddress, DatabaseConnection
from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.scaling import Keda
from cdk8s_airflow.model.secret_reference import (
    BasicAuthSecret,
    BrokerUrlSecret,
    PgBouncerSecret,
    RedisPasswordSecret,
    ResultBackendSecret,
)
from cdk8s_airflow.model.sessions import DatabaseServer, Demand, Line, over, session_report
from tests.airflow.wire.samples import release

BROKER = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
DB = DatabaseServer(name="Cluster data/pg", takes=100, reserved=3)
TO = DatabaseAddress(host="pg-rw.data.svc", port=5432, database="airflow", user="airflow")


def sessions(pair: tuple[str, str], **changes: Any) -> dict[str, int]:
    """Server -> how many sessions it sees."""
    settings = release(pair, **{"database": DatabaseConnection(secret="metadata", server=DB), **changes})
    return {each.server.name: each.sessions for each in compile_release(settings).sessions}


def test_airflow_2_with_a_pod_for_each_task() -> None:
    # Scheduler 2 + 1 = 3. It reads DAG files itself: manager 1 + 2 readers = 3. Web server: 4 workers x 2 = 8. Triggerer: 2 + 1
    # thread that runs triggers + 1 = 4. Tasks: 32 pods x 1. Migration 2.
    # 3 + 3 + 8 + 4 + 32 + 2 = 52
    for pair in (("1.15.0", "2.9.3"), ("1.18.0", "2.10.5"), ("1.20.0", "2.11.0"), ("1.22.0", "2.11.0")):
        assert sessions(pair) == {"Cluster data/pg": 52}


def test_airflow_2_with_two_schedulers_has_twice_the_tasks() -> None:
    # Schedulers 2 x 3 = 6, reading 2 x 3 = 6, web server 8, triggerer 4, tasks 2 x 32 = 64, migration 2.
    # 6 + 6 + 8 + 4 + 64 + 2 = 90
    assert sessions(("1.15.0", "2.9.3"), scheduler=Scheduler(replicas=2)) == {"Cluster data/pg": 90}


def test_airflow_2_with_a_processor_of_its_own_for_dag_files() -> None:
    # Scheduler 3; DAG processor: 1 + manager 1 + 2 readers = 4; web server 8; triggerer 4; tasks 32; migration 2.
    # 3 + 4 + 8 + 4 + 32 + 2 = 53
    assert sessions(("1.15.0", "2.9.3"), dag_processor=DagProcessor()) == {"Cluster data/pg": 53}


@pytest.mark.parametrize(
    ("pair", "total"),
    [
        # Scheduler 3; DAG processor 1 + 1 = 2, its readers know no database; triggerer 2 + 1 = 3; migration 2: 10 in all.
        # 3.0: 4 processes of the API server, each answers up to 40 requests with a pool of 15: 4 x 15 = 60. 10 + 60 = 70
        (("1.18.0", "3.0.2"), 70),
        # 3.1: 1 process with 15, and a second engine with SQLAlchemy's own 15: 30. 10 + 30 = 40
        (("1.20.0", "3.1.8"), 40),
        # 3.2: 1 process with 15, and a second pool as large: 30. 10 + 30 = 40
        (("1.22.0", "3.2.2"), 40),
    ],
)
def test_tasks_of_airflow_3_ask_the_api_server(pair: tuple[str, str], total: int) -> None:
    assert sessions(pair) == {"Cluster data/pg": total}
    assert sessions(pair, executor=LocalExecutor()) == {"Cluster data/pg": total}


def test_tasks_of_airflow_3_that_may_use_the_database_count() -> None:
    # 40, and 32 tasks x 1: 72
    pods = TaskPods(metadata_database=True)
    assert sessions(("1.22.0", "3.2.2"), task_pods=pods) == {"Cluster data/pg": 72}


def test_pools_and_processes_are_those_of_airflow_cfg() -> None:
    # Pool 2 + 3 = 5, 3 processes of the API server: 3 x (5 + 5) = 30. Scheduler 3, DAG processor 2, triggerer 3, migration 2.
    # 30 + 3 + 2 + 3 + 2 = 40
    config = {"api": {"workers": 3}, "database": {"sql_alchemy_pool_size": 2, "sql_alchemy_max_overflow": 3}}
    assert sessions(("1.22.0", "3.2.2"), config=config) == {"Cluster data/pg": 40}


def test_replicas_among_the_values_count() -> None:
    # Two of each but the API server, of which there are three: 2 x 3 + 2 x 2 + 3 x 30 + 2 x 3 + 2 = 108
    values = {
        "scheduler": {"replicas": 2},
        "dagProcessor": {"replicas": 2},
        "triggerer": {"replicas": 2},
        "apiServer": {"replicas": 3},
    }
    assert sessions(("1.22.0", "3.2.2"), unchecked_values=values) == {"Cluster data/pg": 108}


def test_a_pool_without_an_end_ends_with_the_threads() -> None:
    # 40 threads and 40 at the second engine: 80. Scheduler 3, DAG processor 2, triggerer 3, migration 2: 90
    for options in ({"sql_alchemy_max_overflow": -1}, {"sql_alchemy_pool_enabled": False}):
        assert sessions(("1.22.0", "3.2.2"), config={"database": options}) == {"Cluster data/pg": 90}


def test_throughput_counts() -> None:
    # Pool 10 + 20 = 30: API server 30 + 30 = 60; scheduler 3, DAG processor 2, triggerer 3, migration 2: 70
    assert sessions(("1.22.0", "3.2.2"), throughput=Throughput.large()) == {"Cluster data/pg": 70}
    # Airflow 2, small: 16 tasks, 1 reader. 3 + 2 + 8 + 4 + 16 + 2 = 35
    assert sessions(("1.15.0", "2.9.3"), throughput=Throughput.small()) == {"Cluster data/pg": 35}


def test_tasks_without_a_bound_are_bounded_by_the_slots_of_their_pool() -> None:
    # 52 - 32 + 128 = 148
    assert sessions(("1.15.0", "2.9.3"), config={"core": {"parallelism": 0}}) == {"Cluster data/pg": 148}


@pytest.mark.parametrize(
    "config", [None, [], [None], "x", {"core": None}, {"core": []}, {"core": {"parallelism": "x"}}]
)
def test_what_nobody_could_read_in_values_is_airflows_own(config: Any) -> None:
    assert sessions(("1.15.0", "2.9.3"), unchecked_values={"config": config}) == {"Cluster data/pg": 52}


def test_celery_of_airflow_2() -> None:
    # 3 workers of 8 slots: 24 tasks x 1 + 24 results x 1 + the scheduler's 1 for results = 49. Scheduler 3, reading 3, web
    # server 8, triggerer 4, migration 2. 49 + 20 = 69
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=3), concurrency=8)
    assert sessions(("1.15.0", "2.9.3"), executor=celery) == {"Cluster data/pg": 69}


def test_no_more_tasks_run_in_celery_than_the_scheduler_hands_out() -> None:
    # 10 workers of 16 slots, but parallelism 32: 32 tasks; 160 slots keep a session for results; the scheduler's 1.
    # 32 + 160 + 1 + 3 + 3 + 8 + 4 + 2 = 213
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=10))
    assert sessions(("1.15.0", "2.9.3"), executor=celery) == {"Cluster data/pg": 213}


def test_celery_of_airflow_3_keeps_sessions_for_results_only() -> None:
    # 2 workers of 16: 32 results, 1 of the scheduler. 33 + 40 = 73
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=2))
    assert sessions(("1.22.0", "3.2.2"), executor=celery) == {"Cluster data/pg": 73}
    # Results elsewhere: 40
    elsewhere = CeleryExecutor(
        broker=BROKER, workers=CeleryWorkers(replicas=2), result_backend=ResultBackendSecret("results")
    )
    assert sessions(("1.22.0", "3.2.2"), executor=elsewhere) == {"Cluster data/pg": 40}


def test_what_scales_counts_with_the_most_there_can_be() -> None:
    # Workers up to 4 x 16 = 64 results, 1 of the scheduler, KEDA 1. 66 + 40 = 106
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=4)))
    assert sessions(("1.22.0", "3.2.2"), executor=celery) == {"Cluster data/pg": 106}


def test_celery_and_pods_share_what_runs_at_once() -> None:
    # 1 worker of 16 slots: 16 tasks + 16 results + 1; the other 32 - 16 = 16 tasks run in pods. 3 + 3 + 8 + 4 + 2 = 20.
    # 16 + 16 + 1 + 16 + 20 = 69
    both = CeleryKubernetesExecutor(broker=BROKER)
    assert sessions(("1.15.0", "2.9.3"), executor=both) == {"Cluster data/pg": 69}


def test_everything_else_that_opens_a_session() -> None:
    # 40; cleanup of pods 1, of rows 1, the Job for the account 1: 43. A second API server, triggerer and DAG processor:
    # 30 + 3 + 2 = 35. 78
    assert sessions(
        ("1.22.0", "3.2.2"),
        cleanup=PodCleanup(),
        database_cleanup=DatabaseCleanup(),
        admin=AdminAccount(credentials=BasicAuthSecret("admin"), email="a@example.com"),
        api_server=ApiServer(replicas=2),
        triggerer=Triggerer(replicas=2),
        dag_processor=DagProcessor(replicas=2),
    ) == {"Cluster data/pg": 78}


def test_behind_a_pooler_the_database_sees_the_migration_alone() -> None:
    pooler = DatabaseServer(name="Pooler data/pooler", takes=100)
    database = DatabaseConnection(secret="m", server=DB, pooler=pooler, address=TO, direct=TO)
    # All but the migration's 2 is the pooler's: 40 - 2 = 38.
    assert sessions(("1.22.0", "3.2.2"), database=database) == {"Pooler data/pooler": 38, "Cluster data/pg": 2}


def test_results_through_a_pooler_of_their_own() -> None:
    pooler, results = (
        DatabaseServer(name="Pooler data/pooler", takes=100),
        DatabaseServer(name="Pooler data/results", takes=100),
    )
    database = DatabaseConnection(
        secret="m", server=DB, pooler=pooler, results_pooler=results, results=TO, address=TO, direct=TO
    )
    # Results: 16 slots + 1 of the scheduler.
    assert sessions(("1.22.0", "3.2.2"), database=database, executor=CeleryExecutor(broker=BROKER)) == {
        "Pooler data/pooler": 38,
        "Pooler data/results": 17,
        "Cluster data/pg": 2,
    }


def test_behind_the_charts_pgbouncer_the_database_sees_its_pools() -> None:
    bouncer = PgBouncer(credentials=PgBouncerSecret("login"), replicas=2)
    database = DatabaseConnection(secret="m", server=DB, address=TO, pgbouncer=bouncer)
    name = "PgBouncer of release lab in airflow-lab"
    # 2 x 10 and the migration's 2; with Celery 2 x (10 + 5) and 2. Clients: 38; with Celery 17 for results too.
    assert sessions(("1.22.0", "3.2.2"), database=database) == {name: 38, "Cluster data/pg": 22}
    celery = CeleryExecutor(broker=BROKER)
    assert sessions(("1.22.0", "3.2.2"), database=database, executor=celery) == {name: 55, "Cluster data/pg": 32}


def test_a_server_that_nobody_told_the_size_of_is_named_all_the_same() -> None:
    assert sessions(("1.22.0", "3.2.2"), database=DatabaseConnection(secret="m")) == {
        "the database in Secret airflow-lab/m": 40
    }
    assert sessions(("1.22.0", "3.2.2"), database=DatabaseConnection(secret="m", address=TO)) == {
        "the database at pg-rw.data.svc:5432": 40
    }


# ------------------------------------------------------------------------------------------------ what a server takes


def demand(who: str, count: int, server: DatabaseServer = DB) -> Demand:
    return Demand(who=who, server=server, lines=(Line(what="process", count=count, each=1),), fixes=(f"fix {who}",))


def test_the_sum_of_sessions_is_compared_with_the_limit_without_superuser_connections() -> None:
    # 100 - 3 = 97
    assert list(over([demand("a", 97)])) == []
    assert list(over([demand("a", 50), demand("b", 47)])) == []
    (found,) = over([demand("a", 50), demand("b", 48)])
    assert (found.rule, found.at, found.seen) == ("database/connections", "database", "98")
    assert "97 sessions (100 minus 3 reserved)" in found.problem
    assert "up to 98 can be opened (50 by a + 48 by b)" in found.problem
    assert found.fix == "fix a, or fix b, or raise max_connections"


def test_of_a_server_of_unknown_size_nothing_is_too_much() -> None:
    unknown = DatabaseServer(name="somewhere", takes=None)
    assert list(over([demand("a", 10_000, unknown)])) == []
    assert session_report([demand("a", 7, unknown)]) == (
        "somewhere: up to 7 sessions; the maximum is unknown:\n  a: process: 7 x 1 = 7"
    )


def test_the_calculation_and_a_warning_near_the_limit_are_reported() -> None:
    # 80 of a hundred of 97 are 77.6.
    assert session_report([demand("a", 77)]) == (
        "Cluster data/pg: up to 77 sessions; the maximum is 97 sessions (100 minus 3 reserved):\n"
        "  a: process: 77 x 1 = 77"
    )
    assert "this is close to the maximum: raise max_connections before you add more" in session_report(
        [demand("a", 70), demand("b", 8)]
    )
    pooler = DatabaseServer(name="Pooler data/p", takes=50, grow="raise max_clients=")
    assert session_report([demand("a", 1, pooler)]).startswith(
        "Pooler data/p: up to 1 sessions; the maximum is 50 sessions:"
    )

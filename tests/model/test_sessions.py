"""Database sessions of an app: releases, poolers and databases add up, in any order of creation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    CnpgPooler,
    DatabaseConnection,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    LabDatabase,
    Namespace,
    PlatformError,
    Scheduler,
    SecretKey,
    Throughput,
    Volume,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.report.details import details_text
from tests.making import make_airflow, make_cluster, new_chart

OLD: dict[str, Any] = {"chart_version": "1.15.0", "airflow_version": "2.9.3"}


def seen(chart: Any) -> dict[str, int]:
    """Server -> the number of sessions opened there."""
    return {name: sum(each.sessions for each in found) for name, found in registry_of(chart).sessions.items()}


def test_release_within_the_limit_is_reported_but_not_rejected(tmp_path: Path) -> None:
    chart = new_chart()
    make_airflow(chart, database=make_cluster(chart).connection(bridge=ExistingSecret("m")))
    # Calculated in tests/airflow/wire/test_sessions.py: 40.
    assert seen(chart) == {"Cluster airflow-data/airflow-pg": 40}
    text = details_text(registry_of(chart), tmp_path)
    assert "Cluster airflow-data/airflow-pg: up to 40 sessions; the maximum is 97 sessions" in text
    assert "  release airflow: process of the API server: 1 x 30 = 30\n" in text
    assert "near" not in text


def test_too_many_sessions_are_rejected_with_both_numbers_and_fixes() -> None:
    chart = new_chart()
    database = make_cluster(chart).connection(bridge=ExistingSecret("m"))
    # 3 schedulers: 9 + 9 for reading + 8 + 4 + 96 tasks + 2 = 128 of 97.
    with pytest.raises(PlatformError) as caught:
        make_airflow(chart, database=database, scheduler=Scheduler(replicas=3), **OLD)
    (found,) = caught.value.findings
    assert (found.rule, found.at, found.seen) == ("database/connections", "database", "128")
    assert "97 sessions (100 minus 3 reserved)" in found.problem
    assert "task in a pod: 96 x 1 = 96" in found.problem
    for fix in ("Throughput(tasks=...)", "Throughput(pool_size=", "CnpgPooler", "max_connections"):
        assert fix in found.fix


def test_suggested_fixes_are_accepted() -> None:
    for changes, cluster in (
        ({"throughput": Throughput(tasks=16)}, {}),
        ({}, {"parameters": {"max_connections": "200"}}),
    ):
        chart = new_chart()
        database = make_cluster(chart, **cluster).connection(bridge=ExistingSecret("m"))
        make_airflow(chart, database=database, scheduler=Scheduler(replicas=3), **OLD, **changes)
    chart = new_chart()
    pooler = CnpgPooler(chart, "pooler", cluster=make_cluster(chart), max_clients=200)
    database = pooler.connection(bridge=ExistingSecret("m"))
    make_airflow(chart, database=database, scheduler=Scheduler(replicas=3), **OLD)
    # The pool of 10 and 2 of the migration; through the pooler 128 - 2 = 126 of its 200.
    assert seen(chart) == {"Cluster airflow-data/airflow-pg": 13, "Pooler airflow-data/airflow-pg-pooler": 126}


def test_pooler_clients_are_compared_with_max_client_conn() -> None:
    chart = new_chart()
    pooler = CnpgPooler(chart, "pooler", cluster=make_cluster(chart))
    database = pooler.connection(bridge=ExistingSecret("m"))
    with pytest.raises(
        PlatformError, match="Pooler airflow-data/airflow-pg-pooler accepts 100 sessions, but up to 126"
    ):
        make_airflow(chart, database=database, scheduler=Scheduler(replicas=3), **OLD)


def test_pool_larger_than_the_database_is_rejected() -> None:
    chart = new_chart()
    # 3 x (30 + 5) for clients and 3 x 1 for auth_query: 108 of 97.
    with pytest.raises(PlatformError) as caught:
        CnpgPooler(
            chart, "p", cluster=make_cluster(chart), instances=3, pool_size=30, parameters={"reserve_pool_size": "5"}
        )
    (found,) = caught.value.findings
    assert (found.rule, found.seen) == ("database/connections", "108")
    assert "lower pool_size=" in found.fix


def test_two_releases_on_one_server_add_up_in_either_order() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        chart = new_chart()
        make_airflow(chart, first, release=first, namespace=Namespace.existing(first), database=on_one_server(first))
        # 40 + 40 = 80 of 57.
        with pytest.raises(PlatformError) as caught:
            make_airflow(
                chart, second, release=second, namespace=Namespace.existing(second), database=on_one_server(second)
            )
        (found,) = caught.value.findings
        assert found.rule == "database/connections"
        assert f"up to 80 can be opened (40 by release {first} + 40 by release {second})" in found.problem


def on_one_server(name: str) -> DatabaseConnection:
    """A database on a shared server."""
    return ExternalDatabase(
        host="db.example.com",
        database=name,
        user=name,
        password=SecretKey(f"{name}-login", "password"),
        max_connections=60,
    ).connection()


def test_external_database_is_checked_if_max_connections_is_set() -> None:
    chart = new_chart()
    parts: dict[str, Any] = {"host": "db.example.com", "password": SecretKey("db", "password")}
    make_airflow(chart, database=ExternalDatabase(**parts).connection())
    assert seen(chart) == {"the database at db.example.com:5432": 40}
    small = ExternalDatabase(**parts, max_connections=45, reserved_connections=6).connection()
    with pytest.raises(PlatformError, match="accepts 39 sessions"):
        make_airflow(new_chart(), database=small)
    by_url = ExternalDatabase(url=DsnSecret("m"), max_connections=42).connection()
    with pytest.raises(PlatformError, match="The database in Secret airflow/m accepts 39 sessions"):
        make_airflow(new_chart(), database=by_url)


@pytest.mark.parametrize(
    "database",
    [
        ExternalDatabase(url=DsnSecret("metadata"), max_connections=60),
        ExternalDatabase(host="postgres", password=SecretKey("db", "password"), max_connections=60),
    ],
    ids=["secret", "service"],
)
def test_secrets_and_services_of_one_name_in_three_namespaces_are_three_servers(database: ExternalDatabase) -> None:
    chart = new_chart()
    for name in ("one", "two", "three"):
        make_airflow(chart, name, release=name, namespace=Namespace.existing(name), database=database.connection())
    assert list(seen(chart).values()) == [40, 40, 40]


def test_lab_database_is_checked() -> None:
    chart = new_chart()
    lab = LabDatabase(
        chart,
        "db",
        namespace=Namespace.existing("airflow"),
        credentials=BasicAuthSecret("lab"),
        storage=Volume("1Gi"),
        parameters={"max_connections": "30"},
    )
    with pytest.raises(PlatformError, match="Lab-postgres in airflow accepts 27 sessions"):
        make_airflow(chart, database=lab.connection())

"""Several releases in one app: what they may share, and what not."""

from __future__ import annotations

from typing import Any

import cdk8s

from cdk8s_airflow import (
    CnpgCluster,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    Namespace,
    PlatformError,
    SecretKey,
    Volume,
)
from tests.making import make_airflow, new_chart


def two(first: dict[str, Any], second: dict[str, Any], chart: cdk8s.Chart | None = None) -> str:
    """The findings for the second of two releases; empty if both are valid."""
    chart = chart or new_chart()
    make_airflow(chart, "one", release="one", **first)
    try:
        make_airflow(chart, "two", release="two", **second)
    except PlatformError as error:
        return str(error)
    return ""


def url(name: str) -> Any:
    return ExternalDatabase(url=DsnSecret(name)).connection()


def parts(host: str, database: str) -> Any:
    return ExternalDatabase(host=host, database=database, password=SecretKey("pg", "password")).connection()


def test_two_releases_on_one_secret_are_refused() -> None:
    told = two({"database": url("airflow-metadata")}, {"database": url("airflow-metadata")})
    assert "two: database is also the metadata database of release 'one'" in told


def test_secrets_of_one_name_in_two_namespaces_are_two() -> None:
    assert two({}, {"namespace": Namespace.existing("other")}) == ""


def test_two_secrets_are_two_databases_as_far_as_anybody_knows() -> None:
    assert two({"database": url("a")}, {"database": url("b")}) == ""


def test_two_databases_may_share_a_password_and_two_releases_must_not_share_a_database() -> None:
    assert two({"database": parts("pg.lab", "one")}, {"database": parts("pg.lab", "two")}) == ""
    assert "[database/shared]" in two(
        {"database": parts("pg.lab", "one")},
        {"database": parts("pg.lab", "one"), "namespace": Namespace.existing("other")},
    )


def test_services_of_one_name_in_two_namespaces_are_two_databases() -> None:
    there = {"database": parts("pg", "one")}
    assert "[database/shared]" in two(there, there)
    assert two(there, {**there, "namespace": Namespace.existing("other")}) == ""


def test_one_cluster_reached_by_two_bridges_is_one_database() -> None:
    chart = new_chart()
    db = CnpgCluster(chart, "db", name="pg", namespace=Namespace.existing("data"), storage=Volume("1Gi"))
    told = two(
        {"database": db.connection(bridge=ExistingSecret("airflow-metadata"))},
        {
            "database": db.connection(bridge=ExistingSecret("airflow-metadata")),
            "namespace": Namespace.existing("other"),
        },
        chart,
    )
    assert "[database/shared]" in told


def test_a_database_in_the_namespace_of_one_release_needs_a_bridge_for_the_other() -> None:
    chart = new_chart()
    made = [
        CnpgCluster(chart, f"db-{name}", name=f"pg-{name}", namespace=Namespace.existing(name), storage=Volume("1Gi"))
        for name in ("airflow", "other")
    ]
    given = [
        {"database": db.connection(), "namespace": Namespace.existing(name)}
        for db, name in zip(made, ("airflow", "other"), strict=True)
    ]
    assert two(given[0], given[1], chart) == ""
    assert "[database/shared]" in two({"database": made[0].connection()}, {"database": made[0].connection()})

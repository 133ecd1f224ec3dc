"""ExternalDatabase: by a Secret with the URL or by its parts, with certificates checked or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow import (
    ConfigMapKey,
    DatabaseConnection,
    DsnSecret,
    ExternalDatabase,
    PgBouncer,
    PgBouncerSecret,
    PlatformError,
    SecretKey,
)
from cdk8s_airflow.database.connection import DatabaseAddress
from cdk8s_airflow.model.sessions import DatabaseServer
from cdk8s_airflow.model.traffic import UnlocatedPeer
from cdk8s_airflow.network import ExternalPeer
from cdk8s_airflow.schemas.secret_values import is_bare_address

PASSWORD = SecretKey("airflow-db", "password")
CA = ConfigMapKey("rds", "bundle.pem")
PARTS: dict[str, Any] = {"host": "db.example.com", "password": PASSWORD}


def test_a_url_is_in_its_secret_and_nothing_else_is_known() -> None:
    assert ExternalDatabase(url=DsnSecret("m")).connection() == DatabaseConnection(secret="m")
    assert ExternalDatabase(
        url=DsnSecret("m"), tls="verify-full", ca=CA, max_connections=50
    ).connection() == DatabaseConnection(
        secret="m",
        tls="verify-full",
        ca=CA,
        server=DatabaseServer(name="", takes=50, reserved=3),
    )


def test_of_parts_the_password_alone_is_in_a_secret() -> None:
    given_ = ExternalDatabase(**PARTS, port=6000, database="meta", user="me", postgres_major=16, max_connections=200)
    assert given_.connection() == DatabaseConnection(
        secret="airflow-db",
        secret_key="password",
        address=DatabaseAddress(host="db.example.com", port=6000, database="meta", user="me"),
        postgres_major=16,
        peer=ExternalPeer(name="db.example.com"),
        port=6000,
        server=DatabaseServer(name="", takes=200, reserved=3),
    )


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("10.0.0.7", ExternalPeer(name="10.0.0.7", networks=("10.0.0.7/32",))),
        ("db.data.svc", UnlocatedPeer(name="db.data.svc")),
        ("db.data", UnlocatedPeer(name="db.data")),
    ],
)
def test_where_the_server_is_follows_from_its_host(host: str, peer: Any) -> None:
    assert ExternalDatabase(**{**PARTS, "host": host}).connection().peer == peer
    told = ExternalPeer(name="rds", networks=("10.1.0.0/16",))
    assert ExternalDatabase(**{**PARTS, "host": host}, peer=told).connection().peer == told


POOLED = PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({}, [("database/address", "url")]),
        ({"url": DsnSecret("m"), **PARTS}, [("database/address", "host")]),
        ({"host": "db.example.com"}, [("database/address", "password")]),
        (
            {"url": DsnSecret("m"), "port": 1, "user": "me"},
            [("database/address", "port"), ("database/address", "user")],
        ),
        ({"url": DsnSecret("m"), "pooling": POOLED}, [("database/address", "pooling")]),
        ({**PARTS, "host": "postgresql://db"}, [("argument/host", "host")]),
        ({**PARTS, "host": "me:secret@db"}, [("argument/host", "host")]),
        ({**PARTS, "port": 0}, [("argument/range", "port")]),
        ({**PARTS, "user": ""}, [("argument/empty", "user")]),
        ({**PARTS, "tls": "verify-ca"}, [("database/authority", "ca")]),
        ({**PARTS, "ca": CA}, [("database/authority", "ca")]),
        ({**PARTS, "tls": "allow"}, [("argument/choice", "tls")]),
        ({**PARTS, "password": "hunter2"}, [("argument/type", "password")]),
        ({**PARTS, "max_connections": 3}, [("database/connections", "reserved_connections")]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_missing_or_said_twice_is_found(arguments: dict[str, Any], found: list[tuple[str, str]]) -> None:
    with pytest.raises(PlatformError) as caught:
        ExternalDatabase(**arguments).connection()
    assert [(finding.rule, finding.at.removeprefix("ExternalDatabase.")) for finding in caught.value.findings] == found
    assert "hunter2" not in str(caught.value)
    assert "secret@" not in str(caught.value)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    user=st.text(min_size=1), database=st.text(min_size=1), host=st.sampled_from(["db", "db.example.com", "10.0.0.7"])
)
def test_a_url_without_a_password_is_known_as_one_whatever_the_names(user: str, database: str, host: str) -> None:
    address = DatabaseAddress(host=host, port=5432, database=database, user=user)
    for name, scheme in (
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql"),
        ("AIRFLOW__CELERY__RESULT_BACKEND", "db+postgresql"),
    ):
        url = address.url(scheme)
        assert is_bare_address(name, url)
        assert url.isascii()
        assert not set(" '\"$`\\{}") & set(url)
    before, after = address.around_password
    assert not is_bare_address("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"{before}secret{after}")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:secret@db/x",
        "postgresql://:secret@db/x",
        "postgresql://me@db/x?password=secret",
        "postgresql://me@db:secret/x",
        "postgresql://me@db/x secret",
        "mysql://me@db/x",
    ],
)
def test_a_url_with_a_password_anywhere_is_not_taken_for_one_without(text: str) -> None:
    assert not is_bare_address("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", text)
    assert not is_bare_address("PASSWORD", "postgresql://me@db/x")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"parameters": {"pool_mode": "session"}}, "parameters.pool_mode"),
        ({"parameters": {"server_idle_timeout": "300\nauth_type = any"}}, "parameters.server_idle_timeout"),
        ({"parameters": {"x\n[databases]": "1"}}, "parameters.x\n[databases]"),
        ({"parameters": {"verbose": 1}}, "parameters.verbose"),
        ({"replicas": 0}, "replicas"),
        ({"pool_size": 0}, "pool_size"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_of_pgbouncer_are_lines_that_nobody_else_writes(changes: dict[str, Any], at: str) -> None:
    pooling = PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"), **changes)
    with pytest.raises(PlatformError) as caught:
        ExternalDatabase(**PARTS, pooling=pooling).connection()
    assert [finding.at for finding in caught.value.findings] == [f"ExternalDatabase.pooling.{at}"]

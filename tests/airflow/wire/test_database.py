"""Databases by host and user, with poolers and verified certificates, in the values of each chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DatabaseCleanup, PodCleanup
from cdk8s_airflow.airflow.executors import CeleryExecutor, RedisBroker
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.cleanup import cleanup_values, database_cleanup_objects
from cdk8s_airflow.airflow.wire.database import DATABASE, database_needs, database_notes, database_rules
from cdk8s_airflow.airflow.wire.task_pods import task_pod, task_pod_parts
from cdk8s_airflow.database.connection import DatabaseAddress, DatabaseConnection
from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.secret_reference import (
    BrokerUrlSecret,
    ConfigMapKey,
    PgBouncerSecret,
    RedisPasswordSecret,
    ResultBackendSecret,
    SecretKey,
)
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of
from tests.truth.kinds import assert_accepted

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)
NEWEST = PAIRS[-1]
BROKER = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
ADDRESS = DatabaseAddress(host="db.example.com", port=6000, database="meta", user="a b")
URL = "postgresql://a%20b@db.example.com:6000/meta"
PARTS = DatabaseConnection(secret="login", secret_key="pw", address=ADDRESS)
PASSWORD = {"envName": "PGPASSWORD", "secretName": "login", "secretKey": "pw"}
URLS = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB")


def accepted(pair: Pair, **changes: Any) -> bool:
    """Whether the chart takes all values of a release."""
    settings = release(pair, **changes)
    found = check_values(
        compile_release(settings).values_from_arguments,
        chart_version=pair[0],
        airflow_version=pair[1],
        executor=settings.executor.name,
    )
    assert found == []
    return True


@every_pair
def test_of_parts_the_url_is_plain_and_the_password_comes_by_itself(pair: Pair) -> None:
    off = dict.fromkeys(URLS, False)
    if pair[0] in ("1.15.0", "1.18.0"):
        off["AIRFLOW__CORE__SQL_ALCHEMY_CONN"] = False
    assert values_of(DATABASE, release(pair, database=PARTS)) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "login"},
        "enableBuiltInSecretEnvVars": off,
        "env": [{"name": "PGSSLMODE", "value": "require"}, *({"name": name, "value": URL} for name in URLS)],
        "secret": [PASSWORD],
    }
    assert accepted(pair, database=PARTS)


@every_pair
@pytest.mark.parametrize(
    ("ca", "volume"),
    [
        (SecretKey("ca", "a.pem"), {"secret": {"secretName": "ca", "items": [{"key": "a.pem", "path": "ca.crt"}]}}),
        (ConfigMapKey("ca", "a.pem"), {"configMap": {"name": "ca", "items": [{"key": "a.pem", "path": "ca.crt"}]}}),
    ],
    ids=["secret", "config-map"],
)
def test_the_authority_is_a_file_in_all_pods(pair: Pair, ca: Any, volume: Any) -> None:
    database = DatabaseConnection(secret="metadata", tls="verify-full", ca=ca)
    assert values_of(DATABASE, release(pair, database=database)) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "metadata"},
        "env": [
            {"name": "PGSSLMODE", "value": "verify-full"},
            {"name": "PGSSLROOTCERT", "value": "/etc/database-ca/ca.crt"},
        ],
        "volumes": [{"name": "database-ca", **volume}],
        "volumeMounts": [{"name": "database-ca", "mountPath": "/etc/database-ca", "readOnly": True}],
    }
    assert accepted(pair, database=database)


@every_pair
def test_task_pods_that_know_no_database_know_neither_password_nor_authority(pair: Pair) -> None:
    database = replace(PARTS, tls="verify-full", ca=ConfigMapKey("ca", "a.pem"))
    least = pair in WITH_AIRFLOW_3
    for pods in (TaskPods(), TaskPods(metadata_database=True)):
        settings = release(pair, database=database, task_pods=pods)
        pod = task_pod(task_pod_parts(compile_release(settings).shared), pods.default)
        (base,) = pod["spec"]["containers"]
        names = {each["name"] for each in base["env"]}
        knows = not least or pods.metadata_database
        for name in ("PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT", *URLS):
            assert (name in names) is knows, name
        assert ("database-ca" in {each["name"] for each in pod["spec"]["volumes"]}) is knows
        assert ("/etc/database-ca" in {each["mountPath"] for each in base["volumeMounts"]}) is knows


@every_pair
def test_jobs_that_delete_have_what_all_others_have(pair: Pair) -> None:
    settings = release(pair, database=PARTS, cleanup=PodCleanup(), database_cleanup=DatabaseCleanup())
    reference = {"secretKeyRef": {"name": "login", "key": "pw"}}
    assert cleanup_values(settings)["cleanup"]["env"] == [
        *({"name": name, "value": URL} for name in URLS),
        {"name": "PGSSLMODE", "value": "require"},
        {"name": "PGPASSWORD", "valueFrom": reference},
    ]
    for job in database_cleanup_objects(compile_release(settings).shared).values():
        assert_accepted(job)
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        entries = {each["name"]: each for each in container["env"]}
        assert entries["PGPASSWORD"]["valueFrom"] == reference
        assert entries["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]["value"] == URL


@every_pair
def test_migrations_go_past_whatever_is_in_between(pair: Pair) -> None:
    pooled = DatabaseConnection(secret="m", tls="verify-ca", ca=ConfigMapKey("ca", "x"), direct=ADDRESS)
    bounced = replace(PARTS, pgbouncer=PgBouncer(credentials=PgBouncerSecret("login2")))
    for database, tls in ((pooled, "verify-ca"), (bounced, "require")):
        script = compile_release(release(pair, database=database)).values["migrateDatabaseJob"]["command"][-1]
        line = 'export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="${AIRFLOW__DATABASE__SQL_ALCHEMY_CONN%@*}'
        assert f'{line}@db.example.com:6000/meta" PGSSLMODE={tls}\n' in script
        assert "{{" not in script
    job = compile_release(release(pair, database=PARTS)).values["migrateDatabaseJob"]
    assert "SQL_ALCHEMY_CONN" not in str(job)


@every_pair
def test_results_go_where_the_connection_says(pair: Pair) -> None:
    results = DatabaseAddress(host="results", port=5432, database="meta", user="me")
    database = replace(PARTS, results=results)
    entry = {"name": "AIRFLOW__CELERY__RESULT_BACKEND", "value": "db+postgresql://me@results:5432/meta"}
    celery = CeleryExecutor(broker=BROKER)
    assert entry in values_of(DATABASE, release(pair, database=database, executor=celery))["env"]
    assert entry not in values_of(DATABASE, release(pair, database=database))["env"]
    assert accepted(pair, database=database, executor=celery)
    twice = CeleryExecutor(broker=BROKER, result_backend=ResultBackendSecret("r"))
    found = list(database_rules(release(pair, database=database, executor=twice)))
    assert [(finding.rule, finding.at) for finding in found] == [("database/results", "executor.result_backend")]


def test_the_password_and_the_authority_have_to_be_made_and_are_awaited() -> None:
    database = replace(PARTS, tls="verify-full", ca=SecretKey("ca", "a.pem"))
    authority, password = database_needs(release(NEWEST, database=database))
    assert (authority.name, dict(authority.keys), authority.awaited) == (
        "ca",
        {"a.pem": "the certificate, in PEM"},
        True,
    )
    assert (password.name, list(password.keys), password.awaited) == ("login", ["pw"], True)
    assert "a b at db.example.com, not encoded" in password.keys["pw"]
    made = replace(database, ca_namespace="airflow-lab", secret_namespace="airflow-lab")
    assert list(database_needs(release(NEWEST, database=made))) == []
    (note,) = database_notes(release(NEWEST, database=replace(PARTS, ca=ConfigMapKey("rds", "b.pem"))))
    assert "ConfigMap rds in namespace airflow-lab: its key b.pem" in note


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"database": replace(PARTS, secret_namespace="elsewhere")}, ("database/needs-bridge", "database")),
        (
            {"database": replace(PARTS, tls="verify-ca", ca=SecretKey("c", "k"), ca_namespace="elsewhere")},
            ("database/authority", "database"),
        ),
        ({"database": replace(PARTS, tls="verify-ca")}, ("database/authority", "ca")),
    ],
    ids=["password", "authority", "no-authority"],
)
def test_a_component_that_could_not_connect_is_refused(changes: dict[str, Any], found: tuple[str, str]) -> None:
    findings = list(database_rules(release(NEWEST, **{"database": PARTS, **changes})))
    assert [(finding.rule, finding.at) for finding in findings] == [found]


@every_pair
def test_the_oldest_chart_gives_the_cleanup_no_file(pair: Pair) -> None:
    database = replace(PARTS, tls="verify-full", ca=ConfigMapKey("ca", "x"))
    found = [each.rule for each in database_rules(release(pair, database=database, cleanup=PodCleanup()))]
    assert found == (["versions/unread"] if pair[0] == "1.15.0" else [])


# ------------------------------------------------------------------------------------------------ the chart's PgBouncer

BOUNCED = replace(PARTS, pgbouncer=PgBouncer(credentials=PgBouncerSecret("bouncer-login")))


@every_pair
@pytest.mark.parametrize("tls", ["disable", "prefer", "require"])
def test_a_url_under_the_charts_own_key_is_wired_by_the_chart(pair: Pair, tls: Any) -> None:
    assert values_of(DATABASE, release(pair, database=DatabaseConnection(secret="metadata", tls=tls))) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "metadata"},
        "env": [{"name": "PGSSLMODE", "value": tls}],
    }


@every_pair
def test_a_url_under_another_key_is_wired_by_us_and_by_nobody_else(pair: Pair) -> None:
    off = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": False, "AIRFLOW_CONN_AIRFLOW_DB": False}
    if pair[0] in ("1.15.0", "1.18.0"):
        off["AIRFLOW__CORE__SQL_ALCHEMY_CONN"] = False
    assert values_of(DATABASE, release(pair, database=DatabaseConnection(secret="pg-app", secret_key="uri"))) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "pg-app"},
        "env": [{"name": "PGSSLMODE", "value": "require"}],
        "enableBuiltInSecretEnvVars": off,
        "secret": [
            {"envName": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "secretName": "pg-app", "secretKey": "uri"},
            {"envName": "AIRFLOW_CONN_AIRFLOW_DB", "secretName": "pg-app", "secretKey": "uri"},
        ],
    }


@pytest.mark.parametrize(
    ("database", "rules"),
    [
        (DatabaseConnection(secret="a"), []),
        (DatabaseConnection(secret="a", secret_namespace="airflow-lab"), []),
        (DatabaseConnection(secret="a", secret_namespace="elsewhere"), ["database/needs-bridge"]),
        (DatabaseConnection(secret="a", postgres_major=13), ["versions/postgres"]),
    ],
    ids=["same-release", "same-namespace", "elsewhere", "old-postgres"],
)
def test_whether_airflow_can_read_the_url(database: DatabaseConnection, rules: list[str]) -> None:
    assert [finding.rule for finding in database_rules(release(NEWEST, database=database))] == rules


def test_an_error_about_a_missing_bridge_names_every_way() -> None:
    (finding,) = database_rules(release(NEWEST, database=DatabaseConnection(secret="a", secret_namespace="elsewhere")))
    for way in (
        "connection(bridge=",
        "by hand",
        "SecretBridge",
        "SecretBootstrap",
        "create the database in 'airflow-lab'",
    ):
        assert way in finding.fix


def test_a_url_that_the_operator_writes_is_nobodys_task() -> None:
    there = DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab")
    assert list(database_needs(release(NEWEST, database=there))) == []


def test_a_url_is_made_from_the_password_where_that_is_known_and_typed_otherwise() -> None:
    known = DatabaseConnection(secret="m", url=("postgresql://a:", "@h:5432/a"), password=("data", "pg-app"))
    (copied,) = database_needs(release(NEWEST, database=known))
    assert "kubectl -n data get secret pg-app" in copied.command
    (typed,) = database_needs(release(NEWEST, database=DatabaseConnection(secret="m")))
    assert typed.command.startswith("read -rsp 'Database URL: ' ")
    assert (copied.name, copied.namespace) == (typed.name, typed.namespace) == ("m", "airflow-lab")

"""PgBouncer of the chart: values, settings, login and rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.airflow.executors import CeleryExecutor, KubernetesExecutor, RedisBroker
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.database import DATABASE
from cdk8s_airflow.airflow.wire.pgbouncer import (
    INCLUDE,
    pgbouncer_ini,
    pgbouncer_needs,
    pgbouncer_notes,
    pgbouncer_objects,
    pgbouncer_rules,
    pgbouncer_values,
)
from cdk8s_airflow.database.connection import DatabaseAddress, DatabaseConnection
from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.disruption_budget import DisruptionBudget
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.secret_reference import (
    BrokerUrlSecret,
    ConfigMapKey,
    PgBouncerSecret,
    RedisPasswordSecret,
    ResultBackendSecret,
)
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, Pair, called, release, values_of
from tests.truth.kinds import assert_accepted

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


NEWEST = PAIRS[-1]


BROKER = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))


ADDRESS = DatabaseAddress(host="db.example.com", port=6000, database="meta", user="a b")


PARTS = DatabaseConnection(secret="login", secret_key="pw", address=ADDRESS)


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


BOUNCED = replace(PARTS, pgbouncer=PgBouncer(credentials=PgBouncerSecret("bouncer-login")))


@every_pair
def test_pgbouncer_has_its_settings_from_us_and_its_login_from_a_secret(pair: Pair) -> None:
    settings = release(pair, database=BOUNCED)
    values = pgbouncer_values(settings)["pgbouncer"]
    assert values.pop("podAnnotations").keys() == {"cdk8s-airflow/pgbouncer"}
    assert values.pop("securityContexts")["pod"]["runAsUser"] == 65534
    exporter = values.pop("metricsExporterSidecar")
    assert exporter.pop("securityContexts")["container"]["runAsNonRoot"] is True
    assert exporter == {
        "statsSecretName": "bouncer-login",
        "statsSecretKey": "connection",
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    assert values == {
        "enabled": True,
        "replicas": 1,
        "configSecretName": "bouncer-login",
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "serviceAccount": {"automountServiceAccountToken": False},
        "extraVolumes": [{"name": "pgbouncer-settings", "configMap": {"name": "lab-pgbouncer-settings"}}],
        "extraVolumeMounts": [{"name": "pgbouncer-settings", "mountPath": "/etc/pgbouncer-settings", "readOnly": True}],
    }
    assert accepted(pair, database=BOUNCED)
    for manifest in compile_release(settings).objects.values():
        assert_accepted(manifest)
    url = "postgresql://a%20b@lab-pgbouncer.airflow-lab.svc:6543/lab-metadata"
    plain = {each["name"]: each["value"] for each in values_of(DATABASE, settings)["env"]}
    assert plain == {"PGSSLMODE": "prefer", **dict.fromkeys(URLS, url)}


def test_the_settings_of_pgbouncer() -> None:
    settings = release(NEWEST, database=BOUNCED)
    (manifest,) = pgbouncer_objects(settings).values()
    assert manifest["metadata"] == {"name": "lab-pgbouncer-settings", "namespace": "airflow-lab"}
    assert manifest["data"] == {
        "pgbouncer.ini": (
            "[databases]\n"
            "lab-metadata = host='db.example.com' port=6000 dbname='meta' pool_size=10\n"
            "\n"
            "[pgbouncer]\n"
            "listen_addr = *\n"
            "listen_port = 6543\n"
            "pool_mode = transaction\n"
            "auth_type = scram-sha-256\n"
            "auth_file = /etc/pgbouncer/users.txt\n"
            "stats_users = a b\n"
            "ignore_startup_parameters = extra_float_digits\n"
            "max_client_conn = 100\n"
            "max_prepared_statements = 200\n"
            "server_tls_sslmode = require\n"
        )
    }


@pytest.mark.parametrize(
    "executor",
    [KubernetesExecutor(), CeleryExecutor(broker=BROKER, result_backend=ResultBackendSecret("results"))],
)
def test_pool_for_results_that_nothing_uses_is_refused(executor: Any) -> None:
    pooling = PgBouncer(credentials=PgBouncerSecret("l"), results_pool_size=7)
    settings = release(NEWEST, database=replace(PARTS, pgbouncer=pooling), executor=executor)
    assert [(each.rule, each.at) for each in pgbouncer_rules(settings)] == [
        ("database/pgbouncer", "database.pgbouncer.results_pool_size")
    ]
    given = release(
        NEWEST, database=replace(PARTS, pgbouncer=replace(pooling, results_pool_size=None)), executor=executor
    )
    assert list(pgbouncer_rules(given)) == []
    celery = release(NEWEST, database=replace(PARTS, pgbouncer=pooling), executor=CeleryExecutor(broker=BROKER))
    assert list(pgbouncer_rules(celery)) == []


def test_everything_said_of_pgbouncer() -> None:
    given = PgBouncer(
        credentials=PgBouncerSecret("l"),
        max_clients=300,
        pool_size=20,
        results_pool_size=7,
        replicas=3,
        resources=SMALL,
        exporter_resources=SMALL,
        parameters={"server_idle_timeout": "300"},
        placement=Placement(node_selector={"disk": "ssd"}),
        disruption_budget=DisruptionBudget(min_available=2),
    )
    database = replace(PARTS, pgbouncer=given, tls="verify-full", ca=ConfigMapKey("ca", "x"))
    changes: dict[str, Any] = {"database": database, "executor": CeleryExecutor(broker=BROKER)}
    settings = release(NEWEST, **changes)
    ini = pgbouncer_ini(settings)
    for line in (
        "lab-metadata = host='db.example.com' port=6000 dbname='meta' pool_size=20",
        "lab-result-backend = host='db.example.com' port=6000 dbname='meta' pool_size=7",
        "max_client_conn = 300",
        "server_tls_sslmode = verify-full",
        "server_tls_ca_file = /etc/database-ca/ca.crt",
        "server_idle_timeout = 300",
    ):
        assert f"\n{line}\n" in ini
    values = pgbouncer_values(settings)["pgbouncer"]
    assert (values["replicas"], values["resources"]) == (3, SMALL_WIRE)
    assert values["metricsExporterSidecar"]["resources"] == SMALL_WIRE
    assert values["podDisruptionBudget"] == {"enabled": True, "config": {"minAvailable": 2}}
    assert values["nodeSelector"] == {"disk": "ssd"}
    assert accepted(NEWEST, **changes)
    other = release(NEWEST, **{**changes, "database": replace(database, pgbouncer=replace(given, pool_size=21))})
    assert pgbouncer_values(other)["pgbouncer"]["podAnnotations"] != values["podAnnotations"]


def test_names_with_quotes_stay_one_value() -> None:
    address = replace(ADDRESS, database="it's")
    assert "dbname='it''s' " in pgbouncer_ini(release(NEWEST, database=replace(BOUNCED, address=address)))


def test_its_login_has_to_be_made_after_the_password() -> None:
    settings = release(NEWEST, database=BOUNCED)
    (need,) = pgbouncer_needs(settings)
    assert (need.name, need.namespace, set(need.keys)) == (
        "bouncer-login",
        "airflow-lab",
        {"pgbouncer.ini", "users.txt", "connection"},
    )
    assert INCLUDE in need.keys["pgbouncer.ini"]
    assert "get secret login" in need.command
    assert {"login", "bouncer-login"} <= {each.name for each in compile_release(settings).needs}
    (note,) = pgbouncer_notes(settings)
    assert "6543" in note


def test_without_one_there_is_nothing_of_it() -> None:
    for database in (PARTS, DatabaseConnection(secret="m")):
        settings = release(NEWEST, database=database)
        assert (pgbouncer_values(settings), pgbouncer_objects(settings), pgbouncer_ini(settings)) == ({}, {}, "")
        assert [*pgbouncer_needs(settings), *pgbouncer_notes(settings)] == []
        assert "pgbouncer" not in compile_release(settings).values_from_arguments


def test_its_secret_is_no_other() -> None:
    same = replace(PARTS, pgbouncer=PgBouncer(credentials=PgBouncerSecret("login")))
    found = [(each.rule, each.at) for each in compile_release(release(NEWEST, database=same)).setting_findings]
    assert found == [("secrets/shared", "database.pooling.credentials")]

"""Databases by host and user, with poolers and verified certificates, in the values of each chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DatabaseCleanup, PodCleanup
from cdk8s_airflow.airflow.executors import CeleryExecutor, KubernetesExecutor, RedisBroker
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.cleanup import cleanup_values, database_cleanup_objects
from cdk8s_airflow.airflow.wire.database import DATABASE, database_needs, database_notes, database_rules
from cdk8s_airflow.airflow.wire.pgbouncer import (
    INCLUDE,
    pgbouncer_ini,
    pgbouncer_needs,
    pgbouncer_notes,
    pgbouncer_objects,
    pgbouncer_rules,
    pgbouncer_values,
)
from cdk8s_airflow.airflow.wire.task_pods import task_pod, task_pod_parts
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
    SecretKey,
)
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, release, values_of
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

"""What real Helm makes of a database told by its parts, of a pooler, and of certificates that are checked, with every pair."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CnpgCluster,
    CnpgPooler,
    ConfigMapKey,
    DatabaseCleanup,
    DsnSecret,
    ExistingNamespace,
    ExternalDatabase,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    TaskPods,
    Volume,
)
from tests.helm.expectations import (
    DATABASE_ENV,
    REQUIRED_DATABASE_ENV,
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Container, Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

HOST = "airflow.abc123.eu-central-1.rds.amazonaws.com"
PASSWORD = {"secretKeyRef": {"name": "airflow-db", "key": "password"}}


def rendered(pair: tuple[str, str], change: Any = None, **settings: Any) -> Rendered:
    result = render_release(helm_chart(release(change, chart_version=pair[0], airflow_version=pair[1], **settings)))
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def source(container: Container, name: str) -> Any:
    entry = container.env[name]
    return entry.get("valueFrom", entry.get("value"))


def knows_the_database(container: Container, result: Rendered) -> bool:
    """Whether a container has to: those of Airflow, but for a task pod of Airflow 3."""
    least = result.airflow_cfg.get("core", "execution_api_server_url", fallback="") != ""
    return container.role == "airflow" and not (least and container.pod.kind == "PodTemplate")


def assert_address(result: Rendered, url: str, password: Any) -> None:
    """Every container that has to knows one URL without a password, and one password; no other container knows either."""
    seen = 0
    for container in result.containers():
        if not knows_the_database(container, result):
            assert not {*DATABASE_ENV, "PGPASSWORD"} & container.env.keys(), container.where
            continue
        seen += 1
        assert {source(container, name) for name in REQUIRED_DATABASE_ENV} == {url}, container.where
        assert source(container, "PGPASSWORD") == password, container.where
        assert "AIRFLOW__CORE__SQL_ALCHEMY_CONN" not in container.env, container.where
    assert seen >= 8


def external(**changes: Any) -> Any:
    given = {"host": HOST, "user": "air flow@x", "password": SecretKey("airflow-db", "password"), **changes}
    return ExternalDatabase(**given).connection()


def test_only_airflow_containers_get_the_variables_of_a_database_by_host(pair: tuple[str, str]) -> None:
    result = rendered(pair, database=external(), cleanup=PodCleanup(), database_cleanup=DatabaseCleanup())
    assert_address(result, f"postgresql://air%20flow%40x@{HOST}:5432/airflow", PASSWORD)
    assert_no_bundled(result)


def test_task_pods_of_airflow_3_know_it_when_they_are_to(pair: tuple[str, str]) -> None:
    result = rendered(pair, database=external(), task_pods=TaskPods(metadata_database=True))
    (base,) = (c for c in result.pod("worker").containers if c.name == "base")
    assert source(base, "PGPASSWORD") == PASSWORD
    assert source(base, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN").startswith("postgresql://")


def test_the_authority_is_where_the_variable_says_in_every_container_that_connects(pair: tuple[str, str]) -> None:
    database = external(tls="verify-full", ca=ConfigMapKey("rds", "bundle.pem"))
    result = rendered(pair, database=database, database_cleanup=DatabaseCleanup())
    seen = 0
    for container in result.containers():
        if not knows_the_database(container, result):
            continue
        seen += 1
        assert (source(container, "PGSSLMODE"), source(container, "PGSSLROOTCERT")) == (
            "verify-full",
            "/etc/database-ca/ca.crt",
        )
        (mount,) = (m for m in container.spec["volumeMounts"] if m["mountPath"] == "/etc/database-ca")
        (volume,) = (v for v in container.pod.spec["volumes"] if v["name"] == mount["name"])
        assert volume["configMap"] == {"name": "rds", "items": [{"key": "bundle.pem", "path": "ca.crt"}]}
    assert seen >= 8


def test_migrations_go_past_a_pooler_and_all_else_through_it(pair: tuple[str, str]) -> None:
    def pooled(chart: Any) -> dict[str, Any]:
        namespace = ExistingNamespace("airflow")
        db = CnpgCluster(chart, "db", name="pg", namespace=namespace, storage=Volume("1Gi"))
        return {"database": CnpgPooler(chart, "pooler", cluster=db).connection(tls="verify-ca")}

    result = rendered(pair, pooled)
    assert_address(
        result,
        "postgresql://airflow@pg-pooler.airflow.svc:5432/airflow",
        {"secretKeyRef": {"name": "pg-app", "key": "password"}},
    )
    migration = result.pod("run-airflow-migrations").container("run-airflow-migrations")
    script = migration.spec["command"][-1]
    assert '%@*}@pg-rw.airflow.svc:5432/airflow" PGSSLMODE=' in script


def test_a_bridge_to_a_pooler_has_the_url_and_migrations_still_go_past_it(pair: tuple[str, str]) -> None:
    def pooled(chart: Any) -> dict[str, Any]:
        db = CnpgCluster(chart, "db", name="pg", namespace=Namespace(chart, "data"), storage=Volume("1Gi"))
        return {"database": CnpgPooler(chart, "pooler", cluster=db).connection(bridge=DsnSecret("metadata"))}

    result = rendered(pair, pooled)
    for container in result.containers("airflow"):
        if knows_the_database(container, result):
            reference = source(container, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
            assert reference == {"secretKeyRef": {"name": "metadata", "key": "connection"}}
            assert "PGPASSWORD" not in container.env
    script = result.pod("run-airflow-migrations").container("run-airflow-migrations").spec["command"][-1]
    assert '%@*}@pg-rw.data.svc:5432/airflow" PGSSLMODE=' in script


def test_results_of_celery_have_a_pool_of_their_own(pair: tuple[str, str]) -> None:
    def pooled(chart: Any) -> dict[str, Any]:
        db = CnpgCluster(chart, "db", name="pg", namespace=ExistingNamespace("airflow"), storage=Volume("1Gi"))
        results = CnpgPooler(chart, "results", cluster=db, name="pg-results", pool_size=5)
        return {"database": CnpgPooler(chart, "pooler", cluster=db).connection(results=results)}

    broker = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
    result = rendered(pair, pooled, executor=CeleryExecutor(broker=broker))
    for container in result.containers("airflow"):
        if container.pod.kind != "PodTemplate":
            assert (
                source(container, "AIRFLOW__CELERY__RESULT_BACKEND")
                == "db+postgresql://airflow@pg-results.airflow.svc:5432/airflow"
            ), container.where


def bouncer(**changes: Any) -> PgBouncer:
    return PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"), **changes)


def test_the_charts_pgbouncer_stands_between_airflow_and_an_external_database(pair: tuple[str, str]) -> None:
    database = external(pooling=bouncer(replicas=2), tls="verify-full", ca=SecretKey("rds", "bundle.pem"))
    broker = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
    manifests = release(
        chart_version=pair[0], airflow_version=pair[1], database=database, executor=CeleryExecutor(broker=broker)
    )
    result = render_release(helm_chart(manifests))
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    assert_no_bundled(result, asked_for=("pgbouncer", "redis"), claim_templates=True)
    assert_address(result, "postgresql://air%20flow%40x@airflow-pgbouncer.airflow.svc:6543/airflow-metadata", PASSWORD)
    for container in result.containers("airflow"):
        backend = source(container, "AIRFLOW__CELERY__RESULT_BACKEND")
        assert backend.endswith("@airflow-pgbouncer.airflow.svc:6543/airflow-result-backend")
        assert backend.startswith("db+postgresql://air%20flow%40x@")
        assert source(container, "PGSSLMODE") == "prefer"
    script = result.pod("run-airflow-migrations").container("run-airflow-migrations").spec["command"][-1]
    assert f'%@*}}@{HOST}:5432/airflow" PGSSLMODE=verify-full\n' in script

    pod = result.pod("pgbouncer")
    assert pod.spec["securityContext"]["runAsUser"] == 65534
    assert result.get("Deployment", "airflow-pgbouncer")["spec"]["replicas"] == 2
    main = pod.container("pgbouncer")
    volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
    files = {mount["mountPath"]: volumes[mount["name"]] for mount in main.spec["volumeMounts"]}
    login = {"secret": {"secretName": "airflow-pgbouncer"}}
    for file in ("pgbouncer.ini", "users.txt"):
        volume = files[f"/etc/pgbouncer/{file}"]
        assert {key: value for key, value in volume.items() if key != "name"} == login
    (settings,) = (m for m in manifests if m["metadata"]["name"] == "airflow-pgbouncer-settings")
    assert files["/etc/pgbouncer-settings"]["configMap"] == {"name": "airflow-pgbouncer-settings"}
    assert files["/etc/database-ca"]["secret"]["secretName"] == "rds"
    exporter = pod.container("metrics-exporter")
    reference = {"secretKeyRef": {"name": "airflow-pgbouncer", "key": "connection"}}
    assert exporter.env["DATABASE_URL"]["valueFrom"] == reference
    service = result.get("Service", "airflow-pgbouncer")["spec"]
    assert 6543 in [port["port"] for port in service["ports"]]
    ini = settings["data"]["pgbouncer.ini"]
    assert "server_tls_sslmode = verify-full\nserver_tls_ca_file = /etc/database-ca/ca.crt\n" in ini
    assert "airflow-result-backend = host=" in ini


def test_no_pgbouncer_is_rendered_unless_asked_for(pair: tuple[str, str]) -> None:
    assert "pgbouncer" not in {pod.component for pod in rendered(pair, database=external()).pods}

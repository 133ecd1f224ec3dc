"""What real Helm makes of a database told by its parts, of a pooler, and of certificates that are checked, with every pair."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    Cleanup,
    CnpgCluster,
    CnpgPooler,
    ConfigMapKey,
    DatabaseCleanup,
    DsnSecret,
    ExistingNamespace,
    ExternalDatabase,
    Namespace,
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


def test_a_database_by_parts_is_known_to_every_airflow_container_and_to_no_other(pair: tuple[str, str]) -> None:
    result = rendered(pair, database=external(), cleanup=Cleanup(), database_cleanup=DatabaseCleanup())
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
    assert '%@*}@pg-rw.airflow.svc:5432/airflow"\n' in script


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
    assert '%@*}@pg-rw.data.svc:5432/airflow"\n' in script


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

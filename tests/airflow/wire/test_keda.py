"""KEDA: the chart's ScaledObject for a Secret with the whole URL, ScaledObjects of this library for one with the password."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.airflow.components import Triggerer
from cdk8s_airflow.airflow.executors import CeleryExecutor, CeleryWorkers, RedisBroker, WorkerSet
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.executors import EXECUTOR
from cdk8s_airflow.airflow.wire.keda import KEDA, required_definitions
from cdk8s_airflow.airflow.wire.triggerer import TRIGGERER
from cdk8s_airflow.database.connection import DatabaseAddress, DatabaseConnection
from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.scaling import Keda
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, ConfigMapKey, PgBouncerSecret, RedisPasswordSecret
from cdk8s_airflow.model.volume import Volume
from tests.airflow.wire.samples import PAIRS, Pair, called, release, values_of
from tests.truth import assert_accepted

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)
NEWEST = PAIRS[-1]
BROKER = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
PASSWORD = DatabaseConnection(
    secret="login",
    secret_key="pw",
    address=DatabaseAddress(host="db.example.com", port=6000, database="meta", user="me"),
)
URL = DatabaseConnection(secret="metadata", secret_key="connection")


def scaled(**workers: Any) -> dict[str, Any]:
    return {"executor": CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=4), **workers))}


def objects(pair: Pair, **settings: Any) -> dict[str, dict[str, Any]]:
    """The objects of KEDA that are not of the chart, by name."""
    made = compile_release(release(pair, **{"database": PASSWORD, **settings})).objects.values()
    found = [each for each in made if each["apiVersion"].startswith("keda.sh/")]
    assert_accepted(found)
    return {each["metadata"]["name"]: each for each in found}


@every_pair
def test_password_secret_gets_own_objects_and_the_chart_gets_no_replicas(pair: Pair) -> None:
    settings = {**scaled(), "triggerer": Triggerer(scaling=Keda(max_replicas=2))}
    found = objects(pair, **settings)
    assert set(found) == {"lab-database", "lab-worker-scaling", "lab-triggerer-scaling"}
    assert found["lab-database"]["spec"] == {
        "secretTargetRef": [{"parameter": "password", "name": "login", "key": "pw"}]
    }
    spec = found["lab-worker-scaling"]["spec"]
    assert spec["scaleTargetRef"] == {"kind": "Deployment", "name": "lab-worker"}
    (trigger,) = spec["triggers"]
    query = trigger["metadata"].pop("query")
    assert "FROM task_instance" in query
    assert trigger == {
        "type": "postgresql",
        "metadata": {
            "host": "db.example.com",
            "port": "6000",
            "dbName": "meta",
            "userName": "me",
            "sslmode": "require",
            "targetQueryValue": "1",
        },
        "authenticationRef": {"name": "lab-database"},
    }
    values = values_of(EXECUTOR, release(pair, database=PASSWORD, **settings))["workers"]
    workers = values["celery"]["sets"][0] if "celery" in values else values
    assert "keda" not in workers
    assert workers["replicas"] is None
    triggerer = values_of(TRIGGERER, release(pair, database=PASSWORD, **settings))["triggerer"]
    assert "keda" not in triggerer
    assert triggerer["replicas"] is None


@every_pair
def test_url_secret_uses_the_objects_of_the_chart(pair: Pair) -> None:
    assert objects(pair, database=URL, **scaled()) == {}
    assert required_definitions(release(pair, database=URL, **scaled())) == {"scaledobjects.keda.sh"}
    assert required_definitions(release(pair, database=PASSWORD, **scaled())) == set()


def test_release_without_keda_has_no_objects_of_keda() -> None:
    assert objects(NEWEST, executor=CeleryExecutor(broker=BROKER)) == {}


def test_all_settings_reach_the_scaled_object() -> None:
    advanced = {"restoreToOriginalReplicaCount": True}
    scaling = Keda(min_replicas=1, max_replicas=7, interval="10s", cooldown="1m", query="SELECT 1", advanced=advanced)
    workers = CeleryWorkers(scaling=scaling, storage=Volume("1Gi"))
    gpu = WorkerSet(name="gpu", queues=("gpu",), scaling=Keda(max_replicas=2))
    found = objects(NEWEST, executor=CeleryExecutor(broker=BROKER, workers=workers, sets=(gpu,)))
    spec = found["lab-worker-scaling"]["spec"]
    assert spec["scaleTargetRef"] == {"kind": "StatefulSet", "name": "lab-worker"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 7)
    assert (spec["pollingInterval"], spec["cooldownPeriod"]) == (10, 60)
    assert spec["advanced"] == advanced
    assert spec["triggers"][0]["metadata"]["query"] == "SELECT 1"
    other = found["lab-worker-gpu-scaling"]["spec"]
    assert other["scaleTargetRef"]["name"] == "lab-worker-gpu"
    assert "queue IN ('gpu')" in other["triggers"][0]["metadata"]["query"]


def test_triggerer_is_scaled_by_its_capacity() -> None:
    triggerer = Triggerer(scaling=Keda(max_replicas=2))
    for config, capacity in (({}, 1000), ({"triggerer": {"capacity": 50}}, 50)):
        found = objects(NEWEST, triggerer=triggerer, config=config)["lab-triggerer-scaling"]["spec"]
        (trigger,) = found["triggers"]
        assert trigger["metadata"]["query"] == f"SELECT ceil(COUNT(*)::decimal / {capacity}) FROM trigger"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tls": "disable"}, {"sslmode": "disable"}),
        ({"tls": "verify-full", "ca": ConfigMapKey("rds", "ca.pem")}, {"sslmode": "require"}),
        (
            {"address": DatabaseAddress(host="db", port=5432, database="meta", user="me")},
            {"host": "db.airflow-lab.svc", "port": "5432"},
        ),
        (
            {"pgbouncer": PgBouncer(credentials=PgBouncerSecret("bouncer"))},
            {
                "host": "lab-pgbouncer.airflow-lab.svc",
                "port": "6543",
                "dbName": "lab-metadata",
                "sslmode": "prefer",
            },
        ),
    ],
    ids=["no-tls", "no-authority-in-keda", "service", "pgbouncer"],
)
def test_keda_connects_like_the_release(changes: dict[str, Any], expected: dict[str, str]) -> None:
    found = objects(NEWEST, database=replace(PASSWORD, **changes), **scaled())["lab-worker-scaling"]["spec"]
    metadata = found["triggers"][0]["metadata"]
    assert {key: metadata[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("database", "missing"),
    [
        (URL, ["scaledobjects.keda.sh"]),
        (PASSWORD, ["scaledobjects.keda.sh", "triggerauthentications.keda.sh"]),
    ],
    ids=["url", "password"],
)
def test_definitions_of_keda_are_required_if_the_cluster_is_known(
    database: DatabaseConnection, missing: list[str]
) -> None:
    known = release(NEWEST, database=database, facts=ClusterFacts(crds={"helmcharts.helm.cattle.io"}), **scaled())
    found = list(KEDA.rules(known))
    assert {(each.rule, each.at) for each in found} == {("facts/crd-missing", "executor.workers.scaling")}
    assert re.findall(r"\w+\.keda\.sh", " ".join(each.problem for each in found)) == missing
    for facts in (ClusterFacts(), ClusterFacts(crds=set(missing))):
        assert list(KEDA.rules(replace(known, facts=facts))) == []

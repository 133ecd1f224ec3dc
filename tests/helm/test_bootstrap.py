"""With a bootstrap job no pod waits for a Secret: what real Helm renders reads nothing that is not made, with every pair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CnpgCluster,
    DatabaseCleanup,
    ExistingSecret,
    Flower,
    FlowerAuthSecret,
    KubernetesExecutor,
    LocalExecutor,
    Logs,
    Namespace,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    SecretBootstrap,
    Volume,
)
from tests.helm.rendering import render_release
from tests.platforms import PAIRS, helm_chart
from tests.truth.manifests import load

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

BROKER = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
SHAPES: dict[str, dict[str, Any]] = {
    "KubernetesExecutor": {"executor": KubernetesExecutor(), "cleanup": PodCleanup()},
    "LocalExecutor": {"executor": LocalExecutor()},
    "CeleryExecutor": {
        "executor": CeleryExecutor(broker=BROKER),
        "flower": Flower(credentials=FlowerAuthSecret("flower")),
    },
}


def platform(pair: tuple[str, str], operators: bool, shape: dict[str, Any]) -> list[dict[str, Any]]:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "platform")
    data, volume = Namespace(chart, "data"), Volume("1Gi")
    login = None if operators else BasicAuthSecret("login")
    database = CnpgCluster(chart, "db", name="pg", namespace=data, storage=volume, credentials=login)
    airflow = AirflowChart(
        chart,
        "release",
        chart_version=pair[0],
        airflow_version=pair[1],
        namespace=Namespace(chart, "airflow"),
        database=database.connection(bridge=ExistingSecret("metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        logs=Logs.ephemeral(),
        admin=AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com"),
        database_cleanup=DatabaseCleanup(),
        **shape,
    )
    SecretBootstrap(chart, "bootstrap", namespace=Namespace(chart, "setup"), generate_for=[database, airflow])
    return load(app.synth_yaml())


def read(tree: Any) -> Iterator[tuple[str, str]]:
    """Name and key of every Secret without which a pod would not start; the key is empty where all of it is read."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "secretKeyRef" and not value.get("optional"):
                yield value["name"], value["key"]
            elif key in ("secretRef",) and not value.get("optional"):
                yield value["name"], ""
            elif key == "secret" and isinstance(value, dict) and "secretName" in value and not value.get("optional"):
                yield value["secretName"], ""
            elif key == "imagePullSecrets":
                yield from ((each["name"], "") for each in value)
            else:
                yield from read(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from read(each)


@pytest.mark.parametrize("operators", [False, True], ids=["login made", "login of the operator"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_secret_that_a_pod_reads_is_made(pair: tuple[str, str], shape: str, operators: bool) -> None:
    manifests = platform(pair, operators, SHAPES[shape])
    rendered = render_release(helm_chart(manifests))
    (data,) = (m["data"] for m in manifests if m["kind"] == "ConfigMap" and "plan.json" in m["data"])
    made = {s["name"]: set(s["keys"]) for s in json.loads(data["plan.json"])["secrets"] if s["namespace"] == "airflow"}
    by_chart = {
        each["metadata"]["name"]: {*each.get("data", {}), *each.get("stringData", {})}
        for each in rendered.manifests
        if each["kind"] == "Secret"
    }
    wanted = set(read([pod.spec for pod in rendered.pods])) | set(
        read([m for m in manifests if m["kind"] in ("CronJob", "Job")])
    )
    assert {name for name, _ in wanted} & made.keys() >= {"metadata", "airflow-fernet-key", "admin"}
    for name, key in sorted(wanted):
        there = made.get(name) or by_chart.get(name)
        assert there is not None, name
        assert not key or key in there, (name, key)
    # And nothing is made that no pod reads.
    assert set(made) <= {name for name, _ in wanted}

"""main.py's platform with Celery workers that KEDA scales: from none to one per queued task, and back to none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ExternalDatabase,
    Keda,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    Triggerer,
)
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.lacking import skip_without_controller, skip_without_definition
from tests.cluster.platforms import homelab

WORKER = "deployment/airflow-worker"
TRIGGERER = "deployment/airflow-triggerer"
RUNS = ("one", "two", "three")
SECONDS = 60
"""How long the first task of each run takes: longer than a worker needs to start."""

METRICS = "/apis/external.metrics.k8s.io/v1beta1/namespaces/airflow/s0-postgresql"


@dataclass(frozen=True)
class Scaled:
    """A platform that runs with KEDA.

    Attributes:
        kubectl: the cluster.
        platform: it.
        api: its API.
        objects: the names of the ScaledObjects of the workers and of the triggerer.
    """

    kubectl: Kubectl
    platform: Platform
    api: AirflowApi
    objects: tuple[str, str]

    def replicas(self, workload: str, number: int, seconds: int) -> None:
        """Wait until a workload is set to a number of replicas."""
        self.platform.wait("airflow", workload, f"jsonpath={{.spec.replicas}}={number}", seconds)

    def value(self, scaled_object: str) -> float:
        """What the query of a ScaledObject returns, as KEDA reports it to the autoscaler."""
        query = f"labelSelector=scaledobject.keda.sh%2Fname%3D{scaled_object}"
        (item,) = json.loads(self.kubectl.run("get", "--raw", f"{METRICS}?{query}").stdout)["items"]
        text = str(item["value"])
        return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def settings() -> dict[str, Any]:
    """One worker for each task; at least one triggerer."""
    broker = RedisBroker(password=RedisPasswordSecret("airflow-redis"), url=BrokerUrlSecret("airflow-broker"))
    workers = CeleryWorkers(scaling=Keda(min_replicas=0, max_replicas=len(RUNS), cooldown="30s"))
    return {
        "executor": CeleryExecutor(broker=broker, workers=workers, concurrency=1),
        "triggerer": Triggerer(scaling=Keda(min_replicas=1, max_replicas=2)),
    }


def external_database() -> ExternalDatabase:
    """The Cluster of main.py, of which Airflow knows only the password."""
    return ExternalDatabase(
        host="airflow-pg-rw.airflow-data.svc",
        database="airflow",
        user="airflow",
        password=SecretKey("airflow-db", "password"),
    )


def with_password() -> tuple[Any, tuple[str, str]]:
    """The Secret of the database has only the password: ScaledObjects and TriggerAuthentication of this library."""
    program = homelab("celery", release={**settings(), "database": external_database().connection()})
    return program.app, ("airflow-worker-scaling", "airflow-triggerer-scaling")


def with_url() -> tuple[Any, tuple[str, str]]:
    """The Secret of the database has the whole URL: ScaledObjects of the chart."""
    return homelab("celery", release=settings()).app, ("airflow-worker", "airflow-triggerer")


@pytest.fixture(scope="module", params=[with_password, with_url], ids=["password", "url"])
def scaled(
    request: pytest.FixtureRequest, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scaled]:
    skip_without_definition(kubectl, "scaledobjects.keda.sh", "KEDA")
    if not kubectl.exists("apiservice", "v1beta1.external.metrics.k8s.io"):
        pytest.skip("the cluster has the definitions of KEDA, but not its metrics server")
    folder: Path = tmp_path_factory.mktemp("keda")
    app, objects = request.param()
    with PlatformRunner(kubectl, folder.name).platform(app, folder, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        platform.wait("airflow", f"scaledobject/{objects[0]}", "create", 300)
        skip_without_controller(platform, "airflow", f"scaledobject/{objects[0]}")
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        api = platform.api()
        yield Scaled(kubectl, platform, api, objects)


def test_queries_run_and_without_tasks_there_is_no_worker(scaled: Scaled) -> None:
    for name in scaled.objects:
        scaled.platform.wait("airflow", f"scaledobject/{name}", "condition=Ready", 120)
    scaled.replicas(WORKER, 0, 240)
    scaled.replicas(TRIGGERER, 1, 60)
    assert scaled.value(scaled.objects[1]) == 0


def test_second_apply_changes_nothing_after_keda_has_scaled(scaled: Scaled) -> None:
    assert scaled.platform.diff() == ""
    before = scaled.platform.generations()
    scaled.platform.apply()
    assert scaled.platform.generations() == before


def test_each_queued_task_gets_a_worker_and_no_task_is_lost(scaled: Scaled) -> None:
    api, platform = scaled.api, scaled.platform
    with platform.explained():
        for run in RUNS:
            api.trigger(run, seconds=SECONDS)
        scaled.replicas(WORKER, 1, 120)
        scaled.replicas(WORKER, len(RUNS), 240)
        assert scaled.value(scaled.objects[0]) == len(RUNS)
        for run in RUNS:
            assert api.wait_for_run(run, 600) == "success", api.tasks(run)
            assert api.tasks(run) == {"first": ("success", 1), "second": ("success", 1)}
            assert "first task ends" in api.log(run, "first")
        scaled.replicas(WORKER, 0, 300)
    print({what: seconds for what, seconds in platform.seconds.items() if "replicas" in what})

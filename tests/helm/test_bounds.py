"""What a quota counts for a release is exactly what real Helm renders: the pods that always run, and its hooks."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DagProcessor, Flower, Scheduler
from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryWorkers,
    ExternalBroker,
    KubernetesExecutor,
    LocalExecutor,
    RedisBroker,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.idle_resources import always_running, hooks
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret, RedisPasswordSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation.quantities import quantity
from tests.airflow.wire.samples import PAIRS, Pair, called, git, release
from tests.airflow.wire.test_database import BOUNCED
from tests.everything import everything
from tests.helm.rendering import Rendered, render

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids=called)]

CELERY = CeleryExecutor(broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker")))
LARGE = {
    "name": "large",
    "image": "registry.example.com/data/models:1",
    "resources": {"requests": {"cpu": "2", "memory": "8Gi"}, "limits": {"memory": "9Gi"}},
}
PLATFORMS: dict[str, dict[str, Any]] = {
    "kubernetes": {"executor": KubernetesExecutor(), "scheduler": Scheduler(replicas=2)},
    "local": {"executor": LocalExecutor(), "triggerer": None, "statsd": None},
    "celery": {
        "executor": CELERY,
        "flower": Flower(credentials=FlowerAuthSecret("flower")),
        "dag_processor": DagProcessor(),
    },
    "local with git-sync": {"executor": LocalExecutor(), "dags": git()},
    "celery with volumes and PgBouncer": {
        "executor": CeleryExecutor(
            broker=ExternalBroker(url=BrokerUrlSecret("broker")),
            workers=CeleryWorkers(storage=Volume("5Gi"), replicas=3),
        ),
        "dags": git(),
        "database": BOUNCED,
    },
    "large init container": {"executor": KubernetesExecutor(), "scheduler": Scheduler(init_containers=[LARGE])},
}


def effective(pod: dict[str, Any]) -> tuple[float, float, float]:
    """CPU, memory and memory limit of a pod, as the quota of Kubernetes counts them."""

    def amounts(container: dict[str, Any]) -> tuple[float, float, float]:
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        return quantity(str(requests["cpu"])), quantity(str(requests["memory"])), quantity(str(limits["memory"]))

    running = [amounts(container) for container in pod["containers"]]
    before = [amounts(container) for container in pod.get("initContainers", ())]
    assert not [container for container in pod.get("initContainers", ()) if "restartPolicy" in container]
    cpu, memory, limit = (max(sum(each[i] for each in running), *(each[i] for each in before), 0.0) for i in range(3))
    return cpu, memory, limit


def running(rendered: Rendered) -> list[tuple[float, ...]]:
    """The number of pods, at least, and the requests of one, for each workload."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"].get("minReplicas", each["spec"].get("minReplicaCount", 0))
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for each in rendered.find(kind)
    }
    return sorted(
        (
            least.get(each["metadata"]["name"], each["spec"].get("replicas", 1)),
            *rounded(effective(each["spec"]["template"]["spec"])),
        )
        for each in (*rendered.find("Deployment"), *rendered.find("StatefulSet"))
    )


def rounded(amounts: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(amount, 6) for amount in amounts)


def assert_counted(settings: ReleaseSettings, rendered: Rendered) -> None:
    counted = [
        (count, *rounded((each.cpu, each.memory, each.memory_limit))) for count, each in always_running(settings)
    ]
    assert sorted(counted) == running(rendered)
    jobs = [rounded(effective(each["spec"]["template"]["spec"])) for each in rendered.find("Job")]
    assert sorted(rounded((each.cpu, each.memory, each.memory_limit)) for each in hooks(settings)) == sorted(jobs)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_pod_that_always_runs_is_counted_with_all_its_containers(pair: Pair, platform: str) -> None:
    settings = release(pair, **{"dag_processor": DagProcessor(), **PLATFORMS[platform]})
    assert not compile_release(settings).setting_findings
    assert_counted(
        settings,
        render(compile_release(settings).values_from_arguments, pair[0], release="lab", namespace="airflow-lab"),
    )


def test_with_everything_on_each_pod_is_counted_too(pair: Pair) -> None:
    settings, _ = everything(pair)
    assert_counted(settings, render(compile_release(settings).values_from_arguments, pair[0]))

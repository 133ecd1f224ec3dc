"""What always runs, as bounds of a namespace count it, is never more than what real Helm renders, and no kind of pod is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DagProcessor, Flower, Scheduler
from cdk8s_airflow.airflow.executors import CeleryExecutor, KubernetesExecutor, LocalExecutor, RedisBroker
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.idle_resources import always_running
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret, RedisPasswordSecret
from cdk8s_airflow.validation.constraints import quantity
from tests.airflow.wire.samples import PAIRS, Pair, called, release
from tests.everything import everything
from tests.helm.rendering import Rendered, render

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids=called)]

CELERY = CeleryExecutor(broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker")))
PLATFORMS: dict[str, dict[str, Any]] = {
    "kubernetes": {"executor": KubernetesExecutor(), "scheduler": Scheduler(replicas=2)},
    "local": {"executor": LocalExecutor(), "triggerer": None, "statsd": None},
    "celery": {
        "executor": CELERY,
        "flower": Flower(credentials=FlowerAuthSecret("flower")),
        "dag_processor": DagProcessor(),
    },
}


def running(rendered: Rendered) -> tuple[int, float, float]:
    """How many pods are up at least, and the CPU and memory that all their containers ask for."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"].get("minReplicas", each["spec"].get("minReplicaCount", 0))
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for each in rendered.find(kind)
    }
    pods, cpu, memory = 0, 0.0, 0.0
    for each in (*rendered.find("Deployment"), *rendered.find("StatefulSet")):
        count = least.get(each["metadata"]["name"], each["spec"].get("replicas", 1))
        requests = [container["resources"]["requests"] for container in each["spec"]["template"]["spec"]["containers"]]
        pods += count
        cpu += count * sum(quantity(str(request["cpu"])) for request in requests)
        memory += count * sum(quantity(str(request["memory"])) for request in requests)
    return pods, cpu, memory


def assert_counted(settings: ReleaseSettings, rendered: Rendered) -> None:
    counted = list(always_running(settings))
    pods, cpu, memory = running(rendered)
    assert sum(count for count, _ in counted) == pods
    assert 0 < sum(count * quantity(each.cpu) for count, each in counted) <= cpu + 1e-9
    assert 0 < sum(count * quantity(each.memory) for count, each in counted) <= memory


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_pod_that_always_runs_is_counted_and_not_for_more_than_it_asks(pair: Pair, platform: str) -> None:
    settings = release(pair, **{"dag_processor": DagProcessor(), **PLATFORMS[platform]})
    assert not compile_release(settings).setting_findings
    assert_counted(
        settings,
        render(compile_release(settings).values_from_arguments, pair[0], release="lab", namespace="airflow-lab"),
    )


def test_with_everything_on_each_pod_is_counted_too(pair: Pair) -> None:
    settings, _ = everything(pair)
    assert_counted(settings, render(compile_release(settings).values_from_arguments, pair[0]))

"""The footprint of a release equals what real Helm renders: pods, requests and limits of each workload and Job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from cdk8s_airflow import BasicAuthSecret
from cdk8s_airflow.airflow.authentication import AdminAccount
from cdk8s_airflow.airflow.components import DagProcessor, DatabaseCleanup, Flower, PodCleanup, Scheduler
from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryWorkers,
    KubernetesExecutor,
    LocalExecutor,
    RedisBroker,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.model.pod_requests import PodRequests
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret, RedisPasswordSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation.quantities import quantity
from tests.airflow.wire.samples import PAIRS, Pair, called, git, release
from tests.everything import everything
from tests.helm.rendering import Rendered, render

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids=called)]

CELERY = CeleryExecutor(
    broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"), storage=Volume("2Gi")),
    workers=CeleryWorkers(replicas=3, storage=Volume("5Gi")),
)
PLATFORMS: dict[str, dict[str, Any]] = {
    "kubernetes": {
        "executor": KubernetesExecutor(),
        "scheduler": Scheduler(replicas=2),
        "dags": git(),
        "cleanup": PodCleanup(),
        "database_cleanup": DatabaseCleanup(retention="30d"),
    },
    "local": {"executor": LocalExecutor(), "triggerer": None, "statsd": None, "dags": git()},
    "celery": {
        "executor": CELERY,
        "flower": Flower(credentials=FlowerAuthSecret("flower")),
        "admin": AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com"),
    },
}

Counted = tuple[int, PodRequests, float]


def rendered_pods(rendered: Rendered) -> dict[str, Counted]:
    """Number, requests and storage of the pods of each workload."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"].get("minReplicas", each["spec"].get("minReplicaCount", 0))
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for each in rendered.find(kind)
    }
    found: dict[str, Counted] = {}
    for each in (*rendered.find("Deployment"), *rendered.find("StatefulSet")):
        count = least.get(each["metadata"]["name"], each["spec"].get("replicas", 1))
        claims = each["spec"].get("volumeClaimTemplates", [])
        storage = sum(quantity(claim["spec"]["resources"]["requests"]["storage"]) for claim in claims)
        found[each["metadata"]["name"]] = (count, requests(each["spec"]["template"]["spec"]), storage)
    return found


def rendered_jobs(rendered: Rendered) -> list[PodRequests]:
    specs = [each["spec"]["template"]["spec"] for each in rendered.find("Job")]
    specs += [each["spec"]["jobTemplate"]["spec"]["template"]["spec"] for each in rendered.find("CronJob")]
    return [requests(spec) for spec in specs]


def requests(spec: Mapping[str, Any]) -> PodRequests:
    return PodRequests.of(spec["containers"], spec.get("initContainers", ()))


def key(counted: Counted) -> tuple[float, ...]:
    count, pod, storage = counted
    return tuple(round(each, 6) for each in (count, pod.cpu, pod.memory, pod.memory_limit, pod.cpu_limit, storage))


def assert_equal(settings: ReleaseSettings, rendered: Rendered) -> None:
    workloads = compile_release(settings).workloads
    components = [(each.idle, each.pod, each.storage) for each in workloads if each.kind == "component"]
    assert sorted(map(key, components)) == sorted(map(key, rendered_pods(rendered).values()))
    jobs = [(1, each.pod, 0.0) for each in workloads if each.kind == "job"]
    assert sorted(map(key, jobs)) == sorted(key((1, each, 0.0)) for each in rendered_jobs(rendered))
    templates = [
        yaml.safe_load(text)
        for each in rendered.find("ConfigMap")
        for name, text in each.get("data", {}).items()
        if "pod_template" in name
    ]
    tasks = [each.pod for each in workloads if each.kind == "tasks"]
    if tasks:
        (template,) = templates
        assert key((1, tasks[0], 0.0)) == key((1, requests(template["spec"]), 0.0))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_footprint_equals_what_helm_renders(pair: Pair, platform: str) -> None:
    settings = release(pair, **{"dag_processor": DagProcessor(), **PLATFORMS[platform]})
    compiled = compile_release(settings)
    assert not compiled.setting_findings
    assert_equal(settings, render(compiled.values, pair[0], release="lab", namespace="airflow-lab"))


def test_footprint_with_everything_on_equals_what_helm_renders(pair: Pair) -> None:
    settings, _ = everything(pair)
    assert_equal(settings, render(compile_release(settings).values, pair[0]))

"""The biggest platform of each pair: every pod passes ``restricted``, asks for what it needs, and runs as nobody special."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DagProcessor,
    DagRepoSync,
    DatabaseCleanup,
    Flower,
    FlowerAuthSecret,
    GitTokenSecret,
    KubernetesExecutor,
    MultipleExecutors,
    OtelCollector,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    ResultBackendSecret,
    Scheduler,
    Statsd,
    TaskPod,
    TaskPods,
    Triggerer,
    WorkerSet,
)
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Pod, Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]


def biggest(pair: tuple[str, str]) -> list[dict[str, Any]]:
    """A release with everything that a pair has."""
    chart, airflow = pair
    celery: dict[str, Any] = {
        "broker": RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker")),
        "workers": CeleryWorkers(replicas=2),
    }
    if chart not in ("1.15.0", "1.18.0"):
        celery["sets"] = [WorkerSet(name="big", queues=["big"])]
    executor: Any = CeleryKubernetesExecutor(**celery)
    if airflow.startswith("3"):
        executor = MultipleExecutors(
            CeleryExecutor(**celery, result_backend=ResultBackendSecret("results")), KubernetesExecutor()
        )
    collector = OtelCollector(exporters={"otlphttp": {"endpoint": "http://tempo:4318"}}, metrics=False, traces=True)
    return release(
        lambda scope: {
            "dags": DagRepoSync(
                scope,
                "dags",
                repo="https://git.example.com/dags.git",
                ref="main",
                credentials=GitTokenSecret("git"),
            )
        },
        chart_version=chart,
        airflow_version=airflow,
        executor=executor,
        scheduler=Scheduler(replicas=2),
        triggerer=Triggerer(replicas=2),
        dag_processor=DagProcessor(replicas=2),
        flower=Flower(credentials=FlowerAuthSecret("flower")),
        statsd=Statsd(),
        otel_collector=collector if chart == "1.22.0" else None,
        cleanup=PodCleanup(),
        database_cleanup=DatabaseCleanup(),
        admin=ADMIN,
        task_pods=TaskPods(templates={"gpu": TaskPod(gpus=1)}),
    )


ADMIN = AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com")


def platform(pair: tuple[str, str]) -> Rendered:
    """The output of Helm, and the additional objects."""
    manifests = biggest(pair)
    rendered = render_release(helm_chart(manifests))
    own = [one for one in manifests if one["kind"] in ("CronJob", "Job")]
    named = [
        {**pod, "metadata": {**pod["metadata"], "name": name}}
        for one in manifests
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "airflow-pod-templates"
        for name, pod in ((name, yaml.safe_load(text)) for name, text in one["data"].items())
    ]
    assert len(named) == 1
    return Rendered(
        text=rendered.text,
        release=rendered.release,
        namespace=rendered.namespace,
        chart_version=rendered.chart_version,
        manifests=(*rendered.manifests, *own, *named),
    )


COMPONENTS = {
    "scheduler",
    "triggerer",
    "dag-processor",
    "statsd",
    "redis",
    "flower",
    "worker",
    "airflow-cleanup-pods",
    "database-cleanup",
    "run-airflow-migrations",
}


def test_every_pod_passes_restricted_asks_for_what_it_needs_and_is_not_root(pair: tuple[str, str]) -> None:
    rendered = platform(pair)
    wanted = COMPONENTS | ({"webserver"} if pair[1] < "3" else {"api-server"})
    if pair[0] == "1.22.0":
        wanted = wanted | {"otel-collector"}
    assert {pod.component for pod in rendered.pods} >= wanted
    assert_restricted(rendered)
    assert_requests_everywhere(rendered)
    assert_env_once(rendered)
    assert_strict_kinds(rendered)
    users = {container.where: user(pod, container.spec) for pod in rendered.pods for container in pod.containers}
    assert {where for where, uid in users.items() if uid in (None, 0)} == set()


def user(pod: Pod, container: Any) -> int | None:
    """The user that a container runs as, if anybody says."""
    told: int | None = {**(pod.spec.get("securityContext") or {}), **(container.get("securityContext") or {})}.get(
        "runAsUser"
    )
    return told

"""Whether all pods of a release, those of the chart and ours, can be evicted, pulled and placed."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AirflowChart,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DagRepoSync,
    DatabaseCleanup,
    ExternalBroker,
    Flower,
    FlowerAuthSecret,
    KubernetesExecutor,
    MultipleExecutors,
    Namespace,
    PlatformError,
    Volume,
    WorkerSet,
)
from cdk8s_airflow.airflow.container_rules import CHART_CONTAINERS
from tests.everything import DAGS, arguments
from tests.helm.rendering import Pod, Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release
from tests.truth.manifests import load

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

Pair = tuple[str, str]

WORKERS = CeleryWorkers(replicas=2)
BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))
GPU = [WorkerSet(name="gpu", replicas=2), WorkerSet(name="cpu", replicas=3)]
EXECUTORS: dict[str, Any] = {
    "celery": lambda: CeleryExecutor(broker=BROKER, workers=WORKERS),
    "celery with sets": lambda: CeleryExecutor(broker=BROKER, workers=WORKERS, sets=GPU),
    "celery and task pods": lambda: MultipleExecutors(
        CeleryExecutor(broker=BROKER, workers=WORKERS), KubernetesExecutor()
    ),
    "celery with sets and task pods": lambda: MultipleExecutors(
        CeleryExecutor(broker=BROKER, workers=WORKERS, sets=GPU), KubernetesExecutor()
    ),
    "CeleryKubernetesExecutor": lambda: CeleryKubernetesExecutor(broker=BROKER, workers=WORKERS),
}


def rendered(manifests: list[dict[str, Any]]) -> Rendered:
    """What Helm renders, together with the objects that the platform adds."""
    chart = render_release(helm_chart(manifests))
    return dataclasses.replace(chart, manifests=(*chart.manifests, *(m for m in manifests if m["kind"] != "HelmChart")))


def labels_in_cluster(pod: Pod) -> Mapping[str, str]:
    """The labels of a pod; KubernetesExecutor adds some to task pods."""
    return {**pod.labels, "kubernetes_executor": "True", "dag_id": "a"} if pod.kind == "PodTemplate" else pod.labels


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects a pod."""
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert {expression["operator"] for expression in expressions} <= {"DoesNotExist"}
    return wanted.items() <= labels.items() and not any(expression["key"] in labels for expression in expressions)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_pod_is_selected_by_at_most_one_disruption_budget(pair: Pair, executor: str) -> None:
    chart, airflow = pair
    try:
        manifests = release(chart_version=chart, airflow_version=airflow, executor=EXECUTORS[executor]())
    except PlatformError as error:
        assert {finding.rule for finding in error.findings} <= {  # noqa: PT017
            "versions/unread",
            "executors/several",
            "executors/airflow-3",
            "executors/shared-key",
        }
        return
    result = rendered(manifests)
    budgets = result.find("PodDisruptionBudget")
    chosen = {
        pod.where: [
            budget["metadata"]["name"]
            for budget in budgets
            if selects(budget["spec"]["selector"], labels_in_cluster(pod))
        ]
        for pod in result.pods
    }
    workers = {where: names for where, names in chosen.items() if "worker" in where}
    assert all(len(names) == 1 for names in workers.values()), workers
    assert all(len(names) <= 1 for names in chosen.values()), chosen
    assert chosen.get("PodTemplate/pod_template_file.yaml", []) == []


@functools.cache
def everything_on_arm(pair: Pair) -> Rendered:
    """A release with all components, placements of their own, a mirror and a pull Secret, on one CPU architecture."""
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "everything")
    given = arguments(pair)
    given["facts"] = dataclasses.replace(given["facts"], architecture="arm64")
    AirflowChart(
        chart, "airflow", namespace=Namespace.existing("airflow"), dags=DagRepoSync(chart, "dags", **DAGS), **given
    )
    return rendered(load(str(app.synth_yaml())))


def pods(result: Rendered) -> Iterator[Pod]:
    """All pods, and the named templates of task pods."""
    yield from result.pods
    for config in result.find("ConfigMap"):
        for file, text in (config.get("data") or {}).items():
            if file.endswith((".yaml", ".yml")) and "kind: Pod\n" in text and file != "pod_template_file.yaml":
                (pod,) = load(text)
                yield Pod(kind="PodTemplate", name=file, metadata=pod["metadata"], spec=pod["spec"])


def test_each_pod_is_placed_on_the_architecture(pair: Pair) -> None:
    placed = {pod.where: pod.spec.get("nodeSelector", {}) for pod in pods(everything_on_arm(pair))}
    assert len(placed) >= 9
    assert {where for where, selector in placed.items() if selector.get("kubernetes.io/arch") != "arm64"} == set()
    assert {where for where, selector in placed.items() if "workload" not in selector} <= {
        "Job/airflow-create-user",
        "PodTemplate/gpu.yaml",
        "Deployment/airflow-worker-gpu",
    }


def test_each_pod_can_pull_its_images_with_the_pull_secret(pair: Pair) -> None:
    result = everything_on_arm(pair)
    accounts = {each["metadata"]["name"]: each.get("imagePullSecrets") for each in result.find("ServiceAccount")}
    secrets = {
        pod.where: pod.spec.get("imagePullSecrets") or accounts.get(pod.spec.get("serviceAccountName"))
        for pod in pods(result)
    }
    assert {where for where, secret in secrets.items() if secret != [{"name": "registry-login"}]} == set()


def test_each_container_of_the_chart_has_a_name_that_users_cannot_take(pair: Pair) -> None:
    airflow = (
        "scheduler",
        "webserver",
        "api-server",
        "triggerer",
        "dag-processor",
        "worker",
        "flower",
        "run-airflow-migrations",
    )
    names = {
        container.name
        for pod in everything_on_arm(pair).pods
        if pod.component in airflow
        for container in pod.containers
    }
    assert len(names) >= 10
    scheduler = arguments(pair)["scheduler"]
    assert names - CHART_CONTAINERS == {each["name"] for each in (*scheduler.containers, *scheduler.init_containers)}


LONGEST = {"Service": 63, "StatefulSet": 52, "CronJob": 52, "Job": 63}
"""Kind -> characters in its name. A Job's and a StatefulSet's name become labels, the latter with a hash."""


def test_each_name_that_the_chart_derives_from_the_longest_names_is_accepted(pair: Pair) -> None:
    chart, airflow = pair
    name = "airflow-production-data-platform-01"
    has_sets = chart in ("1.20.0", "1.22.0")
    sets = [
        WorkerSet(name="s" * (63 - len(f"{name}-worker-"))),
        WorkerSet(name="t" * (52 - len(f"{name}-worker-")), storage=Volume("1Gi"), queues=["other"]),
    ]
    manifests = release(
        chart_version=chart,
        airflow_version=airflow,
        release=name,
        executor=CeleryExecutor(broker=BROKER, sets=sets if has_sets else ()),
        database_cleanup=DatabaseCleanup(),
        flower=Flower(credentials=FlowerAuthSecret("flower")),
    )
    lengths = {(kind, each): len(each) for kind, each in rendered(manifests).names if kind in LONGEST}
    assert len(lengths) >= 5
    assert {key: length for key, length in lengths.items() if length > LONGEST[key[0]]} == {}

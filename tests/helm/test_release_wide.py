"""Placement, labels and annotations of a whole release reach every pod of every chart; those of a component win."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DatabaseCleanup,
    ExternalDatabase,
    Flower,
    FlowerAuthSecret,
    KubernetesExecutor,
    NodeGroup,
    NodeTaint,
    PgBouncer,
    PgBouncerSecret,
    Placement,
    PlatformError,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    Scheduler,
    SecretKey,
    Statsd,
    TaskPod,
    TaskPods,
    Triggerer,
    WorkerSet,
)
from cdk8s_airflow.model.wire.placement import placement
from tests.helm.rendering import Pod, render_release
from tests.making import emitted, make_airflow, new_chart
from tests.platforms import PAIRS, helm_chart

SPOT = NodeGroup.eks("workers-spot", spot=True, taints=[NodeTaint(key="spot", value="true")])
WORKERS = NodeGroup.eks("workers", taints=[NodeTaint(key="workload", value="airflow")])
CORE = NodeGroup.eks("core")
WIDE = SPOT.preferred_over(WORKERS)
LABELS = {"team": "data", "tier2": "gold"}
ANNOTATIONS = {"example.com/owner": "data", "example.com/cost": "a"}

BROKER = RedisBroker(password=RedisPasswordSecret("redis-password"), url=BrokerUrlSecret("broker-url"))
FIELDS = ("nodeSelector", "tolerations", "affinity")


def rendered_pods(pair: tuple[str, str], **changes: Any) -> dict[str, Pod]:
    """The pods of a release that has all parts, by component."""
    chart = new_chart()
    arguments: dict[str, Any] = {
        "chart_version": pair[0],
        "airflow_version": pair[1],
        "placement": WIDE,
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "admin": AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com"),
        "database_cleanup": DatabaseCleanup(),
        "scheduler": Scheduler(placement=CORE, labels={"team": "core"}, annotations={"example.com/cost": "b"}),
        "triggerer": Triggerer(placement=Placement()),
        "database": ExternalDatabase(
            host="db.example.com",
            password=SecretKey("db", "password"),
            pooling=PgBouncer(credentials=PgBouncerSecret("pgbouncer")),
        ).connection(),
    }
    make_airflow(chart, **{**arguments, **changes})
    manifests = emitted(chart)
    rendered = render_release(helm_chart(manifests))
    pods = {pod.component: pod for pod in rendered.pods}
    for each in manifests:
        if each["kind"] == "CronJob":
            own = each["spec"]["jobTemplate"]["spec"]["template"]
            pods["database-cleanup"] = Pod(kind="CronJob", name="", metadata=own["metadata"], spec=own["spec"])
    return pods


def placed(pod: Pod) -> dict[str, Any]:
    """The fields of a pod that choose its node, without those that are empty."""
    return {field: pod.spec[field] for field in FIELDS if pod.spec.get(field)}


def executors(pair: tuple[str, str]) -> list[dict[str, Any]]:
    """Arguments of releases whose executors have all kinds of workers between them."""
    celery = {"executor": CeleryExecutor(broker=BROKER), "flower": Flower(credentials=FlowerAuthSecret("flower"))}
    kubernetes = {"executor": KubernetesExecutor(), "cleanup": PodCleanup()}
    both = {"executor": CeleryKubernetesExecutor(broker=BROKER)} if pair[1].startswith("2.") else {}
    return [celery, kubernetes, *([both] if both else [])]


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_all_pods_have_what_the_release_sets_and_components_replace_it(pair: tuple[str, str]) -> None:
    seen = set()
    for arguments in executors(pair):
        pods = rendered_pods(pair, **arguments)
        seen |= set(pods)
        for component, pod in pods.items():
            annotations = {key: pod.annotations.get(key) for key in ANNOTATIONS}
            if component == "scheduler":
                assert placed(pod)["nodeSelector"] == placement(CORE)["nodeSelector"]
                assert not pod.spec.get("tolerations")
                assert "nodeAffinity" not in pod.spec["affinity"]
                assert (pod.labels["team"], pod.labels["tier2"]) == ("core", "gold")
                assert annotations == {**ANNOTATIONS, "example.com/cost": "b"}
                continue
            if component == "triggerer":
                assert "nodeAffinity" not in (pod.spec.get("affinity") or {})
                assert not pod.spec.get("nodeSelector")
                assert not pod.spec.get("tolerations")
            else:
                assert placed(pod) == placement(WIDE), component
            assert {key: pod.labels.get(key) for key in LABELS} == LABELS, component
            assert annotations == ANNOTATIONS, component
    assert {"worker", "statsd", "pgbouncer", "redis", "flower", "create-user-job"} <= seen
    assert len(seen & {"webserver", "api-server"}) == 1
    assert "database-cleanup" in seen


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[0] >= "1.20"], ids="-".join)
def test_sets_of_workers_have_their_own_group_or_that_of_the_release(pair: tuple[str, str]) -> None:
    gpu = NodeGroup.eks("gpu", taints=[NodeTaint(key="nvidia.com/gpu", value="true")])
    sets = [WorkerSet(name="gpu", queues=["gpu"], placement=gpu), WorkerSet(name="big", queues=["big"])]
    chart = new_chart()
    executor = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(placement=CORE), sets=sets)
    make_airflow(
        chart, chart_version=pair[0], airflow_version=pair[1], executor=executor, placement=WIDE, statsd=Statsd()
    )
    pods = {pod.name: pod for pod in render_release(helm_chart(emitted(chart))).pods}
    assert placed(pods["airflow-worker-gpu"])["tolerations"] == placement(gpu)["tolerations"]
    assert "nodeAffinity" not in placed(pods["airflow-worker-gpu"]).get("affinity", {})
    assert placed(pods["airflow-worker-big"]) == placement(WIDE)
    assert placed(pods["airflow-worker"])["nodeSelector"] == placement(CORE)["nodeSelector"]


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_named_templates_have_their_own_group_or_that_of_the_release(pair: tuple[str, str]) -> None:
    import yaml

    chart = new_chart()
    pods = TaskPods(templates={"gpu": TaskPod(placement=CORE), "big": TaskPod(labels={"team": "ml"})})
    make_airflow(
        chart, chart_version=pair[0], airflow_version=pair[1], task_pods=pods, placement=WORKERS, labels=LABELS
    )
    (config,) = [m for m in emitted(chart) if m["metadata"]["name"] == "airflow-pod-templates"]
    assert config["metadata"]["labels"]["team"] == "data"
    gpu, big = (yaml.safe_load(config["data"][f"{name}.yaml"]) for name in ("gpu", "big"))
    assert gpu["spec"]["nodeSelector"] == {"eks.amazonaws.com/nodegroup": "core"}
    assert "tolerations" not in gpu["spec"]
    assert big["spec"]["tolerations"] == placement(WORKERS)["tolerations"]
    assert (gpu["metadata"]["labels"]["team"], big["metadata"]["labels"]["team"]) == ("data", "ml")


@pytest.mark.parametrize("key", ["tier", "component", "release"])
def test_label_of_the_chart_is_rejected(key: str) -> None:
    with pytest.raises(PlatformError, match=rf"labels\.{key}"):
        make_airflow(new_chart(), labels={key: "data"})


@pytest.mark.parametrize(
    ("key", "value", "argument"),
    [
        ("labels", {"team": "data"}, "labels="),
        ("nodeSelector", {"disk": "ssd"}, "placement="),
        ("tolerations", [{"key": "a", "operator": "Exists"}], "placement="),
        ("affinity", {"nodeAffinity": {}}, "placement="),
        ("airflowPodAnnotations", {"a": "b"}, "annotations="),
    ],
)
def test_key_of_all_pods_in_values_names_the_argument(key: str, value: object, argument: str) -> None:
    with pytest.raises(PlatformError, match=argument):
        make_airflow(new_chart(), values={key: value})

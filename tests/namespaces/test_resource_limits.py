"""Containers that could never start in their namespace are rejected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    ContainerLimits,
    ExternalBroker,
    Hpa,
    Image,
    Keda,
    KubernetesExecutor,
    LabDatabase,
    LoadBalancer,
    LocalExecutor,
    Logs,
    Namespace,
    NodePort,
    PlatformError,
    Quota,
    Resources,
    Scheduler,
    SecretBootstrap,
    TaskPod,
    TaskPods,
    Volume,
    WorkerSet,
    synth,
)
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.wire.idle_resources import always_running, hooks, most_running
from cdk8s_airflow.model.pod_requests import PodRequests, largest_of
from cdk8s_airflow.namespaces.resource_limits import bound_findings, resources_in, together_findings
from cdk8s_airflow.validation.quantities import quantity
from tests.airflow.wire.samples import release
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.truth.manifests import values_of

ONE = Resources(cpu="1", memory="1Gi", memory_limit="2Gi")
LIMITED = Resources(cpu="1", memory="1Gi", cpu_limit="2")


@pytest.mark.parametrize(
    ("given", "bounds", "at"),
    [
        (ONE, {"limits": ContainerLimits()}, []),
        (
            ONE,
            {"limits": ContainerLimits(max_cpu="1", max_memory="2Gi"), "quota": Quota(cpu="1", memory_limit="2Gi")},
            [],
        ),
        (ONE, {"limits": ContainerLimits(max_memory="2047Mi")}, ["x.memory_limit"]),
        (LIMITED, {"limits": ContainerLimits(max_memory="1023Mi")}, ["x.memory"]),
        (ONE, {"limits": ContainerLimits(cpu_limit="500m")}, ["x.cpu"]),
        (ONE, {"limits": ContainerLimits(max_cpu="999m")}, ["x.cpu"]),
        (ONE, {"limits": ContainerLimits(cpu_limit="500m", max_cpu="4")}, ["x.cpu"]),
        (LIMITED, {"limits": ContainerLimits(cpu_limit="500m", max_cpu="2")}, []),
        (LIMITED, {"limits": ContainerLimits(cpu_limit="500m", max_cpu="1")}, ["x.cpu_limit"]),
        (ONE, {"quota": Quota(cpu="500m")}, ["x.cpu"]),
        (ONE, {"quota": Quota(memory="512Mi")}, ["x.memory"]),
        (ONE, {"quota": Quota(memory_limit="1Gi")}, ["x.memory_limit"]),
        (LIMITED, {"quota": Quota(memory_limit="512Mi", cpu_limit="1")}, ["x.cpu_limit", "x.memory_limit"]),
        (ONE, {"quota": Quota(cpu_limit="500m")}, []),
        (ONE, {"quota": Quota(pods=1)}, []),
        (ONE, {}, []),
    ],
)
def test_bound_findings_name_the_container_that_does_not_fit(
    given: Resources, bounds: dict[str, Any], at: list[str]
) -> None:
    found = list(bound_findings(given, "x", namespace="lab", **bounds))
    assert [finding.at for finding in found] == at
    assert all("namespace lab" in finding.problem and finding.seen for finding in found)


def test_resources_in_finds_every_resources_with_its_argument() -> None:
    celery = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("broker")),
        workers=CeleryWorkers(resources=ONE),
        sets=[WorkerSet(name="big", queues=["big"], resources=LIMITED)],
    )
    found = dict(resources_in({"executor": celery, "more": (ONE,)}, ""))
    assert found["executor.workers.resources"] == ONE
    assert found["executor.sets[0].resources"] == LIMITED
    assert found["more[0]"] == ONE


def test_release_that_does_not_fit_is_rejected_for_each_argument() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "base", name="airflow", limits=ContainerLimits(max_memory="4Gi"))
    with pytest.raises(PlatformError) as caught:
        make_airflow(
            chart,
            namespace=namespace,
            scheduler=Scheduler(resources=Resources(cpu="1", memory="8Gi")),
            task_pods=TaskPods(templates={"big": TaskPod(resources=Resources(cpu="1", memory="6Gi"))}),
        )
    assert {(finding.at, finding.rule) for finding in caught.value.findings} == {
        ("scheduler.resources.memory", "quota/too-small"),
        ("task_pods.templates.big.resources.memory", "quota/too-small"),
    }


def test_task_namespace_limits_are_checked() -> None:
    chart = new_chart()
    small = Namespace(chart, "team-a", quota=Quota(memory="512Mi", memory_limit="1Gi"))
    executor = KubernetesExecutor(task_resources=Resources(cpu="1", memory="1Gi"))
    with pytest.raises(PlatformError, match=r"executor.task_resources.memory .*namespace team-a"):
        make_airflow(chart, executor=executor, task_namespaces=[small])


@pytest.mark.parametrize("bounds", [{}, {"limits": ContainerLimits()}, {"quota": Quota(memory="64Gi", cpu="16")}])
def test_default_release_fits_default_limits(bounds: dict[str, Any]) -> None:
    chart = new_chart()
    make_airflow(chart, namespace=Namespace(chart, "base", name="airflow", **bounds))
    assert [each["kind"] for each in emitted(chart)].count("HelmChart") == 1


def test_database_that_does_not_fit_is_rejected() -> None:
    chart = new_chart()
    small = Namespace(chart, "data", quota=Quota(memory="512Mi"))
    with pytest.raises(PlatformError, match=r"db: resources.memory .*namespace data"):
        make_cluster(chart, namespace=small, resources=ONE)


@pytest.mark.parametrize(
    ("quota", "needed"),
    [
        (Quota(cpu="4", memory="5632Mi", memory_limit="7Gi", pods=4), []),
        (Quota(cpu="3999m"), ["3 CPU and 1 CPU"]),
        (Quota(memory="5631Mi"), ["5Gi and 512Mi"]),
        (Quota(memory_limit="7167Mi"), ["6Gi and 1Gi"]),
        (Quota(pods=3), ["3 pods and 1 pod"]),
        (Quota(cpu="2", pods=1), ["3 CPU and 1 CPU", "3 pods and 1 pod"]),
        (Quota(storage="1Gi"), []),
    ],
)
def test_together_findings_add_up_all_pods_and_the_largest_hook(quota: Quota, needed: list[str]) -> None:
    two = PodRequests.of([Resources(cpu="500m", memory="2Gi")])
    one = PodRequests.of([Resources(cpu="2", memory="1Gi", memory_limit="2Gi")])
    hooks = [
        PodRequests.of([Resources(cpu="1", memory="256Mi", memory_limit="1Gi")]),
        PodRequests.of([Resources(cpu="100m", memory="512Mi")]),
    ]
    found = list(together_findings([(2, two), (1, one), (0, one)], namespace="lab", quota=quota, hooks=hooks))
    said = [
        finding.problem.partition("need ")[2].replace(" for the largest Job of an install or upgrade", "")
        for finding in found
    ]
    assert [text.partition(", without")[0] for text in said] == needed


def test_pod_requests_are_the_sum_of_containers_or_the_largest_init_container() -> None:
    small, large = Resources(cpu="1", memory="1Gi"), Resources(cpu="500m", memory="8Gi", memory_limit="9Gi")
    gi = 2**30
    assert PodRequests.of([small, small]) == PodRequests(2, 2 * gi, 2 * gi)
    assert PodRequests.of([small, small], [large]) == PodRequests(2, 8 * gi, 9 * gi)
    sidecar = {
        "restartPolicy": "Always",
        "resources": {"requests": {"cpu": "3", "memory": 1024}, "limits": {"memory": 2048}},
    }
    assert PodRequests.of([small], [sidecar]) == PodRequests(4, gi + 1024, gi + 2048)
    assert PodRequests.of([small], [sidecar, large]) == PodRequests(4, 8 * gi + 1024, 9 * gi + 2048)


def test_release_pods_are_counted_with_their_minimum_replicas() -> None:
    celery = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("broker")),
        workers=CeleryWorkers(resources=ONE, scaling=Keda(min_replicas=3, max_replicas=9)),
        sets=[WorkerSet(name="big", queues=["big"], resources=LIMITED, scaling=Keda(max_replicas=4))],
    )
    settings = release(("1.22.0", "3.2.2"), executor=celery, scheduler=Scheduler(replicas=2), triggerer=None)
    counted = list(always_running(settings))
    groomer = LogGroomer().resources
    assert [count for count, _ in counted] == [2, 1, 1, 3, 0, 1]
    assert counted[0][1] == PodRequests.of([Scheduler().resources, groomer])
    assert counted[3][1] == PodRequests.of([ONE, groomer])


def test_release_that_exceeds_the_quota_is_rejected() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "base", name="airflow", quota=Quota(memory="3583Mi", pods=100))
    with pytest.raises(
        PlatformError,
        match=r"airflow: namespace .*Quota\(memory='3583Mi'\).* need 3Gi and 512Mi for the largest Job",
    ):
        make_airflow(chart, namespace=namespace)


def test_release_that_just_fits_the_quota_is_accepted() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "base", name="airflow", quota=Quota(memory="3584Mi", pods=6))
    make_airflow(chart, namespace=namespace)


def test_database_instances_are_counted() -> None:
    chart = new_chart()
    data = Namespace(chart, "data", quota=Quota(memory="2Gi"))
    with pytest.raises(PlatformError, match=r"db: namespace .*need 3Gi, without tasks"):
        make_cluster(chart, namespace=data, instances=3, resources=ONE)


def fitted(quota: Quota, **settings: Any) -> dict[str, Any]:
    """The limits of a quota that is computed from a release."""
    chart = new_chart()
    make_airflow(chart, namespace=Namespace(chart, "base", name="airflow", quota=quota), **settings)
    (made,) = (each for each in emitted(chart) if each["kind"] == "ResourceQuota")
    assert made["metadata"] == {"name": "quota", "namespace": "airflow"}
    hard: dict[str, Any] = made["spec"]["hard"]
    return hard


def test_quota_for_tasks_is_computed_from_the_release() -> None:
    task = Resources(cpu="1", memory="2Gi", memory_limit="4Gi")
    pod = PodRequests.of([task])
    one = fitted(Quota(tasks=1), executor=KubernetesExecutor(task_resources=task))
    more = fitted(Quota(tasks=11), executor=KubernetesExecutor(task_resources=task))
    assert set(one) == {"requests.cpu", "requests.memory", "limits.memory", "pods"}
    assert quantity(more["requests.cpu"]) - quantity(one["requests.cpu"]) == pytest.approx(10 * pod.cpu)
    assert quantity(more["requests.memory"]) - quantity(one["requests.memory"]) == 10 * pod.memory
    assert quantity(more["limits.memory"]) - quantity(one["limits.memory"]) == 10 * pod.memory_limit
    # scheduler, API server, triggerer, DAG processor and StatsD, one more of each, a Job, and the tasks
    assert (one["pods"], more["pods"]) == ("12", "22")
    always = dict.fromkeys(("cpu", "memory", "memory_limit"), 0.0)
    settings = release(("1.22.0", "3.2.2"))
    for count, each in [*most_running(settings), (1, largest_of(hooks(settings)))]:
        for name in always:
            always[name] += count * getattr(each, name)
    assert quantity(one["requests.memory"]) == always["memory"] + pod.memory
    assert quantity(one["requests.cpu"]) == pytest.approx(always["cpu"] + pod.cpu)


def test_quota_for_tasks_counts_the_largest_kind_and_the_maximum_of_autoscalers() -> None:
    large = TaskPods(templates={"big": TaskPod(resources=Resources(cpu="4", memory="8Gi"))})
    small, big = fitted(Quota(tasks=5)), fitted(Quota(tasks=5), task_pods=large)
    assert quantity(big["requests.memory"]) - quantity(small["requests.memory"]) == 5 * (8 * 2**30 - 512 * 2**20)
    scaled = Scheduler(scaling=Hpa(min_replicas=1, max_replicas=4))
    assert int(fitted(Quota(tasks=5), scheduler=scaled)["pods"]) == int(small["pods"]) + 3


def test_explicit_limits_of_a_quota_for_tasks_are_kept_if_they_are_large_enough() -> None:
    found = fitted(Quota(tasks=10, cpu="40", storage="1Gi"))
    assert (found["requests.cpu"], found["requests.storage"]) == ("40", "1Gi")
    with pytest.raises(PlatformError, match=r"Quota\(pods=14, tasks=10\).* 10 task pods need pods=21.*Remove pods="):
        fitted(Quota(tasks=10, pods=14))
    with pytest.raises(PlatformError, match=r"need cpu='\d+m'.*quota/too-small"):
        fitted(Quota(tasks=10, cpu="2"))


def test_namespace_of_tasks_gets_a_quota_for_task_pods_only() -> None:
    chart = new_chart()
    team = Namespace(chart, "team", quota=Quota(tasks=10))
    executor = KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi"))
    make_airflow(chart, task_namespaces=[team], executor=executor)
    (made,) = (each for each in emitted(chart) if each["kind"] == "ResourceQuota")
    assert made["spec"]["hard"] == {
        "requests.cpu": "5",
        "requests.memory": "10Gi",
        "limits.memory": "10Gi",
        "pods": "10",
    }


def test_quota_for_tasks_requires_one_release_whose_tasks_run_in_pods(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"executor starts no task pods .*quota/tasks"):
        fitted(Quota(tasks=5), executor=LocalExecutor())
    chart = new_chart()
    namespace = Namespace(chart, "base", name="airflow", quota=Quota(tasks=5))
    make_airflow(chart, namespace=namespace)
    with pytest.raises(PlatformError, match=r"computed for release airflow alone.*quota/tasks"):
        make_airflow(chart, id="two", release="two", namespace=namespace)
    with pytest.raises(PlatformError, match=r"does not count database instances.*quota/tasks"):
        make_cluster(chart, namespace=namespace)
    app = cdk8s.App(outdir=str(tmp_path / "dist"))
    Namespace(cdk8s.Chart(app, "base"), "airflow", quota=Quota(tasks=5))
    with pytest.raises(PlatformError, match=r"base/airflow: quota.tasks requires a release"):
        synth(app)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_task_pod_creation_is_retried_if_a_quota_can_reject_it(elsewhere: bool) -> None:
    def retries(bounds: dict[str, Any]) -> Any:
        chart = new_chart()
        place = Namespace(chart, "base", name="tasks", **bounds)
        make_airflow(chart, **({"task_namespaces": [place]} if elsewhere else {"namespace": place}))
        (each,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
        return values_of(each).get("config", {}).get("kubernetes_executor", {}).get("task_publish_max_retries")

    assert retries({"quota": Quota(pods=50)}) == "-1"
    assert retries({"limits": ContainerLimits()}) is None


BIG = Resources(cpu="100m", memory="4Gi")
SMALL = ContainerLimits(max_memory="2Gi")


def lab(chart: cdk8s.Chart, namespace: Namespace) -> object:
    login = BasicAuthSecret("login")
    return LabDatabase(chart, "x", namespace=namespace, credentials=login, storage=Volume("1Gi"), resources=BIG)


def bootstrap(chart: cdk8s.Chart, namespace: Namespace) -> object:
    image = Image("registry.example.com/airflow", tag="3")
    return SecretBootstrap(
        chart, "x", namespace=namespace, generate_for=[make_airflow(chart)], image=image, resources=BIG
    )


@pytest.mark.parametrize("make", [lab, bootstrap])
def test_other_constructs_check_their_resources(make: Callable[[cdk8s.Chart, Namespace], object]) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError, match=r"x: resources.memory .*namespace small.*\[quota/too-small\]"):
        make(chart, Namespace(chart, "small", limits=SMALL))


def bounded(**bounds: Any) -> tuple[Any, Namespace]:
    chart = new_chart()
    return chart, Namespace(chart, "bounded", **bounds)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"limits": ContainerLimits(max_storage="1Gi")}, "ContainerLimits(max_storage='1Gi')"),
        ({"quota": Quota(storage="1Gi")}, "Quota(storage='1Gi')"),
        ({"quota": Quota(claims=0)}, "Quota(claims=0)"),
    ],
)
def test_volume_that_exceeds_the_namespace_is_rejected(bounds: dict[str, Any], words: str) -> None:
    chart, namespace = bounded(**bounds)
    with pytest.raises(PlatformError) as caught:
        make_airflow(chart, namespace=namespace, logs=Logs.claim(Volume("5Gi")), facts=ClusterFacts(nodes=1))
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at, finding.seen) == ("quota/too-small", "logs.volume", "'5Gi'")
    assert words in finding.problem


def test_every_database_instance_counts_a_volume() -> None:
    chart, namespace = bounded(quota=Quota(storage="30Gi"))
    with pytest.raises(PlatformError) as caught:
        make_cluster(chart, namespace=namespace, instances=2, storage=Volume("20Gi"))
    (finding,) = caught.value.findings
    assert finding.at == "storage"
    assert "for 2 volumes" in finding.problem


@pytest.mark.parametrize(
    ("ui", "quota"),
    [
        (LoadBalancer(), Quota(load_balancers=0)),
        (LoadBalancer(), Quota(node_ports=0)),
        (NodePort(), Quota(node_ports=0)),
    ],
)
def test_service_type_that_the_quota_forbids_is_rejected(ui: Any, quota: Quota) -> None:
    chart, namespace = bounded(quota=quota)
    with pytest.raises(PlatformError) as caught:
        make_airflow(chart, namespace=namespace, ui=ui)
    assert [finding.at for finding in caught.value.findings] == ["ui"]


def test_settings_that_fit_are_accepted() -> None:
    chart, namespace = bounded(
        quota=Quota(storage="10Gi", claims=1, load_balancers=0, node_ports=1), limits=ContainerLimits(max_storage="5Gi")
    )
    make_airflow(chart, namespace=namespace, ui=NodePort(), logs=Logs.claim(Volume("5Gi")), facts=ClusterFacts(nodes=1))
    assert emitted(chart)

"""Image pre-pull and priority classes."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    Image,
    NodeGroup,
    NodeTaint,
    PlatformError,
    PullSecret,
    RegistryMirror,
    TaskPod,
    TaskPods,
)
from cdk8s_airflow.autoscaling import ImagePrePull, PriorityClasses
from cdk8s_airflow.schemas.pod_security import pod_findings
from tests.making import emitted, make_airflow, new_chart
from tests.truth import assert_accepted

PANDAS = Image("registry.example.com/data/pandas", tag="3.2.2-1")


def daemon_set(chart: Any) -> dict[str, Any]:
    manifests = emitted(chart)
    assert_accepted(manifests)
    (made,) = [m for m in manifests if m["kind"] == "DaemonSet"]
    return made


def test_images_of_tasks_are_collected_each_once() -> None:
    chart = new_chart()
    pods = TaskPods(templates={"pandas": TaskPod(image=PANDAS), "again": TaskPod(image=PANDAS), "plain": TaskPod()})
    release = make_airflow(chart, task_pods=pods)
    pulled = ImagePrePull(chart, "pre-pull", release=release, images=[Image("busybox", tag="1.36")])
    assert pulled.images == (
        "apache/airflow:3.2.2",
        "registry.example.com/data/pandas:3.2.2-1",
        "busybox:1.36",
    )
    spec = daemon_set(chart)["spec"]["template"]["spec"]
    assert [each["image"] for each in spec["initContainers"]] == list(pulled.images)
    assert list(pod_findings(spec, "spec", "restricted")) == []


def test_mirror_pull_secret_and_placement_are_those_of_the_release() -> None:
    chart = new_chart()
    release = make_airflow(
        chart, mirror=RegistryMirror("registry.acme.lab/mirror"), pull_secret=PullSecret("registry-login")
    )
    workers = NodeGroup(
        name="workers", labels={"workload": "airflow"}, taints=[NodeTaint(key="workload", value="airflow")]
    )
    pulled = ImagePrePull(chart, "pre-pull", release=release, placement=workers.placement)
    spec = daemon_set(chart)["spec"]["template"]["spec"]
    assert all(image.startswith("registry.acme.lab/mirror/") for image in pulled.images)
    assert spec["containers"][0]["image"].startswith("registry.acme.lab/mirror/")
    assert spec["imagePullSecrets"] == [{"name": "registry-login"}]
    assert spec["nodeSelector"] == {"workload": "airflow"}
    assert spec["tolerations"] == [{"operator": "Equal", "key": "workload", "value": "airflow", "effect": "NoSchedule"}]


def test_pre_pull_of_something_else_is_rejected() -> None:
    with pytest.raises(PlatformError, match="release"):
        ImagePrePull(new_chart(), "pre-pull", release="airflow")  # type: ignore[arg-type]


def test_priority_classes_put_components_before_tasks() -> None:
    chart = new_chart()
    classes = PriorityClasses(chart, "priorities")
    manifests = {m["metadata"]["name"]: m for m in emitted(chart)}
    assert_accepted(list(manifests.values()))
    assert set(manifests) == {classes.components, classes.tasks}
    assert manifests[classes.components]["value"] > manifests[classes.tasks]["value"]
    assert manifests[classes.tasks]["preemptionPolicy"] == "Never"
    assert "preemptionPolicy" not in manifests[classes.components]


def test_tasks_before_components_are_rejected_with_a_value_that_works() -> None:
    with pytest.raises(PlatformError, match="Use tasks_value=9 or less"):
        PriorityClasses(new_chart(), "priorities", components_value=10, tasks_value=10)
    assert PriorityClasses(new_chart(), "priorities", components_value=10, tasks_value=9).tasks == "airflow-tasks"

"""The hook that completes pods of tasks, run with the models of the Kubernetes client."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import models as k8s

from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.pod_mutation import POD_MUTATION
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.schemas.pod_security import pod_findings
from tests.airflow.wire.samples import PAIRS, release, values_of
from tests.schemas.pod_security_samples import SAMPLES

NEWEST = PAIRS[-1]


def hook(before: str = "", **settings: Any) -> Any:
    """The hook of a release, as Airflow loads it."""
    text = values_of(POD_MUTATION, release(NEWEST, **settings))["airflowLocalSettings"]
    names: dict[str, Any] = {}
    exec(compile(before + text, "airflow_local_settings.py", "exec"), names)
    return names["pod_mutation_hook"]


def pod(namespace: str | None = None, **container: Any) -> k8s.V1Pod:
    return k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="task", namespace=namespace),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="example.com/image:1", **container)]),
    )


def spec_of(given: k8s.V1Pod) -> dict[str, Any]:
    spec: dict[str, Any] = client.ApiClient().sanitize_for_serialization(given)["spec"]
    return spec


def test_plain_pod_passes_restricted() -> None:
    given = pod()
    assert list(pod_findings(spec_of(given), "pod", "restricted"))
    hook()(given)
    assert list(pod_findings(spec_of(given), "pod", "restricted")) == []


@pytest.mark.parametrize("name", [name for name, (_, level) in SAMPLES.items() if level == "restricted"])
def test_pod_that_passes_is_not_weakened(name: str) -> None:
    given = client.ApiClient()._ApiClient__deserialize({"spec": SAMPLES[name][0]}, "V1Pod")
    before = spec_of(given)["containers"][0]["securityContext"]
    hook()(given)
    after = spec_of(given)
    assert list(pod_findings(after, "pod", "restricted")) == []
    assert {key: after["containers"][0]["securityContext"][key] for key in before} == before


def test_field_that_the_dag_sets_is_kept() -> None:
    given = pod(
        security_context=k8s.V1SecurityContext(run_as_user=1000, capabilities=k8s.V1Capabilities(add=["CHOWN"]))
    )
    hook()(given)
    context = given.spec.containers[0].security_context
    assert (context.run_as_user, context.capabilities.add, context.capabilities.drop) == (1000, ["CHOWN"], ["ALL"])


def test_pod_in_another_namespace_keeps_its_security_context() -> None:
    given = pod("elsewhere")
    hook()(given)
    assert given.spec.security_context is None
    assert given.spec.containers[0].security_context is None


def test_resources_are_added_only_with_a_quota() -> None:
    given = pod()
    hook()(given)
    assert given.spec.containers[0].resources is None
    executor = KubernetesExecutor(task_resources=Resources(cpu="200m", memory="300Mi", memory_limit="400Mi"))
    hook(has_quota=True, executor=executor)(given)
    assert spec_of(given)["containers"][0]["resources"] == {
        "requests": {"cpu": "200m", "memory": "300Mi"},
        "limits": {"memory": "400Mi"},
    }
    own = pod(resources=k8s.V1ResourceRequirements(requests={"cpu": "1"}))
    hook(has_quota=True, executor=executor)(own)
    assert spec_of(own)["containers"][0]["resources"] == {"requests": {"cpu": "1"}}


def test_hook_of_the_user_runs_first() -> None:
    given = pod()
    hook("def pod_mutation_hook(pod):\n    pod.metadata.labels = {'own': 'yes'}\n")(given)
    assert given.metadata.labels == {"own": "yes"}
    assert given.spec.security_context.run_as_non_root is True


@pytest.mark.parametrize(
    "settings", [{"pod_security": "baseline"}, {"task_pods": TaskPods(complete_started_pods=False)}]
)
def test_hook_is_left_out(settings: dict[str, Any]) -> None:
    assert values_of(POD_MUTATION, release(NEWEST, **settings)) == {}

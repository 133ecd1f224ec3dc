"""The hook that completes pods of tasks, run with the models of the Kubernetes client."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import models as k8s

from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.pod_mutation import POD_MUTATION, local_settings_rules
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.schemas.pod_security import pod_findings
from tests.airflow.wire.samples import PAIRS, release, values_of
from tests.schemas.pod_security_samples import SAMPLES

NEWEST = PAIRS[-1]


def hook(**settings: Any) -> Any:
    """The hook of a release, as Airflow loads it."""
    return module(**settings)["pod_mutation_hook"]


def module(**settings: Any) -> dict[str, Any]:
    """The names in ``airflow_local_settings.py`` of a release."""
    text = values_of(POD_MUTATION, release(NEWEST, **settings))["airflowLocalSettings"]
    names: dict[str, Any] = {}
    exec(compile(text.replace("{{`{{`}}", "{{"), "airflow_local_settings.py", "exec"), names)
    return names


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


@pytest.mark.parametrize("empty", [{}, None])
def test_dictionaries_of_the_operator_are_read(empty: Any) -> None:
    """KubernetesPodOperator sets ``{}`` for the pod if the DAG states nothing, and passes on dictionaries."""
    given = pod(security_context={"runAsUser": 1000, "capabilities": {"add": ["CHOWN"]}})
    given.spec.security_context = empty
    hook()(given)
    spec = spec_of(given)
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert spec["containers"][0]["securityContext"] == {
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"add": ["CHOWN"], "drop": ["ALL"]},
    }


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


OWN = """
from __future__ import annotations

_RESTRICTED_TO = {"team"}
RESOURCES = "mine"


def pod_mutation_hook(pod):
    pod.metadata.labels = {"own": f"{{{RESOURCES}}}"}
"""


def test_hook_of_the_user_runs_first() -> None:
    given = pod()
    hook(local_settings=OWN)(given)
    assert given.metadata.labels == {"own": "{mine}"}
    assert given.spec.security_context.run_as_non_root is True


def test_names_of_the_user_are_kept_and_the_hook_is_among_those_that_airflow_imports() -> None:
    own = module(local_settings=f"{OWN}\n__all__ = ['RESOURCES']\n")
    assert (own["_RESTRICTED_TO"], own["RESOURCES"]) == ({"team"}, "mine")
    assert own["__all__"] == ["RESOURCES", "pod_mutation_hook"]
    assert "__all__" not in module()


def test_code_of_the_user_is_emitted_without_a_hook_too() -> None:
    text = "def task_policy(task):\n    pass\n"
    settings = release(NEWEST, local_settings=text, task_pods=TaskPods(complete_started_pods=False))
    assert values_of(POD_MUTATION, settings) == {"airflowLocalSettings": text}


@pytest.mark.parametrize(("text", "line"), [("def :\n", ": line 1 is not valid"), ("x\0", "")])
def test_code_that_is_not_python_is_refused(text: str, line: str) -> None:
    (found,) = local_settings_rules(release(NEWEST, local_settings=text))
    assert (found.at, found.problem) == ("local_settings", f"must be Python code{line}")


def test_pods_in_other_namespaces_get_a_context_if_the_namespace_is_restricted() -> None:
    levels = {"team": "restricted", "jobs": "baseline", "tasks": "restricted"}
    elsewhere = {"pod_operator_namespaces": ("team", "jobs"), "task_namespaces": ("tasks",), "other_levels": levels}
    for level, expected in (("restricted", {"airflow-lab", "team", "tasks"}), ("baseline", {"team", "tasks"})):
        settings = {"pod_security": level, **elsewhere}
        completed = set()
        for namespace in ("airflow-lab", "team", "jobs", "tasks"):
            given = pod(namespace)
            hook(**settings)(given)
            if not list(pod_findings(spec_of(given), "pod", "restricted")):
                completed.add(namespace)
        assert completed == expected


def test_quota_of_another_namespace_adds_resources() -> None:
    given = pod("jobs")
    elsewhere = {"pod_operator_namespaces": ("jobs",), "other_levels": {"jobs": "baseline"}}
    hook(**elsewhere, limits_started_pods=True)(given)
    assert given.spec.containers[0].resources.requests == {"cpu": "250m", "memory": "512Mi"}


def test_sidecar_for_xcom_runs_as_a_user_of_its_own_because_its_image_runs_as_root() -> None:
    given = pod()
    given.spec.containers.append(k8s.V1Container(name="airflow-xcom-sidecar", image="alpine"))
    hook()(given)
    base, sidecar = given.spec.containers
    assert (base.security_context.run_as_user, sidecar.security_context.run_as_user) == (None, 65534)
    stated = pod()
    stated.spec.security_context = k8s.V1PodSecurityContext(run_as_user=1000)
    stated.spec.containers.append(k8s.V1Container(name="airflow-xcom-sidecar", image="alpine"))
    hook()(stated)
    assert stated.spec.containers[1].security_context.run_as_user is None


@pytest.mark.parametrize(
    "settings", [{"pod_security": "baseline"}, {"task_pods": TaskPods(complete_started_pods=False)}]
)
def test_hook_is_left_out(settings: dict[str, Any]) -> None:
    assert values_of(POD_MUTATION, release(NEWEST, **settings)) == {}

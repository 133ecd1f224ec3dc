"""Containers, volumes and security contexts of users are compared with the Pod Security Standard of the namespace."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import Namespace, PlatformError, Scheduler, TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.pod_security import completed_values
from tests.making import make_airflow
from tests.schemas.pod_security_samples import GOOD

RESOURCES = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
PLAIN = {"name": "proxy", "image": "example.com/proxy:1", "resources": RESOURCES}
ROOT = {**PLAIN, "securityContext": {"runAsUser": 0}}
HOST_PATH = {"name": "host", "hostPath": {"path": "/"}}


def found(level: str = "restricted", **arguments: Any) -> list[str]:
    """Where a release in a namespace of a level is refused."""
    app = cdk8s.App()
    namespace = Namespace(cdk8s.Chart(app, "base"), "airflow", pod_security=level)  # type: ignore[arg-type]
    try:
        make_airflow(cdk8s.Chart(app, "release"), namespace=namespace, **arguments)
    except PlatformError as error:
        return [finding.at for finding in error.findings if finding.rule == "security/pod"]
    return []


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        ({"scheduler": Scheduler(containers=[ROOT])}, "scheduler.containers[0].securityContext.runAsUser"),
        ({"scheduler": Scheduler(init_containers=[ROOT])}, "scheduler.init_containers[0].securityContext.runAsUser"),
        ({"scheduler": Scheduler(volumes=[HOST_PATH])}, "scheduler.volumes[0].hostPath"),
        ({"task_pods": TaskPods(default=TaskPod(volumes=[HOST_PATH]))}, "task_pods.default.volumes[0].hostPath"),
        (
            {"task_pods": TaskPods(templates={"gpu": TaskPod(volumes=[HOST_PATH])})},
            "task_pods.templates.gpu.volumes[0].hostPath",
        ),
        (
            {"values": {"scheduler": {"extraContainers": [ROOT]}}},
            "values.scheduler.extraContainers[0].securityContext.runAsUser",
        ),
        ({"values": {"scheduler": {"extraVolumes": [HOST_PATH]}}}, "values.scheduler.extraVolumes[0].hostPath"),
        (
            {"values": {"scheduler": {"securityContexts": {"container": {"privileged": True}}}}},
            "values.scheduler.securityContexts.container.privileged",
        ),
        (
            {"values": {"securityContexts": {"pod": {"runAsNonRoot": False}}}},
            "values.securityContexts.pod.runAsNonRoot",
        ),
    ],
)
def test_what_the_namespace_would_refuse_is_rejected(arguments: dict[str, Any], at: str) -> None:
    assert found(**arguments) == [at]
    assert found("privileged", **arguments) == []


def test_existing_namespace_states_its_level() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "release")
    arguments = {"scheduler": Scheduler(volumes=[HOST_PATH])}
    with pytest.raises(PlatformError, match=r"scheduler\.volumes\[0\]\.hostPath .*'restricted'.*\[security/pod\]"):
        make_airflow(chart, namespace=Namespace.existing("airflow"), **arguments)
    make_airflow(chart, namespace=Namespace.existing("airflow", pod_security="privileged"), id="second", **arguments)


def test_containers_of_values_are_completed() -> None:
    values = {"scheduler": {"extraContainers": [PLAIN], "replicas": 2}}
    assert completed_values(values, "baseline") == {
        "scheduler": {"extraContainers": [{**PLAIN, "securityContext": GOOD}], "replicas": 2}
    }


def test_partial_security_context_is_completed_because_the_chart_replaces_it_as_a_whole() -> None:
    values = {
        "scheduler": {
            "securityContexts": {"container": {"readOnlyRootFilesystem": True}, "pod": {"fsGroup": 5}},
            "logGroomerSidecar": {"securityContexts": {"container": {"capabilities": {"drop": []}}}},
        },
        "securityContexts": {"containers": {"runAsUser": 1000}},
    }
    assert completed_values(values, "restricted") == {
        "scheduler": {
            "securityContexts": {"container": {"readOnlyRootFilesystem": True, **GOOD}, "pod": {"fsGroup": 5}},
            "logGroomerSidecar": {"securityContexts": {"container": GOOD}},
        },
        "securityContexts": {"containers": {"runAsUser": 1000, **GOOD}},
    }
    assert completed_values(values, "baseline") == values


POD_TEMPLATE = """
apiVersion: v1
kind: Pod
metadata: {{name: x, labels: {{release: "{{{{ .Release.Name }}}}"}}}}
spec:
  {{{{- with .Values.nodeSelector }}}}
  {{{{- end }}}}
  {volumes}
  containers: [{{name: base, image: "{{{{ .Values.x }}}}"{context}}}]
"""


@pytest.mark.parametrize(
    ("context", "volumes", "at"),
    [
        ("", "", []),
        (
            ", securityContext: {privileged: true}",
            "",
            ["values.podTemplate.spec.containers[0].securityContext.privileged"],
        ),
        (", securityContext: {runAsUser: 0}", "", ["values.podTemplate.spec.containers[0].securityContext.runAsUser"]),
        ("", "volumes: [{name: h, hostPath: {path: /}}]", ["values.podTemplate.spec.volumes[0].hostPath"]),
        ("", "hostNetwork: true", ["values.podTemplate.spec.hostNetwork"]),
    ],
    ids=["without", "privileged", "root", "volume", "network"],
)
def test_pod_template_of_values_is_evaluated(context: str, volumes: str, at: list[str]) -> None:
    values = {"podTemplate": POD_TEMPLATE.format(context=context, volumes=volumes)}
    refused = found(values=values)
    assert set(at) <= set(refused)
    assert bool(at) is bool(refused)
    assert found("privileged", values=values) == []


def test_pod_template_of_values_needs_contexts_if_no_hook_adds_them() -> None:
    values = {"podTemplate": POD_TEMPLATE.format(context="", volumes="")}
    fields = found(values=values, task_pods=TaskPods(complete_started_pods=False))
    assert [at.rpartition("[0].")[2] for at in fields] == [
        "securityContext.allowPrivilegeEscalation",
        "securityContext.runAsNonRoot",
        "securityContext.seccompProfile.type",
        "securityContext.capabilities.drop",
    ]


def test_probes_and_lifecycle_hooks_must_not_name_a_host() -> None:
    probe = {"httpGet": {"host": "10.0.0.1", "port": 80}}
    values = {"statsd": {"livenessProbe": probe}, "containerLifecycleHooks": {"preStop": probe}}
    assert found(values=values) == [
        "values.statsd.livenessProbe.httpGet.host",
        "values.lifecycle.preStop.httpGet.host",
    ]


def test_strictest_namespace_of_task_pods_decides() -> None:
    app = cdk8s.App()
    base = cdk8s.Chart(app, "base")
    home = Namespace(base, "airflow", pod_security="privileged")
    arguments = {
        "namespace": home,
        "scheduler": Scheduler(volumes=[HOST_PATH]),
        "task_pods": TaskPods(default=TaskPod(volumes=[HOST_PATH])),
        "values": {"workers": {"extraContainers": [ROOT]}},
    }
    make_airflow(cdk8s.Chart(app, "free"), id="free", **arguments)
    with pytest.raises(PlatformError) as caught:
        make_airflow(
            cdk8s.Chart(app, "release"),
            id="strict",
            release="strict",
            task_namespaces=[Namespace(base, "team")],
            **arguments,
        )
    assert [finding.at for finding in caught.value.findings if finding.rule == "security/pod"] == [
        "task_pods.default.volumes[0].hostPath",
        "values.workers.extraContainers[0].securityContext.runAsUser",
    ]

"""main.py's platform on a cluster, with each executor: DAG runs, permissions, connections, outages of the API server."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cdk8s_airflow import ClusterFacts
from cdk8s_airflow.network import ClusterDns, KubernetesApiAddress, PodGroup
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.probe import allowed, listening_ports, reached, running_pods
from tests.cluster.platforms import EXECUTORS, Homelab, homelab

IMAGE = "apache/airflow:3.2.2"
OUTAGE_SECONDS = 120
RESOURCES = (
    ("", "configmaps"), ("", "events"), ("", "persistentvolumeclaims"), ("", "pods"), ("", "pods/exec"), ("", "pods/log"),
    ("", "secrets"), ("", "serviceaccounts"), ("", "services"), ("apps", "deployments"), ("batch", "jobs"), ("batch", "jobs/status"),
    ("helm.cattle.io", "helmcharts"), ("postgresql.cnpg.io", "clusters"), ("rbac.authorization.k8s.io", "rolebindings"),
)  # fmt: skip
VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Running:
    """A platform that runs, with its program and its API."""

    program: Homelab
    platform: Platform
    api: AirflowApi
    kubectl: Kubectl


def facts_of(kubectl: Kubectl) -> ClusterFacts:
    """What network policies must know of the cluster."""
    subsets = kubectl.get("endpoints", "kubernetes", "-n", "default")["subsets"]
    return ClusterFacts(
        kubernetes="1.34",
        cnpg="1.30.0",
        network_plugin="kube-router",
        pod_networks=["10.42.0.0/16"],
        service_networks=["10.43.0.0/16"],
        api_server=KubernetesApiAddress(
            networks=[f"{each['ip']}/32" for each in subsets[0]["addresses"]], port=subsets[0]["ports"][0]["port"]
        ),
        dns=ClusterDns(),
        ingress_controller=PodGroup(name="ingress", namespace="kube-system", labels={"app": "ingress"}),
        monitoring=PodGroup(name="monitoring", namespace="monitoring", labels={"app": "prometheus"}),
        cnpg_operator=PodGroup(
            name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
        ),
    )


@pytest.fixture(scope="module", params=list(EXECUTORS))
def running(
    request: pytest.FixtureRequest, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The platform with one executor and network policies, from empty namespaces, with all pods ready, and little CPU requested."""
    folder = tmp_path_factory.mktemp(request.param)
    git = PodGroup(name="git", namespace="git", labels={"app": "git"}) if kubectl.exists("namespace", "git") else None
    program = homelab(request.param, facts=facts_of(kubectl), git=git)
    with PlatformRunner(kubectl, folder.name).platform(program.app, folder, small=True) as platform:
        start = time.monotonic()
        platform.install()
        print(f"{request.param}: all pods ready {time.monotonic() - start:.0f} s after apply")
        api = platform.api()
        yield Running(program, platform, api, kubectl)


def test_dag_run_succeeds_and_its_logs_are_readable(running: Running) -> None:
    with running.platform.explained():
        running.api.trigger("plain")
        assert running.api.wait_for_run("plain") == "success", running.api.tasks("plain")
        assert running.api.tasks("plain") == {"first": ("success", 1), "second": ("success", 1)}
        assert "first task ends" in running.api.log("plain", "first")
        assert "second task on" in running.api.log("plain", "second")


def test_permissions_of_every_account_are_those_that_the_program_states(running: Running) -> None:
    stated = running.program.airflow.permissions
    namespaces = sorted({*running.platform.namespaces, "kube-system"})
    accounts = {
        (namespace, account["metadata"]["name"])
        for namespace in running.platform.own_namespaces
        for account in running.kubectl.items("serviceaccounts", "-n", namespace)
        if "cnpg.io/cluster" not in account["metadata"].get("labels", {})
        and account["metadata"]["name"] != "airflow-pg"
    }
    assert {
        (each.account_namespace, each.account) for each in stated if each.account_namespace != "kube-system"
    } <= accounts
    questions = [*itertools.product(sorted(accounts), namespaces, RESOURCES, VERBS)]
    expected = {
        (account, namespace, resource, verb)
        for account, namespace, resource, verb in questions
        if any(
            (each.account_namespace, each.account) == account
            and each.namespace in (None, namespace)
            and each.group in ("*", resource[0])
            and each.resource in ("*", resource[1])
            and (verb in each.verbs or "*" in each.verbs)
            and not each.names
            for each in stated
        )
    }
    reviews = [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{account[0]}:{account[1]}",
                "groups": ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{account[0]}"],
                "resourceAttributes": {
                    "namespace": namespace, "group": resource[0], "verb": verb,
                    "resource": resource[1].partition("/")[0], "subresource": resource[1].partition("/")[2],
                },
            },
        }
        for account, namespace, resource, verb in questions
    ]  # fmt: skip
    text = running.kubectl.run(
        "create", "-f", "-", "-o", "jsonpath={.status.allowed}{'\\n'}", timeout=600,
        input="\n---\n".join(map(json.dumps, reviews)),
    ).stdout  # fmt: skip
    answers = [line == "true" for line in text.split()]
    assert len(answers) == len(questions)
    assert {question for question, answer in zip(questions, answers, strict=True) if answer} == expected
    assert expected


def test_connections_between_pods_are_those_that_the_program_states(running: Running) -> None:
    kubectl, platform = running.kubectl, running.platform
    for namespace in platform.own_namespaces:
        kubectl.run(
            "run", "stranger", "-n", namespace, f"--image={IMAGE}", "--image-pull-policy=IfNotPresent",
            "--overrides=" + json.dumps(STRANGER), "--", "python", "-c", "import time; time.sleep(3600)",
        )  # fmt: skip
        kubectl.run("wait", "-n", namespace, "pod/stranger", "--for=condition=Ready", "--timeout=120s", timeout=130)
    with platform.explained():
        running.api.trigger("probed", seconds=240)
        running.api.wait_for_task("probed", "first", "running")
    pods = [pod for namespace in platform.own_namespaces for pod in running_pods(kubectl, namespace)]
    listens = {pod: listening_ports(kubectl, pod, IMAGE) for pod in pods if pod.name != "stranger"}
    targets = {(pod.address, port): (pod, port) for pod, ports in listens.items() for port in ports}
    flows = [*running.program.airflow.traffic.flows, *running.program.database.traffic.flows]
    expected = {
        (source.name, target.name, port)
        for source in pods
        for target, port in targets.values()
        if source != target and allowed(flows, source, target, port)
    }
    measured = {
        (source.name, target.name, port)
        for source in pods
        for target, port in (targets[each] for each in reached(kubectl, source, targets, IMAGE))
        if source != target
    }
    assert measured == expected
    assert expected
    print(f"{len(pods)} pods, {len(targets)} listening ports, {len(expected)} connections allowed")
    for namespace in platform.own_namespaces:
        kubectl.run("delete", "pod", "stranger", "-n", namespace, "--now", timeout=90)
    assert running.api.wait_for_run("probed", 600) == "success"


STRANGER = {
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "stranger",
                "image": IMAGE,
                "command": ["python", "-c", "import time; time.sleep(3600)"],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "resources": {"requests": {"cpu": "1m"}},
            }
        ],
    }
}
"""A pod that no part of the platform expects."""


def test_killing_the_api_server_while_a_task_runs_loses_nothing(running: Running) -> None:
    with running.platform.explained():
        running.api.trigger("killed", seconds=30)
        running.api.wait_for_task("killed", "first", "running")
        (name,) = running.kubectl.run(
            "-n", "airflow", "get", "pods", "-l", "component=api-server", "-o", "name"
        ).stdout.split()
        running.kubectl.run("-n", "airflow", "delete", name, "--grace-period=0", "--force", timeout=90)
        assert running.api.wait_for_run("killed", 600) == "success", running.api.tasks("killed")
        assert running.api.tasks("killed") == {"first": ("success", 1), "second": ("success", 1)}


def test_two_minutes_without_an_api_server_lose_nothing(running: Running) -> None:
    kubectl = running.kubectl
    with running.platform.explained():
        running.api.trigger("outage", seconds=30)
        running.api.wait_for_task("outage", "first", "running")
        kubectl.run("-n", "airflow", "scale", "deploy/airflow-api-server", "--replicas=0")
        kubectl.run(
            "-n", "airflow", "wait", "--for=delete", "pod", "-l", "component=api-server", "--timeout=90s", timeout=100
        )
        time.sleep(OUTAGE_SECONDS)
        kubectl.run("-n", "airflow", "scale", "deploy/airflow-api-server", "--replicas=1")
        kubectl.run("-n", "airflow", "rollout", "status", "deploy/airflow-api-server", "--timeout=300s", timeout=310)
        assert running.api.wait_for_run("outage", 600) == "success", running.api.tasks("outage")
        assert running.api.tasks("outage") == {"first": ("success", 1), "second": ("success", 1)}

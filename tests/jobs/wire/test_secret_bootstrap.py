"""The bootstrap job as Kubernetes reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.jobs.wire.secret_bootstrap import (
    BootstrapSettings,
    bootstrap_objects,
    bootstrap_traffic,
    job_name,
    permissions,
    plan,
    pod_labels,
)
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model import secret_recipe as recipes
from cdk8s_airflow.model import secret_reference as contracts
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.traffic import ClusterComponent
from tests.truth import assert_accepted

LOGIN = needs.basic_auth(contracts.BasicAuthSecret("login"), "data", username="robot", purpose="owns")
URL = needs.dsn_copied("a-url", "airflow", source=("data", "login"), url=("pg://robot:", "@h/d"), purpose="the URL")
ELSEWHERE = needs.dsn_copied("url", "airflow", source=("other", "pg-app"), url=("pg://robot:", "@h/d"), purpose="it")
KEY = needs.random_key(contracts.FernetKeySecret("key"), "airflow", "encrypts")
SETTINGS = BootstrapSettings(
    name="makes",
    namespace="setup",
    secrets=(URL, LOGIN, KEY),
    image="apache/airflow:3.2.2",
    pull_policy="IfNotPresent",
    resources=Resources(cpu="10m", memory="64Mi", memory_limit="128Mi"),
)


def test_the_plan_has_sources_first_and_no_secret() -> None:
    state = {
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "helm.sh/resource-policy": "keep",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    }
    assert plan([URL, LOGIN, KEY]) == {
        "patience": 600,
        "pause": 5,
        "metadata": {
            "labels": {"cdk8s-airflow/holds-state": "true", "app.kubernetes.io/managed-by": "cdk8s-airflow"},
            "annotations": state,
        },
        "secrets": [
            {
                "namespace": "airflow",
                "name": "key",
                "type": "Opaque",
                "labels": {},
                "keys": {"fernet-key": [{"random": "base64url", "bytes": 32}]},
            },
            {
                "namespace": "data",
                "name": "login",
                "type": "kubernetes.io/basic-auth",
                "labels": {"cnpg.io/reload": "true"},
                "keys": {"password": [{"random": "hex", "bytes": 24}], "username": [{"text": "robot"}]},
            },
            {
                "namespace": "airflow",
                "name": "a-url",
                "type": "Opaque",
                "labels": {},
                "keys": {
                    "connection": [
                        {"text": "pg://robot:"},
                        {"namespace": "data", "secret": "login", "key": "password", "as": "url"},
                        {"text": "@h/d"},
                    ]
                },
            },
        ],
    }


def test_secrets_that_are_made_from_each_other_are_planned_all_the_same() -> None:
    one = replace(KEY, name="one", recipe={"fernet-key": (recipes.taken("airflow", "two", "fernet-key"),)})
    two = replace(KEY, name="two", recipe={"fernet-key": (recipes.taken("airflow", "one", "fernet-key"),)})
    assert [each["name"] for each in plan([two, one])["secrets"]] == ["one", "two"]


def test_permissions_cover_exactly_the_secrets_that_are_created_and_read() -> None:
    assert permissions([URL, LOGIN, KEY, ELSEWHERE]) == {
        "airflow": (True, ("a-url", "key", "url")),
        "data": (True, ("login",)),
        "other": (False, ("pg-app",)),
    }


def test_roles_say_the_rights_and_bindings_give_them_to_the_one_account() -> None:
    objects = bootstrap_objects(replace(SETTINGS, secrets=(ELSEWHERE,)))
    assert list(objects) == [
        "account",
        "role-airflow",
        "role-binding-airflow",
        "role-other",
        "role-binding-other",
        "plan",
        "job",
    ]
    secrets = {"apiGroups": [""], "resources": ["secrets"]}
    assert objects["role-airflow"]["rules"] == [
        {**secrets, "resourceNames": ["url"], "verbs": ["get"]},
        {**secrets, "verbs": ["create"]},
    ]
    assert objects["role-other"]["rules"] == [{**secrets, "resourceNames": ["pg-app"], "verbs": ["get"]}]
    for namespace in ("airflow", "other"):
        role, binding = objects[f"role-{namespace}"], objects[f"role-binding-{namespace}"]
        assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == namespace
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "makes"}
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "makes", "namespace": "setup"}]
    assert_accepted(objects.values())


def test_the_job_drops_all_privileges() -> None:
    job = bootstrap_objects(SETTINGS)["job"]
    assert job["metadata"]["namespace"] == "setup"
    spec = job["spec"]
    assert spec["backoffLimit"] == 10_000
    assert "ttlSecondsAfterFinished" not in spec
    assert "activeDeadlineSeconds" not in spec
    pod = spec["template"]["spec"]
    assert pod["serviceAccountName"] == "makes"
    assert pod["automountServiceAccountToken"] is True
    assert pod["enableServiceLinks"] is False
    assert pod["restartPolicy"] == "OnFailure"
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 50000,
        "runAsGroup": 50000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["resources"] == {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    assert container["command"] == [
        "python3",
        "-I",
        "-S",
        "-B",
        "/bootstrap/bootstrap_job.py",
        "/bootstrap/plan.json",
    ]
    assert "env" not in container
    assert "nodeSelector" not in pod
    assert "imagePullSecrets" not in pod


def test_the_job_reads_the_plan_of_its_own_name_which_nobody_can_change() -> None:
    objects = bootstrap_objects(SETTINGS)
    name = job_name(objects)
    assert objects["plan"]["metadata"]["name"] == name
    assert objects["plan"]["immutable"] is True
    assert json.loads(objects["plan"]["data"]["plan.json"]) == plan(SETTINGS.secrets)
    volumes = objects["job"]["spec"]["template"]["spec"]["volumes"]
    assert volumes == [{"name": "plan", "configMap": {"name": name, "defaultMode": 0o444}}]


@pytest.mark.parametrize(
    "change",
    [
        {"image": "apache/airflow:3.1.8"},
        {"pull_policy": "Always"},
        {"secrets": (URL, LOGIN)},
        {"secrets": (URL, LOGIN, replace(KEY, labels={"a": "b"}))},
        {"resources": Resources(cpu="10m", memory="65Mi", memory_limit="128Mi")},
        {"placement": Placement(node_selector={"disk": "fast"})},
        {"pull_secret": "login"},
        {"architecture": "arm64"},
    ],
    ids=str,
)
def test_whatever_of_the_job_cannot_be_changed_gives_it_another_name(change: dict[str, Any]) -> None:
    before, after = bootstrap_objects(SETTINGS), bootstrap_objects(replace(SETTINGS, **change))
    assert job_name(before) != job_name(after)
    assert before["job"]["spec"] != after["job"]["spec"]
    assert {id: m["metadata"]["name"] for id, m in before.items() if id not in ("job", "plan")}.items() >= {
        ("account", "makes")
    }


def test_the_same_said_twice_is_the_same_job_in_whatever_order() -> None:
    again = replace(SETTINGS, secrets=(KEY, LOGIN, URL))
    assert bootstrap_objects(again) == bootstrap_objects(SETTINGS)


def test_a_job_has_a_name_that_fits_a_label_however_long_the_given_one() -> None:
    objects = bootstrap_objects(replace(SETTINGS, name="n" * 52))
    assert len(job_name(objects)) == 63
    assert_accepted(objects.values())


def test_the_pod_has_the_settings_of_nodes_and_registry() -> None:
    placed = Placement(node_selector={"disk": "fast"})
    pod = bootstrap_objects(replace(SETTINGS, placement=placed, architecture="arm64", pull_secret="registry"))["job"][
        "spec"
    ]["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64", "disk": "fast"}
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_its_pods_talk_to_the_api_server_only() -> None:
    traffic = bootstrap_traffic("makes", "setup")
    (pods,), (flow,) = traffic.workloads, traffic.flows
    assert (pods.namespace, pods.labels) == ("setup", pod_labels("makes"))
    job = bootstrap_objects(SETTINGS)["job"]
    assert job["spec"]["template"]["metadata"]["labels"] == pod_labels("makes")
    assert (flow.source, flow.target, flow.protocol) == (pods, ClusterComponent(role="api-server"), "TCP")

"""SeaweedFS and MinIO, as their charts render what we give them."""

from __future__ import annotations

import json
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    ClusterFacts,
    Namespace,
    Placement,
    PullSecret,
    RegistryMirror,
    Resources,
    S3Credentials,
    Toleration,
    Volume,
)
from cdk8s_airflow.storage import MinioLegacy, SeaweedFs, StoreUser
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered
from tests.helm.store_charts import rendered
from tests.making import emitted, new_chart

USERS = [
    StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"]),
    StoreUser(credentials=S3Credentials("reader"), buckets=["data-warehouse"], access="read"),
]
EVERYTHING: dict[str, Any] = {
    "placement": Placement(node_selector={"disk": "big"}, tolerations=[Toleration(key="store")]),
    "mirror": RegistryMirror("mirror.example.com/m"),
    "pull_secret": PullSecret("registry-login"),
    "resources": Resources(cpu="4", memory="1Gi"),
    "facts": ClusterFacts(architecture="amd64"),
}
KINDS = {"seaweedfs": SeaweedFs, "minio": MinioLegacy}
both = pytest.mark.parametrize("product", KINDS)


def made(product: str, **changes: Any) -> tuple[cdk8s.Chart, Any]:
    chart = new_chart()
    given = {"namespace": Namespace.existing("storage"), "storage": Volume("20Gi"), "users": USERS, **changes}
    return chart, KINDS[product](chart, "store", **given)


def render(product: str, **changes: Any) -> Rendered:
    chart, _ = made(product, **changes)
    (release,) = (each for each in emitted(chart) if each["kind"] == "HelmChart")
    result = rendered(release)
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


@both
@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["small", "everything"])
def test_what_the_chart_makes_is_sound(product: str, changes: dict[str, Any]) -> None:
    result = render(product, **changes)
    kinds = {kind for kind, _ in result.names}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding", "StatefulSet", "PersistentVolumeClaim", "Role"}
    (server,) = result.find("Deployment")
    assert server["spec"]["replicas"] == 1
    assert server["spec"]["strategy"]["type"] == "Recreate"
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for pod in result.pods
        for volume in pod.spec["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert claims == [f"{product}-data"]


@both
def test_pods_and_service_match_the_handles(product: str) -> None:
    _, store = made(product)
    result = render(product)
    host = store.storage.host
    service = result.get("Service", host.partition(".")[0])
    assert host == f"{service['metadata']['name']}.storage.svc"
    assert store.storage.listens_on in [port["port"] for port in service["spec"]["ports"]]
    (server,) = result.find("Deployment")
    labels = server["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert store.storage.where.labels.items() <= labels.items()
    for pods in store.traffic.workloads:
        assert any(pods.labels.items() <= pod.metadata["labels"].items() for pod in result.pods), pods.name


@both
def test_all_settings_reach_the_pods(product: str) -> None:
    for pod in render(product, **EVERYTHING).pods:
        assert pod.spec["nodeSelector"] == {"disk": "big", "kubernetes.io/arch": "amd64"}
        assert pod.spec["tolerations"] == [{"key": "store", "operator": "Exists"}]
        assert pod.spec["imagePullSecrets"] == [{"name": "registry-login"}]
        assert all(container.spec["image"].startswith("mirror.example.com/m/") for container in pod.containers)
    (server,) = render(product, **EVERYTHING).find("Deployment")
    assert server["spec"]["template"]["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "4", "memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }


@both
def test_keys_come_from_secrets_and_stand_nowhere(product: str) -> None:
    result = render(product)
    named = {
        source["name"]
        for container in result.containers()
        for entry in container.env_entries
        if (source := (entry.get("valueFrom") or {}).get("secretKeyRef"))
    } | {
        part["secret"]["name"]
        for pod in result.pods
        for volume in pod.spec["volumes"]
        for part in volume.get("projected", {}).get("sources", [])
        if "secret" in part
    }
    wanted = {"data-lake", "reader", f"{product}-admin"} | ({"minio-root"} if product == "minio" else set())
    assert named == wanted
    made_by_chart = {name for kind, name in result.names if kind == "Secret"}
    # The chart always makes a Secret for a server of sftp, which does not run.
    assert made_by_chart == ({"seaweedfs-sftp-secret"} if product == "seaweedfs" else set())


def test_the_server_of_seaweedfs_reads_our_users_and_takes_small_files() -> None:
    result = render("seaweedfs")
    (container,) = result.containers()
    command = " ".join(container.spec["command"])
    assert '"-s3.config=/etc/seaweedfs-users/users.json"' in command
    assert "-master.volumeSizeLimitMB=409" in command
    assert "-sftp" not in command
    assert {"name": "users", "configMap": {"name": "seaweedfs-users"}} in container.pod.spec["volumes"]
    config = result.get("ConfigMap", "seaweedfs-master-config")
    assert "copy_1 = 1" in config["data"]["master.toml"]


def test_the_port_of_the_metrics_of_seaweedfs_has_the_name_that_is_scraped() -> None:
    (container,) = render("seaweedfs", metrics=True, own_policy=False).containers()
    assert "-metricsPort=9324" in " ".join(container.spec["command"])
    assert {"containerPort": 9324, "name": "server-metrics"} in container.spec["ports"]


def test_minio_has_a_policy_for_each_user_and_empties_no_bucket() -> None:
    result = render("minio")
    config = result.get("ConfigMap", "minio")["data"]
    policies = {
        name: json.loads(text) for name, text in config.items() if name.startswith("policy_") and name.endswith(".json")
    }
    assert len(policies) == 3
    resources = {
        resource
        for policy in policies.values()
        for statement in policy["Statement"]
        for resource in statement["Resource"]
    }
    assert resources == {
        "arn:aws:s3:::data-raw",
        "arn:aws:s3:::data-raw/*",
        "arn:aws:s3:::data-warehouse",
        "arn:aws:s3:::data-warehouse/*",
    }
    assert "console123" not in result.text
    assert "purge" not in json.dumps([pod.spec for pod in result.pods])
    assert {container.spec["image"].partition(":")[0] for container in result.containers()} == {
        "quay.io/minio/minio",
        "quay.io/minio/mc",
    }

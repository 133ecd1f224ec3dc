"""Stores in the cluster: objects next to the release, handles of buckets, credentials, and every delivery."""

from __future__ import annotations

import json
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    ArgoApplication,
    BucketJob,
    ChartSource,
    ClusterFacts,
    FluxRelease,
    HelmCommand,
    K3sHelmChart,
    Namespace,
    PlatformError,
    S3Credentials,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.network import ClusterComponent, NotInstalled, PodGroup
from cdk8s_airflow.storage import MinioLegacy, SeaweedFs, StoreUser
from tests.making import emitted, new_chart
from tests.truth import assert_accepted
from tests.truth.manifests import values_of

LAKE = StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"])
BACKUPS = StoreUser(credentials=S3Credentials("pg-backups"), buckets=["backups"])
READER = StoreUser(credentials=S3Credentials("reader"), buckets=["data-warehouse"], access="read")
KINDS = {"seaweedfs": SeaweedFs, "minio": MinioLegacy}
both = pytest.mark.parametrize("product", KINDS)


def made(product: str, chart: cdk8s.Chart | None = None, **changes: Any) -> Any:
    given = {
        "namespace": Namespace.existing("storage"),
        "storage": Volume("50Gi", storage_class="longhorn"),
        "users": [LAKE, BACKUPS, READER],
        **changes,
    }
    return KINDS[product](chart or new_chart(), "store", **given)


def find(chart: cdk8s.Chart, kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in emitted(chart) if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return dict(found)


@both
def test_volume_claim_is_not_in_the_release_and_excluded_from_pruning(product: str) -> None:
    chart = new_chart()
    made(product, chart)
    assert_accepted(emitted(chart))
    claim = find(chart, "PersistentVolumeClaim", f"{product}-data")
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "longhorn",
        "resources": {"requests": {"storage": "50Gi"}},
    }
    assert ("PersistentVolumeClaim", "storage", f"{product}-data") in registry_of(chart).state


@both
def test_bucket_has_the_credentials_of_its_user(product: str) -> None:
    store = made(product)
    assert [bucket.name for bucket in store.buckets] == ["data-raw", "data-warehouse", "backups"]
    assert store.bucket("backups").credentials == BACKUPS.credentials
    assert store.bucket("data-warehouse").credentials == LAKE.credentials
    assert store.bucket("data-warehouse", user="reader").credentials == READER.credentials
    assert {bucket.credentials for bucket in store.buckets} == {None}
    assert store.admin_credentials == S3Credentials(f"{product}-admin")


@both
def test_credentials_are_generated_next_to_the_store_and_copied(product: str) -> None:
    chart = new_chart()
    store = made(product, chart)
    needs = {need.name: need for need in store.secret_needs}
    wanted = {"data-lake", "pg-backups", "reader", f"{product}-admin"} | (
        {"minio-root"} if product == "minio" else set()
    )
    assert set(needs) == wanted
    assert all(need.namespace == "storage" and need.can_be_generated for need in needs.values())
    if product == "minio":
        assert "ACCESS_KEY=data-lake && " in needs["data-lake"].command
        assert set(needs["minio-root"].keys) == {"rootUser", "rootPassword"}
        assert "ACCESS_KEY=$(openssl" in needs["minio-root"].command
    job = BucketJob(
        chart,
        "buckets",
        namespace=Namespace.existing("setup"),
        buckets=store.buckets,
        credentials=store.admin_credentials,
    )
    (copied,) = job.secret_needs
    assert f"kubectl -n storage get secret {product}-admin" in copied.command
    assert copied.recipe["AWS_ACCESS_KEY_ID"] == (
        {"namespace": "storage", "secret": f"{product}-admin", "key": "AWS_ACCESS_KEY_ID", "as": "plain"},
    )


def test_seaweedfs_permissions_contain_no_secret() -> None:
    chart = new_chart()
    made("seaweedfs", chart)
    config = find(chart, "ConfigMap", "seaweedfs-users")
    assert config["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    identities = {each["name"]: each for each in json.loads(config["data"]["users.json"])["identities"]}
    assert identities["seaweedfs-admin"]["actions"] == [
        "Admin:data-raw",
        "Admin:data-warehouse",
        "Admin:backups",
    ]
    assert identities["reader"]["actions"] == ["Read:data-warehouse", "List:data-warehouse"]
    assert identities["pg-backups"] == {
        "name": "pg-backups",
        "credentials": [{"accessKey": "${S3_PG_BACKUPS_ID}", "secretKey": "${S3_PG_BACKUPS_KEY}"}],
        "actions": ["Read:backups", "Write:backups", "List:backups", "Tagging:backups"],
    }


def test_changed_users_restart_the_server() -> None:
    annotations = []
    for users in ([LAKE], [LAKE, BACKUPS], [LAKE]):
        chart = new_chart()
        made("seaweedfs", chart, users=users)
        values = values_of(find(chart, "HelmChart", "seaweedfs"))
        annotations.append(values["allInOne"]["podAnnotations"]["cdk8s-airflow/users"])
    assert annotations[0] == annotations[2] != annotations[1]


def test_seaweedfs_policy_allows_only_the_s3_port() -> None:
    chart = new_chart()
    store = made("seaweedfs", chart)
    policy = find(chart, "NetworkPolicy", "seaweedfs-only-s3")["spec"]
    assert policy["podSelector"]["matchLabels"] == dict(store.traffic.workloads[0].labels)
    open_to_all = [rule for rule in policy["ingress"] if "from" not in rule]
    assert open_to_all == [{"ports": [{"port": 8333, "protocol": "TCP"}]}]
    chart = new_chart()
    made("seaweedfs", chart, own_policy=False)
    assert "NetworkPolicy" not in {each["kind"] for each in emitted(chart)}


PROMETHEUS = PodGroup(name="Prometheus", namespace="monitoring", labels={"app": "prometheus"})


def metrics_rules(facts: ClusterFacts, **changes: Any) -> list[dict[str, Any]]:
    """The rules of the own policy for the port of the metrics."""
    chart = new_chart()
    made("seaweedfs", chart, facts=facts, **changes)
    rules: list[dict[str, Any]] = find(chart, "NetworkPolicy", "seaweedfs-only-s3")["spec"]["ingress"]
    return [rule for rule in rules if {"port": 9324, "protocol": "TCP"} in rule.get("ports", [])]


def test_seaweedfs_serves_metrics_to_prometheus_only_if_enabled() -> None:
    chart = new_chart()
    plain = made("seaweedfs", chart)
    assert "metricsPort" not in values_of(find(chart, "HelmChart", "seaweedfs"))["allInOne"]
    assert plain.traffic.flows == ()
    chart = new_chart()
    store = made("seaweedfs", chart, metrics=True, facts=ClusterFacts(monitoring=PROMETHEUS))
    assert values_of(find(chart, "HelmChart", "seaweedfs"))["allInOne"]["metricsPort"] == 9324
    (flow,) = store.traffic.flows
    assert (flow.source, flow.port) == (ClusterComponent(role="monitoring"), 9324)
    assert metrics_rules(ClusterFacts(monitoring=PROMETHEUS)) == []
    (rule,) = metrics_rules(ClusterFacts(monitoring=PROMETHEUS), metrics=True)
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
            "podSelector": {"matchLabels": {"app": "prometheus"}},
        }
    ]
    for facts in (ClusterFacts(), ClusterFacts(monitoring=NotInstalled())):
        with pytest.raises(PlatformError, match=r"metrics requires ClusterFacts\(monitoring=\).*storage/metrics"):
            made("seaweedfs", metrics=True, facts=facts)
    made("seaweedfs", metrics=True, own_policy=False)


@pytest.mark.parametrize(("size", "files"), [("1Gi", 64), ("20Gi", 409), ("50Gi", 1000), ("10Ti", 1000)])
def test_small_disk_gets_small_files(size: str, files: int) -> None:
    chart = new_chart()
    made("seaweedfs", chart, storage=Volume(size))
    assert values_of(find(chart, "HelmChart", "seaweedfs"))["master"]["volumeSizeLimitMB"] == files


@both
@pytest.mark.parametrize("delivery", [K3sHelmChart(), FluxRelease(), ArgoApplication(), HelmCommand()])
def test_every_delivery_uses_the_chart_source_of_the_store(product: str, delivery: Any) -> None:
    chart = new_chart()
    made(product, chart, delivery=delivery)
    manifests = emitted(chart)
    assert_accepted(manifests)
    place = {"seaweedfs": "https://seaweedfs.github.io/seaweedfs/helm", "minio": "https://charts.min.io"}[product]
    written = json.dumps(manifests) + "".join(registry_of(chart).files.values())
    assert place in written
    assert "airflow.apache.org" not in written


def test_chart_source_can_be_a_mirror() -> None:
    chart = new_chart()
    source = ChartSource.oci("oci://registry.example.com/charts/seaweedfs")
    made("seaweedfs", chart, delivery=K3sHelmChart(source=source))
    assert find(chart, "HelmChart", "seaweedfs")["spec"]["chart"] == "oci://registry.example.com/charts/seaweedfs"


def test_permissions_contain_only_the_account_of_the_delivery() -> None:
    chart = new_chart()
    (permission,) = made("seaweedfs", chart).permissions
    assert (permission.account_namespace, permission.account, permission.is_everything) == (
        "kube-system",
        "helm-seaweedfs",
        True,
    )
    assert [list(told()) for told in registry_of(chart).permissions] == [[permission]]
    assert made("seaweedfs", delivery=FluxRelease()).permissions == ()


def test_report_warns_that_minio_is_not_maintained() -> None:
    chart = new_chart()
    made("minio", chart)
    assert any("no longer maintained" in note for note in registry_of(chart).notes)


@both
@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        ({"users": []}, "storage/no-users", "users"),
        ({"users": [LAKE, LAKE]}, "storage/same-login", "users[1].credentials"),
        (
            {"users": [LAKE], "admin_credentials": S3Credentials("data.lake")},
            "storage/same-login",
            "users[0].credentials",
        ),
        (
            {"users": [StoreUser(credentials=S3Credentials("x"), buckets=[])]},
            "storage/no-buckets",
            "users[0].buckets",
        ),
        (
            {"users": [StoreUser(credentials=S3Credentials("x"), buckets=["Raw"])]},
            "storage/bucket",
            "users[0].buckets[0]",
        ),
        ({"storage": Volume("1Gi", access_mode="ReadWriteMany")}, "storage/access-mode", "storage.access_mode"),
        ({"name": "9lives"}, "storage/name", "name"),
        (
            {"delivery": K3sHelmChart(failure_policy="retry"), "facts": ClusterFacts(helm_controller="0.16.17")},
            "delivery/retry",
            "delivery.failure_policy",
        ),
    ],
)
def test_invalid_argument_is_rejected(product: str, changes: dict[str, Any], rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        made(product, **changes)
    assert (rule, at) in [(finding.rule, finding.at) for finding in caught.value.findings]


@both
def test_bucket_without_a_user_is_rejected(product: str) -> None:
    store = made(product)
    for call, rule in (
        (lambda: store.bucket("data-rw"), "storage/no-such-bucket"),
        (lambda: store.bucket("backups", user="reader"), "storage/no-such-bucket"),
    ):
        with pytest.raises(PlatformError) as caught:
            call()
        assert [(finding.rule, finding.path) for finding in caught.value.findings] == [(rule, "chart/store")]
    second = StoreUser(credentials=S3Credentials("second"), buckets=["data-raw"])
    several = made(product, users=[LAKE, second])
    with pytest.raises(PlatformError) as caught:
        several.bucket("data-raw")
    assert [finding.rule for finding in caught.value.findings] == ["storage/several-users"]
    assert several.bucket("data-raw", user="second").credentials == second.credentials


def test_findings_that_follow_from_a_broken_store_are_not_reported() -> None:
    def platform() -> None:
        with collecting():
            store = made("seaweedfs", users=[])
            store.bucket("data-raw")
            assert store.buckets == ()
            assert store.admin_credentials is None

    with pytest.raises(PlatformError) as caught:
        platform()
    assert [finding.rule for finding in caught.value.findings] == ["storage/no-users"]


def test_invalid_bucket_is_reported_with_the_other_findings() -> None:
    def platform() -> None:
        with collecting():
            made("seaweedfs").bucket("data-rw")
            made("minio", users=[])

    with pytest.raises(PlatformError) as caught:
        platform()
    assert [finding.rule for finding in caught.value.findings] == ["storage/no-such-bucket", "storage/no-users"]

"""The Job that makes buckets: what is in it, what it needs, whom it talks to, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AzureCredentials,
    BucketJob,
    CaBundle,
    ClusterFacts,
    ConfigMapKey,
    GcsCredentials,
    Image,
    Namespace,
    ObjectStorage,
    PlatformError,
    PullSecret,
    RegistryMirror,
    S3Credentials,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.jobs.wire.bucket_job import script
from tests.making import emitted, make_airflow, new_chart
from tests.truth import assert_accepted

ADMIN = S3Credentials("store-admin")
STORE = ObjectStorage.s3(endpoint="http://store.storage.svc:8333", credentials=S3Credentials("data-lake"))
BUCKETS = [STORE.bucket("data-raw"), STORE.bucket("data-warehouse")]


def make(chart: cdk8s.Chart, **changes: Any) -> BucketJob:
    given = {"namespace": Namespace.existing("storage"), "buckets": BUCKETS, "credentials": ADMIN, **changes}
    return BucketJob(chart, "buckets", **given)


def made(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    chart = new_chart()
    make(chart, **changes)
    manifests = emitted(chart)
    assert_accepted(manifests)
    config, job = sorted(manifests, key=lambda each: each["kind"])
    return config, job


def container(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return dict(found)


def env(job: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container(job)["env"]}


def test_the_job_runs_the_script_of_this_package_in_an_image_of_airflow() -> None:
    config, job = made()
    assert config["data"] == {"make_buckets.py": script()}
    assert config["immutable"] is True
    assert container(job)["command"] == ["python", "/opt/make-buckets/make_buckets.py"]
    assert container(job)["image"].startswith("apache/airflow:3.")
    assert job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]


def test_the_job_has_its_input_and_the_login_that_may_create_buckets() -> None:
    _, job = made(versioned=["data-raw"], timeout="5m")
    variables = env(job)
    assert json.loads(variables["BUCKETS"]) == {
        "scheme": "s3",
        "endpoint": "http://store.storage.svc:8333",
        "patience": 300,
        "buckets": [{"name": "data-raw", "versioning": True}, {"name": "data-warehouse"}],
    }
    assert variables["AWS_ACCESS_KEY_ID"] == {"secretKeyRef": {"name": "store-admin", "key": "AWS_ACCESS_KEY_ID"}}
    assert variables["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"


def images(chart: cdk8s.Chart) -> list[str]:
    return [container(each)["image"] for each in emitted(chart) if each["kind"] == "Job"]


def test_job_runs_the_image_of_a_release_with_its_mirror_and_its_login() -> None:
    chart = new_chart()
    mirror, login = RegistryMirror("registry.example.com"), PullSecret("login")
    release = make_airflow(chart, airflow_version="2.11.0", mirror=mirror, pull_secret=login)
    make(chart, release=release)
    assert images(chart) == ["registry.example.com/docker.io/apache/airflow:2.11.0"]
    assert ("storage", "login") in registry_of(chart).secrets
    assert not [note for note in registry_of(chart).all_notes if note.startswith("BucketJob")]


def test_job_in_another_image_than_the_releases_is_reported() -> None:
    chart = new_chart()
    make(chart)
    assert not [note for note in registry_of(chart).all_notes if note.startswith("BucketJob")]
    make_airflow(chart, airflow_version="2.11.0")
    (note,) = [note for note in registry_of(chart).all_notes if note.startswith("BucketJob")]
    assert note.endswith("run apache/airflow:2.11.0. To use the image of a release, set BucketJob(release=...).")


@pytest.mark.parametrize(
    "changes", [{"image": Image("a", tag="1")}, {"mirror": RegistryMirror("registry.example.com")}]
)
def test_image_and_release_conflict(changes: dict[str, Any]) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError, match=f"{next(iter(changes))} conflicts with release="):
        make(chart, release=make_airflow(chart), **changes)


def test_the_job_drops_all_capabilities() -> None:
    pod = made()[1]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    context = pod["containers"][0]["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert pod["containers"][0]["resources"]["limits"] == {"memory": "512Mi"}


def test_another_list_of_buckets_is_another_job_and_the_same_one_is_the_same() -> None:
    name = made()[1]["metadata"]["name"]
    assert made()[1]["metadata"]["name"] == name
    assert made(buckets=BUCKETS[:1])[1]["metadata"]["name"] != name
    assert name.startswith("buckets-")


def test_whatever_kubernetes_lets_nobody_change_in_a_job_makes_another_job() -> None:
    label = {"azure.workload.identity/use": "true"}
    by_name: dict[str, set[str]] = {}
    for changes in (
        {},
        {"labels": label},
        {"image": Image("a/b", tag="1")},
        {"timeout": "5m"},
        {"service_account": "a"},
    ):
        _, job = made(**changes)
        by_name.setdefault(job["metadata"]["name"], set()).add(json.dumps(job["spec"], sort_keys=True))
    assert len(by_name) == 5
    assert all(len(specs) == 1 for specs in by_name.values())


def test_google_gets_a_key_file_and_azure_a_key() -> None:
    google = ObjectStorage.gcs(project="acme", region="eu", credentials=GcsCredentials("lake"))
    _, job = made(buckets=[google.bucket("data-raw")], credentials=None)
    assert env(job)["GOOGLE_APPLICATION_CREDENTIALS"] == "/etc/store-login/key.json"
    assert {"name": "login", "secret": {"secretName": "lake", "items": [{"key": "key.json", "path": "key.json"}]}} in (
        job["spec"]["template"]["spec"]["volumes"]
    )
    told = json.loads(env(job)["BUCKETS"])
    assert (told["scheme"], told["project"], told["region"]) == ("gs", "acme", "eu")
    azure = ObjectStorage.azure("acme", credentials=AzureCredentials("lake"))
    _, job = made(buckets=[azure.bucket("data-raw")], credentials=None)
    assert env(job)["AZURE_STORAGE_KEY"] == {"secretKeyRef": {"name": "lake", "key": "AZURE_STORAGE_KEY"}}
    assert json.loads(env(job)["BUCKETS"])["account"] == "acme"


def test_an_identity_in_the_cloud_is_an_account_and_labels() -> None:
    chart = new_chart()
    job = make(
        chart,
        buckets=[ObjectStorage.azure("acme").bucket("data-raw")],
        credentials=None,
        service_account="bucket-maker",
        labels={"azure.workload.identity/use": "true"},
    )
    pod = next(each for each in emitted(chart) if each["kind"] == "Job")["spec"]["template"]
    assert pod["spec"]["serviceAccountName"] == "bucket-maker"
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert job.secret_needs == ()
    assert any("storage/bucket-maker" in note for note in registry_of(chart).notes)
    assert "cloud-identity" in [getattr(flow.target, "role", "") for flow in job.traffic.flows]


def test_image_registry_ca_certificates_and_nodes_can_be_set() -> None:
    _, job = made(
        image=Image("registry.example.com/data/airflow", digest="sha256:" + "0" * 64),
        mirror=RegistryMirror("mirror.example.com"),
        pull_secret=PullSecret("registry-login"),
        ca=CaBundle(ConfigMapKey("lab-ca", "ca.pem")),
        facts=ClusterFacts(architecture="arm64"),
    )
    assert container(job)["image"] == "mirror.example.com/registry.example.com/data/airflow@sha256:" + "0" * 64
    pod = job["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "registry-login"}]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert env(job)["AWS_CA_BUNDLE"] == "/etc/store-ca/ca.crt"
    assert {"name": "ca", "configMap": {"name": "lab-ca", "items": [{"key": "ca.pem", "path": "ca.crt"}]}} in pod[
        "volumes"
    ]


def test_it_needs_its_login_and_talks_to_the_store_and_to_dns() -> None:
    chart = new_chart()
    job = make(chart)
    (need,) = job.secret_needs
    assert (need.namespace, need.name) == ("storage", "store-admin")
    assert set(need.keys) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    (pods,) = job.traffic.workloads
    job_manifest = next(each for each in emitted(chart) if each["kind"] == "Job")
    assert pods.labels.items() <= job_manifest["spec"]["template"]["metadata"]["labels"].items()
    assert [(flow.source, flow.port, flow.protocol) for flow in job.traffic.flows] == [
        (pods, 53, "UDP"),
        (pods, 53, "TCP"),
        (pods, 8333, "TCP"),
    ]


@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        ({"buckets": []}, "storage/no-buckets", "buckets"),
        ({"buckets": [BUCKETS[0], BUCKETS[0]]}, "storage/bucket-twice", "buckets[1].name"),
        (
            {"buckets": [BUCKETS[0], ObjectStorage.s3().bucket("elsewhere")]},
            "storage/several-stores",
            "buckets[1]",
        ),
        ({"credentials": GcsCredentials("gcs")}, "storage/credentials", "credentials"),
        ({"versioned": ["data-rw"]}, "storage/unknown-bucket", "versioned"),
        (
            {
                "buckets": [ObjectStorage.azure("acme").bucket("raw")],
                "credentials": None,
                "versioned": ["raw"],
            },
            "storage/versioned",
            "versioned",
        ),
        ({"name": "Buckets"}, "argument/name", "name"),
        ({"timeout": "soon"}, "argument/duration", "timeout"),
        ({"credentials": "AKIAIOSFODNN7EXAMPLE"}, "argument/type", "credentials"),
    ],
)
def test_invalid_settings_are_refused(changes: dict[str, Any], rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), **changes)
    assert (rule, at) in [(finding.rule, finding.at) for finding in caught.value.findings]
    assert "AKIA" not in str(caught.value)

"""Stores and buckets: location, credentials, and the Airflow connection."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from cdk8s_airflow import (
    AzureCredentials,
    GcsCredentials,
    ObjectStorage,
    PlatformError,
    S3Credentials,
)
from cdk8s_airflow.model.traffic import ExternalPeer, PodGroup, UnlocatedPeer
from cdk8s_airflow.storage.object_storage import addressing_style

LOGIN = S3Credentials("data-lake")
OWN = ObjectStorage.s3(endpoint="http://store.storage.svc:8333", credentials=LOGIN)


@pytest.mark.parametrize(
    ("storage", "url", "port", "peer"),
    [
        (OWN, "s3://data-raw", 8333, UnlocatedPeer(name="store.storage.svc")),
        (
            ObjectStorage.s3(endpoint="https://s3.example.com"),
            "s3://data-raw",
            443,
            ExternalPeer(name="s3.example.com"),
        ),
        (ObjectStorage.s3(endpoint="http://s3.example.com"), "s3://data-raw", 80, ExternalPeer(name="s3.example.com")),
        (ObjectStorage.s3(), "s3://data-raw", 443, ExternalPeer(name="s3.amazonaws.com")),
        (ObjectStorage.s3(region="eu-west-1"), "s3://data-raw", 443, ExternalPeer(name="s3.eu-west-1.amazonaws.com")),
        (ObjectStorage.gcs(), "gs://data-raw", 443, ExternalPeer(name="storage.googleapis.com")),
        (
            ObjectStorage.azure("acme"),
            "https://acme.blob.core.windows.net/data-raw",
            443,
            ExternalPeer(name="acme.blob.core.windows.net"),
        ),
    ],
)
def test_bucket_has_the_location_of_its_store(storage: ObjectStorage, url: str, port: int, peer: object) -> None:
    bucket = storage.bucket("data-raw")
    assert (bucket.url, bucket.port, bucket.peer) == (url, port, peer)


def test_peer_of_a_store_can_be_set() -> None:
    pods = PodGroup(name="store", namespace="storage", labels={"app": "store"})
    bucket = ObjectStorage.s3(endpoint="http://10.0.0.7:9000", peer=pods).bucket("data-raw")
    flow = bucket.flow(PodGroup(name="task", namespace="airflow"), "the lake")
    assert (flow.target, flow.port, flow.purpose) == (pods, 9000, "the lake")


@pytest.mark.parametrize(
    ("storage", "connection"),
    [
        (
            OWN,
            {
                "conn_type": "aws",
                "login": "ACCESS_KEY",
                "password": "SECRET_KEY",
                "extra": {"endpoint_url": "http://store.storage.svc:8333"},
            },
        ),
        (ObjectStorage.s3(), {"conn_type": "aws"}),
        (ObjectStorage.s3(region="eu-west-1"), {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}),
        (
            ObjectStorage.s3(endpoint="https://s3.example.com", path_style=False),
            {
                "conn_type": "aws",
                "extra": {
                    "endpoint_url": "https://s3.example.com",
                    "config_kwargs": {"s3": {"addressing_style": "virtual"}},
                },
            },
        ),
        (ObjectStorage.gcs(), {"conn_type": "google_cloud_platform"}),
        (
            ObjectStorage.gcs(credentials=GcsCredentials("lake")),
            {"conn_type": "google_cloud_platform", "extra": {"keyfile_dict": "KEY_FILE"}},
        ),
        (ObjectStorage.azure("acme"), {"conn_type": "wasb", "login": "acme"}),
        (
            ObjectStorage.azure("acme", credentials=AzureCredentials("lake")),
            {"conn_type": "wasb", "login": "acme", "password": "ACCOUNT_KEY"},
        ),
    ],
)
def test_airflow_connection_of_each_store(storage: ObjectStorage, connection: dict[str, Any]) -> None:
    assert storage.bucket("data-raw").connection() == connection


def test_bucket_with_its_own_credentials() -> None:
    own = S3Credentials("backups", access_key_id="id", secret_access_key="secret")
    assert OWN.bucket("backups", credentials=own).credentials == own
    assert OWN.bucket("data-raw").credentials == LOGIN


@pytest.mark.skipif(importlib.util.find_spec("boto3") is None, reason="boto3 is not installed")
@pytest.mark.parametrize("endpoint", [None, "https://s3.example.com"])
@pytest.mark.parametrize("path_style", [None, True, False])
def test_boto3_uses_path_style_as_configured(endpoint: str | None, path_style: bool | None) -> None:
    import boto3
    from botocore.config import Config

    storage = ObjectStorage.s3(endpoint=endpoint, region="eu-central-1", path_style=path_style)
    style = addressing_style(storage)
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(signature_version="s3v4", **({"s3": {"addressing_style": style}} if style else {})),
    )
    url = client.generate_presigned_url("get_object", Params={"Bucket": "data-raw", "Key": "a"})
    host, _, path = url.partition("://")[2].partition("/")
    assert path.startswith("data-raw/a?") is storage.uses_path_style
    assert host.startswith("data-raw.") is not storage.uses_path_style


@pytest.mark.parametrize(
    ("make", "rule", "at"),
    [
        (lambda: ObjectStorage.s3().bucket("Data_Raw"), "storage/bucket", "bucket.name"),
        (lambda: ObjectStorage.azure("acme").bucket("a--b"), "storage/container", "bucket.name"),
        (lambda: ObjectStorage.azure("Acme").bucket("raw"), "storage/account", "bucket.storage.account"),
        (lambda: ObjectStorage(scheme="azure").bucket("raw"), "storage/account", "bucket.storage.account"),
        (
            lambda: ObjectStorage.s3(endpoint="http://me:secret@store").bucket("raw"),
            "storage/endpoint",
            "bucket.storage.endpoint",
        ),
        (
            lambda: ObjectStorage(scheme="gs", endpoint="https://store").bucket("raw"),
            "storage/not-of-this-store",
            "bucket.storage.endpoint",
        ),
        (
            lambda: ObjectStorage(scheme="gs", credentials=LOGIN).bucket("raw"),
            "storage/credentials",
            "bucket.storage.credentials",
        ),
        (
            lambda: OWN.bucket("raw", credentials=GcsCredentials("gcs")),
            "storage/credentials",
            "bucket.credentials",
        ),
        (
            lambda: OWN.bucket("raw", credentials=S3Credentials("lake", access_key_id="key", connection="key")),
            "storage/same-key",
            "bucket.own_credentials.secret",
        ),
    ],
)
def test_all_findings_of_a_bucket_are_reported_at_once(make: Any, rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make()
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == (rule, at)
    assert "secret@" not in str(caught.value)

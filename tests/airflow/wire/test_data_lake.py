"""The data lake of a release, and logs in a bucket by its handle: variables, Secrets, flows, and what does not go together."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from cdk8s_airflow import (
    AzureCredentials,
    CaBundle,
    ConfigMapKey,
    DataLake,
    GcsCredentials,
    Logs,
    Namespace,
    ObjectStorage,
    PlatformError,
    S3Credentials,
    SecretKey,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.logs import LOGS, log_needs
from cdk8s_airflow.model.traffic import PodGroup
from tests.airflow.wire.samples import PAIRS, called, release, values_of
from tests.making import make_airflow, new_chart

LOGIN = S3Credentials("data-lake")
STORE_PODS = PodGroup(name="store", namespace="storage", labels={"app": "store"})
STORE = dataclasses.replace(
    ObjectStorage.s3(endpoint="http://store.storage.svc:8333", credentials=LOGIN, peer=STORE_PODS),
    credentials_namespace="storage",
)
RAW, WAREHOUSE = STORE.bucket("data-raw"), STORE.bucket("data-warehouse")
LAKE = DataLake(buckets=[RAW, WAREHOUSE])


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_tasks_get_a_connection_and_variables(pair: tuple[str, str]) -> None:
    values = compile_release(release(pair, data_lake=LAKE)).values_from_arguments
    assert [entry for entry in values["secret"] if entry["secretName"] == "data-lake"] == [
        {"envName": "AIRFLOW_CONN_DATA_LAKE", "secretName": "data-lake", "secretKey": "connection"},
        {"envName": "AWS_ACCESS_KEY_ID", "secretName": "data-lake", "secretKey": "AWS_ACCESS_KEY_ID"},
        {"envName": "AWS_SECRET_ACCESS_KEY", "secretName": "data-lake", "secretKey": "AWS_SECRET_ACCESS_KEY"},
    ]
    plain = {entry["name"]: entry["value"] for entry in values["env"]}
    assert plain["AWS_ENDPOINT_URL_S3"] == "http://store.storage.svc:8333"
    assert plain["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"


def test_a_release_without_a_lake_has_none_of_it() -> None:
    text = json.dumps(compile_release(release(PAIRS[-1])).values_from_arguments)
    assert "AWS_" not in text
    assert "DATA_LAKE" not in text


def test_variables_can_be_left_out() -> None:
    values = compile_release(
        release(PAIRS[-1], data_lake=DataLake(buckets=[RAW], variables=False))
    ).values_from_arguments
    assert "AWS_" not in json.dumps([values.get("env", []), values["secret"]])
    assert {"envName": "AIRFLOW_CONN_DATA_LAKE", "secretName": "data-lake", "secretKey": "connection"} in values[
        "secret"
    ]


@pytest.mark.parametrize(
    ("storage", "plain", "secret"),
    [
        (
            ObjectStorage.s3(region="eu-west-1"),
            {
                "AIRFLOW_CONN_DATA_LAKE": '{"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}',
                "AWS_DEFAULT_REGION": "eu-west-1",
            },
            {},
        ),
        (ObjectStorage.gcs(), {"AIRFLOW_CONN_DATA_LAKE": '{"conn_type": "google_cloud_platform"}'}, {}),
        (
            ObjectStorage.gcs(credentials=GcsCredentials("gcs")),
            {},
            {"AIRFLOW_CONN_DATA_LAKE": ("gcs", "connection")},
        ),
        (
            ObjectStorage.azure("acme", credentials=AzureCredentials("azure")),
            {"AZURE_STORAGE_ACCOUNT": "acme"},
            {
                "AIRFLOW_CONN_DATA_LAKE": ("azure", "connection"),
                "AZURE_STORAGE_KEY": ("azure", "AZURE_STORAGE_KEY"),
            },
        ),
    ],
)
def test_each_store_has_variables_of_its_own(
    storage: ObjectStorage, plain: dict[str, str], secret: dict[str, tuple[str, str]]
) -> None:
    lake = DataLake(buckets=[storage.bucket("raw")])
    values = compile_release(release(PAIRS[-1], data_lake=lake)).values_from_arguments
    without = compile_release(release(PAIRS[-1])).values_from_arguments
    named = {entry["name"]: entry["value"] for entry in values.get("env", []) if entry not in without.get("env", [])}
    read = {
        entry["envName"]: (entry["secretName"], entry["secretKey"])
        for entry in values.get("secret", [])
        if entry not in without.get("secret", [])
    }
    assert (named, read) == (plain, secret)


def test_its_secret_is_needed_where_tasks_run_and_is_a_copy_of_the_stores() -> None:
    settings = release(("1.22.0", "3.2.2"), data_lake=LAKE, task_namespaces=("team-a",))
    needs = {need.namespace: need for need in compile_release(settings).needs if need.name == "data-lake"}
    assert set(needs) == {"airflow-lab", "team-a"}
    for namespace, need in needs.items():
        assert set(need.keys) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "connection"}
        assert f"kubectl -n {namespace} create secret" in need.command
        assert "kubectl -n storage get secret data-lake" in need.command
        assert need.can_be_generated
    assert needs["airflow-lab"].awaited
    assert not needs["team-a"].awaited


def test_a_cloud_identity_is_in_the_notes() -> None:
    lake = DataLake(buckets=[ObjectStorage.gcs().bucket("raw")])
    assert any(
        "gs://raw with their cloud identity" in note
        for note in compile_release(release(PAIRS[-1], data_lake=lake)).notes
    )


def test_tasks_open_connections_to_the_store() -> None:
    settings = release(("1.22.0", "3.2.2"), data_lake=LAKE)
    flows = [flow for flow in compile_release(settings).traffic.flows if flow.target == STORE_PODS]
    assert {flow.port for flow in flows} == {8333}
    assert any("task" in getattr(flow.source, "name", "") for flow in flows)


def test_logs_go_to_a_bucket_by_its_handle() -> None:
    logs = Logs.in_bucket(STORE.bucket("airflow-logs"), prefix="lab")
    settings = release(PAIRS[-1], logs=logs)
    values = values_of(LOGS, settings)
    assert values["config"]["logging"]["remote_base_log_folder"] == "s3://airflow-logs/lab"
    assert values["secret"] == [
        {"envName": "AIRFLOW_CONN_REMOTE_LOGS", "secretName": "data-lake", "secretKey": "connection"}
    ]
    (need,) = log_needs(settings)
    assert "kubectl -n storage get secret data-lake" in need.command
    flows = [flow for flow in compile_release(settings).traffic.flows if flow.target == STORE_PODS]
    assert {flow.purpose for flow in flows} == {"task logs"}


def test_a_bucket_of_a_cloud_is_as_good_as_its_name() -> None:
    for bucket, plain in (
        (ObjectStorage.s3(region="eu-west-1").bucket("logs"), Logs.s3("logs", region="eu-west-1")),
        (ObjectStorage.gcs().bucket("logs"), Logs.gcs("logs")),
        (ObjectStorage.azure("acme").bucket("logs"), Logs.azure_blob("acme", "logs")),
        (
            ObjectStorage.s3(endpoint="https://s3.example.com", credentials=LOGIN).bucket("logs"),
            Logs.s3("logs", endpoint="https://s3.example.com", connection=SecretKey("data-lake", "connection")),
        ),
    ):
        by_handle, by_name = (release(PAIRS[-1], logs=logs) for logs in (Logs.in_bucket(bucket), plain))
        assert values_of(LOGS, by_handle) == values_of(LOGS, by_name)
        assert {(n.name, n.namespace) for n in log_needs(by_handle)} == {
            (n.name, n.namespace) for n in log_needs(by_name)
        }


def test_logs_and_lake_can_share_a_secret() -> None:
    chart = new_chart()
    airflow = make_airflow(chart, data_lake=LAKE, logs=Logs.in_bucket(STORE.bucket("airflow-logs")))
    (need,) = [need for need in airflow.secret_needs if need.name == "data-lake"]
    assert set(need.keys) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "connection"}


@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        (
            {"data_lake": LAKE, "env": {"AWS_ENDPOINT_URL_S3": "https://elsewhere"}},
            "lake/twice",
            "env.AWS_ENDPOINT_URL_S3",
        ),
        (
            {"data_lake": LAKE, "connections": {"data_lake": SecretKey("other", "connection")}},
            "lake/twice",
            "connections.data_lake",
        ),
        ({"data_lake": LAKE, "logs": Logs.s3("logs")}, "lake/login-of-logs", "data_lake.variables"),
        (
            {"data_lake": LAKE, "logs": Logs.s3("logs", connection=SecretKey("logs", "connection"))},
            "lake/endpoint-of-logs",
            "data_lake.variables",
        ),
    ],
)
def test_conflicting_settings_are_refused(changes: dict[str, Any], rule: str, at: str) -> None:
    found = compile_release(release(PAIRS[-1], **changes)).setting_findings
    assert (rule, at) in [(finding.rule, finding.at) for finding in found]


@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        ({"data_lake": DataLake(buckets=[])}, "lake/no-buckets", "data_lake.buckets"),
        (
            {"data_lake": DataLake(buckets=[RAW, ObjectStorage.gcs().bucket("raw")])},
            "lake/several",
            "data_lake.buckets[1]",
        ),
        ({"data_lake": DataLake(buckets=[RAW], connection_id="data-lake")}, "argument/name", "data_lake.connection_id"),
        ({"data_lake": RAW}, "argument/type", "data_lake"),
        ({"logs": Logs.in_bucket("airflow-logs")}, "argument/type", "logs.bucket"),
        ({"logs": Logs.in_bucket(RAW, prefix="/x")}, "storage/prefix", "logs.prefix"),
    ],
)
def test_invalid_settings_are_refused(changes: dict[str, Any], rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **changes)
    assert (rule, at) in [(finding.rule, finding.at) for finding in caught.value.findings]


def test_everything_else_of_a_release_goes_with_a_lake() -> None:
    chart = new_chart()
    make_airflow(
        chart,
        data_lake=LAKE,
        task_namespaces=[Namespace.existing("team-a")],
        ca=CaBundle(ConfigMapKey("lab-ca", "ca.crt")),
        env={"STAGE": "lab"},
    )

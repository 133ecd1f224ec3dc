"""The data lake in rendered releases, and Airflow itself with the connection that tasks get."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from cdk8s_airflow import DataLake, Logs, ObjectStorage, S3Credentials
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.storage.store_credentials import login
from tests.helm.airflow import run_airflow
from tests.helm.test_logs import assert_everywhere, cfg_of, rendered
from tests.platforms import PAIRS
from tests.storage.s3_server import moto

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

LOGIN = S3Credentials("data-lake")


def store(endpoint: str) -> ObjectStorage:
    return dataclasses.replace(ObjectStorage.s3(endpoint=endpoint, credentials=LOGIN), credentials_namespace="storage")


def test_every_airflow_container_has_the_connection_and_the_variables(pair: tuple[str, str]) -> None:
    storage = store("http://store.storage.svc:8333")
    result = rendered(
        pair,
        data_lake=DataLake(buckets=[storage.bucket("data-raw")]),
        logs=Logs.in_bucket(storage.bucket("airflow-logs")),
    )
    for name, key in (
        ("AIRFLOW_CONN_DATA_LAKE", "connection"),
        ("AIRFLOW_CONN_REMOTE_LOGS", "connection"),
        ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
    ):
        assert_everywhere(result, pair, name, {"name": "data-lake", "key": key})
    assert_everywhere(result, pair, "AWS_ENDPOINT_URL_S3", "http://store.storage.svc:8333")
    assert result.airflow_cfg.get("logging", "remote_base_log_folder") == "s3://airflow-logs"


_HOOK = """
import json, warnings
warnings.simplefilter("ignore")
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
import boto3
hook = S3Hook(aws_conn_id="data_lake")
hook.create_bucket("data-raw")
hook.load_string("1,2,3", key="orders.csv", bucket_name="data-raw")
by_variables = boto3.client("s3").get_object(Bucket="data-raw", Key="orders.csv")["Body"].read().decode()
print(json.dumps([hook.read_key("orders.csv", "data-raw"), by_variables, hook.get_credentials().access_key]))
"""


def filled(need: SecretNeed, access_key: str, secret_key: str) -> dict[str, Any]:
    """What a Secret has in it, made by its recipe from a store's Secret."""
    contents = {LOGIN.access_key_id: access_key, LOGIN.secret_access_key: secret_key}
    return {
        key: "".join(part["text"] if "text" in part else contents[part["key"]] for part in parts)
        for key, parts in need.recipe.items()
    }


def test_airflow_itself_works_with_the_lake(pair: tuple[str, str]) -> None:
    if pair[1] not in ("2.9.3", "3.2.2"):
        pytest.skip(f"the environment of Airflow {pair[1]} need not have the provider of S3")
    pytest.importorskip("moto")
    with moto() as address:
        storage = store(address)
        lake = DataLake(buckets=[storage.bucket("data-raw")])
        result = rendered(pair, data_lake=lake)
        need = login(LOGIN, storage, "airflow", "tasks", for_airflow=True)
        secret = filled(need, "tasks-id", "tasks-secret")
        env = {}
        for name, entry in next(iter(result.containers("airflow"))).env.items():
            source = (entry.get("valueFrom") or {}).get("secretKeyRef") or {}
            if source.get("name") == "data-lake":
                env[name] = secret[source["key"]]
            elif name.startswith("AWS_"):
                env[name] = entry["value"]
        answer = json.loads(run_airflow(pair[1], cfg_of(result), _HOOK, env={**env, "NO_PROXY": "127.0.0.1"}))
    assert answer == ["1,2,3", "1,2,3", "tasks-id"]

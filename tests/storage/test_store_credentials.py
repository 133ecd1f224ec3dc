"""Commands that create store credentials, executed with the real kubectl but without a cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow import AzureCredentials, GcsCredentials, ObjectStorage, S3Credentials
from cdk8s_airflow.storage.store_credentials import login
from tests.model.test_secret_need import COPIED, NASTY, assert_made, run, with_kubectl

__all__ = ["run"]

LOGIN = S3Credentials("data-lake")
OUTSIDE = ObjectStorage.s3(endpoint="https://s3.example.com", credentials=LOGIN)
INSIDE = replace(OUTSIDE, credentials_namespace="storage")


@with_kubectl
@pytest.mark.parametrize("for_airflow", [False, True])
def test_credentials_of_an_external_store_are_typed(run: Any, for_airflow: bool) -> None:
    need = login(LOGIN, OUTSIDE, "airflow", "reads the lake", for_airflow=for_airflow)
    made = run(need, f"AKID%1\n{NASTY}\n")
    assert_made(made, need)
    assert made.data["AWS_ACCESS_KEY_ID"] == "AKID%1"
    assert made.data["AWS_SECRET_ACCESS_KEY"] == NASTY
    if for_airflow:
        assert json.loads(made.data["connection"]) == {
            "conn_type": "aws",
            "login": "AKID%1",
            "password": made.data["AWS_SECRET_ACCESS_KEY"],
            "extra": {"endpoint_url": "https://s3.example.com"},
        }


@with_kubectl
def test_credentials_of_an_own_store_are_generated_in_its_namespace(run: Any) -> None:
    need = login(LOGIN, INSIDE, "storage", "is known to the store")
    first, second = run(need), run(need)
    assert_made(first, need)
    assert set(first.data) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert first.data["AWS_SECRET_ACCESS_KEY"] != second.data["AWS_SECRET_ACCESS_KEY"]
    assert need.can_be_generated


@with_kubectl
def test_credentials_in_another_namespace_are_copied(run: Any) -> None:
    need = login(LOGIN, INSIDE, "airflow", "reads the lake", for_airflow=True)
    made = run(need)
    assert_made(made, need)
    assert made.data["AWS_ACCESS_KEY_ID"] == made.data["AWS_SECRET_ACCESS_KEY"] == COPIED
    assert json.loads(made.data["connection"])["login"] == COPIED
    assert need.can_be_generated


@with_kubectl
def test_gcs_key_file_is_read_from_a_file(run: Any) -> None:
    credentials = GcsCredentials("lake")
    storage = ObjectStorage.gcs(credentials=credentials)
    file = json.dumps({"type": "service_account", "private_key": "-----\nabc%s\n"}, indent=1)
    need = login(credentials, storage, "airflow", "reads the lake", for_airflow=True)
    made = run(need, files={"key.json": file})
    assert_made(made, need)
    assert made.data["key.json"] == file
    assert json.loads(made.data["connection"])["extra"]["keyfile_dict"] == json.loads(file)
    assert set(run(login(credentials, storage, "data", "backs up"), files={"key.json": file}).data) == {"key.json"}


@with_kubectl
def test_azure_account_key_is_typed(run: Any) -> None:
    credentials = AzureCredentials("lake")
    need = login(credentials, ObjectStorage.azure("acme"), "airflow", "reads the lake", for_airflow=True)
    made = run(need, "c2VjcmV0+/==\n")
    assert set(made.data) == set(need.keys)
    assert not [call for call in made.calls for argument in call if "c2VjcmV0" in argument]
    assert made.data["AZURE_STORAGE_ACCOUNT"] == "acme"
    assert made.data["AZURE_STORAGE_KEY"] == "c2VjcmV0+/=="
    assert json.loads(made.data["connection"]) == {"conn_type": "wasb", "login": "acme", "password": "c2VjcmV0+/=="}


def test_credentials_of_an_external_store_cannot_be_generated() -> None:
    assert not login(LOGIN, OUTSIDE, "airflow", "reads the lake").can_be_generated

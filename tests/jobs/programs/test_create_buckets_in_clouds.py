"""The script of the bucket Job with the real libraries of Google and Azure, against servers on loopback that answer as the clouds do.

Skipped where the libraries are not installed: nothing else here needs them, and they are large.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.storage.s3_server import SCRIPT, Answer, answering, environment


def installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


needs_google = pytest.mark.skipif(not installed("google.cloud.storage"), reason="google-cloud-storage is not installed")
needs_azure = pytest.mark.skipif(not installed("azure.storage.blob"), reason="azure-storage-blob is not installed")

ACCOUNT_KEY = base64.b64encode(b"not a real key").decode()


def ran(settings: dict[str, Any], login: Mapping[str, str]) -> tuple[int, str]:
    process = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT)],
        env=environment(json.dumps({"patience": 5, **settings}), login),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ACCOUNT_KEY not in process.stdout + process.stderr
    return process.returncode, process.stdout


def google_answer(answers: dict[str, Answer]) -> Any:
    def answer(method: str, path: str) -> Answer:
        return answers[method]

    return answer


def google_refusal(status: int, message: str) -> Answer:
    return status, json.dumps({"error": {"code": status, "message": message}}), {"Content-Type": "application/json"}


GOOGLE = {"scheme": "gs", "project": "acme", "buckets": [{"name": "data-raw", "versioning": True}]}


@needs_google
def test_google_makes_a_bucket_that_is_missing_and_keeps_versions() -> None:
    made = False

    def answer(method: str, path: str) -> Answer:
        nonlocal made
        if method == "POST":
            made = True
        body = {"name": "data-raw", "kind": "storage#bucket", "versioning": {"enabled": method == "PATCH"}}
        return (200, json.dumps(body), {"Content-Type": "application/json"}) if made else google_refusal(404, "no")

    with answering(answer) as (address, asked):
        assert ran(GOOGLE, {"STORAGE_EMULATOR_HOST": address}) == (0, "data-raw: created, versioning enabled\n")
    assert [question.partition(" ")[0] for question in asked] == ["GET", "POST", "GET", "GET", "PATCH"]


@needs_google
def test_google_tells_a_bucket_of_somebody_else_from_one_made_meanwhile() -> None:
    taken = {"GET": google_refusal(404, "no"), "POST": google_refusal(409, "taken")}
    with answering(google_answer(taken)) as (address, _):
        code, output = ran(GOOGLE, {"STORAGE_EMULATOR_HOST": address})
    assert code == 1
    assert "belongs to another account" in output


@needs_google
def test_google_says_no_once() -> None:
    with answering(google_answer({"GET": google_refusal(403, "storage.buckets.get denied")})) as (address, asked):
        code, output = ran(GOOGLE, {"STORAGE_EMULATOR_HOST": address})
    assert code == 1
    assert "denied" in output
    assert len(asked) == 1


def azure(address: str) -> dict[str, Any]:
    return {"scheme": "azure", "account": "acme", "endpoint": address, "buckets": [{"name": "data-raw"}]}


def azure_refusal(status: int, code: str) -> Answer:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>{code} it is</Message></Error>"
    return status, body, {"x-ms-error-code": code, "Content-Type": "application/xml"}


@needs_azure
def test_azure_makes_a_container_that_is_missing() -> None:
    def answer(method: str, path: str) -> Answer:
        return (201, "", {"x-ms-version": "2024-05-04"}) if method == "PUT" else azure_refusal(404, "ContainerNotFound")

    with answering(answer) as (address, asked):
        assert ran(azure(address), {"AZURE_STORAGE_KEY": ACCOUNT_KEY}) == (0, "data-raw: created\n")
    assert [question.partition("?")[0] for question in asked] == ["GET /data-raw", "PUT /data-raw"]


@needs_azure
def test_azure_leaves_a_container_alone_that_is_there() -> None:
    with answering(lambda method, path: (200, "", {"x-ms-version": "2024-05-04"})) as (address, asked):
        assert ran(azure(address), {"AZURE_STORAGE_KEY": ACCOUNT_KEY}) == (0, "data-raw: is there\n")
    assert [question.partition(" ")[0] for question in asked] == ["GET"]


@needs_azure
@pytest.mark.parametrize(
    ("status", "code", "returned", "told"),
    [
        (409, "ContainerAlreadyExists", 0, "created by another process meanwhile"),
        (409, "ContainerBeingDeleted", 1, "is still being deleted"),
        (403, "AuthorizationFailure", 1, "AuthorizationFailure"),
        (503, "ServerBusy", 1, "failed"),
    ],
)
def test_azure_refuses_in_ways_of_its_own(status: int, code: str, returned: int, told: str) -> None:
    def answer(method: str, path: str) -> Answer:
        return azure_refusal(status, code) if method == "PUT" else azure_refusal(404, "ContainerNotFound")

    with answering(answer) as (address, _):
        code_returned, output = ran(azure(address), {"AZURE_STORAGE_KEY": ACCOUNT_KEY})
    assert code_returned == returned
    assert told in output

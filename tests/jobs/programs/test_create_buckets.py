"""The script of the bucket Job: with a fake store, with moto's S3 server, and with servers that refuse."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cdk8s_airflow.jobs.programs import create_buckets as make_buckets
from cdk8s_airflow.jobs.programs.create_buckets import NotYet, Refused, ensure, run
from tests.storage.s3_server import LOGIN, SCRIPT, answering, environment, moto

needs_moto = pytest.mark.skipif(
    importlib.util.find_spec("moto") is None or importlib.util.find_spec("boto3") is None,
    reason="moto or boto3 is not installed",
)


class MadeUpStore:
    """Buckets in a dictionary: name -> whether versions are kept. Troubles come first, one for each question."""

    def __init__(self, *troubles: Exception, **buckets: bool) -> None:
        self.buckets = dict(buckets)
        self.troubles = list(troubles)
        self.asked = 0

    def _trouble(self) -> None:
        self.asked += 1
        if self.troubles:
            raise self.troubles.pop(0)

    def has(self, name: str) -> bool:
        self._trouble()
        return name in self.buckets

    def make(self, name: str) -> bool:
        self._trouble()
        return self.buckets.setdefault(name, False) is False

    def keeps_versions(self, name: str) -> bool:
        return self.buckets[name]

    def keep_versions(self, name: str) -> None:
        self.buckets[name] = True


class Clock:
    """Time that only passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def asked_for(*names: str, patience: int = 60, **more: Any) -> dict[str, Any]:
    return {"scheme": "s3", "patience": patience, "buckets": [{"name": name} for name in names], **more}


def test_a_missing_bucket_is_made_and_a_present_one_left_alone() -> None:
    store = MadeUpStore(warehouse=True)
    assert ensure(store, {"name": "raw"}) == "created"
    assert ensure(store, {"name": "raw"}) == "is there"
    assert ensure(store, {"name": "warehouse"}) == "is there"
    assert store.buckets == {"raw": False, "warehouse": True}


def test_versions_are_turned_on_and_never_off() -> None:
    store = MadeUpStore(raw=False, warehouse=True)
    assert ensure(store, {"name": "raw", "versioning": True}) == "versioning enabled"
    assert ensure(store, {"name": "raw", "versioning": True}) == "is there"
    assert ensure(store, {"name": "warehouse", "versioning": False}) == "is there"
    assert store.buckets == {"raw": True, "warehouse": True}


def test_a_store_that_is_not_up_yet_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    store = MadeUpStore(NotYet("connection refused"), NotYet("connection refused"))
    assert run(asked_for("raw"), store, clock.sleep, clock) == 0
    assert clock.now == 1 + 2
    assert capsys.readouterr().out.splitlines() == [
        "raw: trying again in 1 s: connection refused",
        "raw: trying again in 2 s: connection refused",
        "raw: created",
    ]


def test_patience_comes_to_an_end() -> None:
    clock = Clock()
    store = MadeUpStore(*[NotYet("connection refused")] * 100)
    assert run(asked_for("raw", patience=60), store, clock.sleep, clock) == 1
    assert clock.now <= 60
    assert store.buckets == {}


def test_a_refused_bucket_does_not_keep_the_others_from_being_made() -> None:
    clock = Clock()
    store = MadeUpStore(Refused("AccessDenied"))
    assert run(asked_for("raw", "warehouse"), store, clock.sleep, clock) == 1
    assert store.buckets == {"warehouse": False}
    assert clock.now == 0


def test_a_missing_library_is_reported_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacks(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(make_buckets.importlib, "import_module", lacks)
    for scheme in ("s3", "gs", "azure"):
        assert run(asked_for("raw", "warehouse", scheme=scheme, account="acme")) == 2
    assert "the image lacks a library" in capsys.readouterr().out


def test_it_is_written_for_the_oldest_python_of_an_image_of_airflow() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {"__future__", "collections", "importlib", "json", "os", "sys", "time", "typing"}


# ------------------------------------------------------------------------------------------------- against moto's server


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with moto() as address:
        yield address


def start(settings: dict[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(SCRIPT)],
        env=environment(json.dumps(settings)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ran(settings: dict[str, Any]) -> tuple[int, str]:
    process = start(settings)
    output = process.communicate(timeout=600)[0]
    assert LOGIN["AWS_SECRET_ACCESS_KEY"] not in output
    return process.returncode, output


def client(address: str) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=LOGIN["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=LOGIN["AWS_SECRET_ACCESS_KEY"],
    )


@needs_moto
def test_buckets_come_into_being_and_stay_as_they_are(store: str) -> None:
    settings = asked_for("data-raw", "data-warehouse", endpoint=store)
    assert ran(settings) == (0, "data-raw: created\ndata-warehouse: created\n")
    s3 = client(store)
    s3.put_object(Bucket="data-raw", Key="orders.csv", Body=b"1,2,3")
    assert ran(settings) == (0, "data-raw: is there\ndata-warehouse: is there\n")
    assert s3.get_object(Bucket="data-raw", Key="orders.csv")["Body"].read() == b"1,2,3"
    assert {each["Name"] for each in s3.list_buckets()["Buckets"]} >= {"data-raw", "data-warehouse"}


@needs_moto
def test_versions_are_kept_where_that_is_asked_for(store: str) -> None:
    settings = {**asked_for(endpoint=store), "buckets": [{"name": "versioned", "versioning": True}]}
    assert ran(settings) == (0, "versioned: created, versioning enabled\n")
    assert ran(settings) == (0, "versioned: is there\n")
    assert client(store).get_bucket_versioning(Bucket="versioned")["Status"] == "Enabled"


@needs_moto
def test_what_was_cut_off_is_finished_by_the_next_run(store: str) -> None:
    client(store).create_bucket(Bucket="half-1")
    settings = {**asked_for(endpoint=store), "buckets": [{"name": f"half-{n}", "versioning": True} for n in (1, 2)]}
    code, output = ran(settings)
    assert (code, output) == (0, "half-1: versioning enabled\nhalf-2: created, versioning enabled\n")


@needs_moto
def test_several_at_once_do_not_disturb_each_other(store: str) -> None:
    names = [f"together-{number}" for number in range(5)]
    runs = [start(asked_for(*names, endpoint=store)) for _ in range(3)]
    ended = [(process.communicate(timeout=600)[0], process.returncode) for process in runs]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert {each["Name"] for each in client(store).list_buckets()["Buckets"]} >= set(names)


# --------------------------------------------------------------------------------------- against servers that say no


def refusal(code: str, status: int) -> tuple[int, str]:
    return status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code} it is</Message></Error>"


needs_boto3 = pytest.mark.skipif(importlib.util.find_spec("boto3") is None, reason="boto3 is not installed")


@needs_boto3
@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("AccessDenied", 403, "AccessDenied"),
        ("SignatureDoesNotMatch", 403, "SignatureDoesNotMatch"),
        ("BucketAlreadyExists", 409, "belongs to another account"),
        ("InvalidBucketName", 400, "InvalidBucketName"),
    ],
)
def test_a_refused_request_is_reported_and_not_repeated(code: str, status: int, told: str) -> None:
    def answer(method: str, path: str) -> tuple[int, str]:
        return (404, "") if method == "HEAD" else refusal(code, status)

    with answering(answer) as (address, asked):
        returned, output = ran(asked_for("data-raw", endpoint=address))
    assert returned == 1
    assert told in output
    assert asked == ["HEAD /data-raw", "PUT /data-raw"]


@needs_boto3
def test_a_bucket_that_may_not_be_looked_at_is_made_or_found_to_be_ours() -> None:
    def answer(method: str, path: str) -> tuple[int, str]:
        return (403, "") if method == "HEAD" else refusal("BucketAlreadyOwnedByYou", 409)

    with answering(answer) as (address, _):
        assert ran(asked_for("data-raw", endpoint=address)) == (0, "data-raw: created by another process meanwhile\n")


@needs_boto3
def test_a_server_that_is_still_starting_is_waited_for() -> None:
    answers = iter([(503, ""), refusal("SlowDown", 503), (404, ""), (200, "")])

    def answer(method: str, path: str) -> tuple[int, str]:
        return next(answers)

    with answering(answer) as (address, asked):
        returned, output = ran(asked_for("data-raw", endpoint=address))
    assert returned == 0, output
    assert output.splitlines()[-1] == "data-raw: created"
    assert asked == ["HEAD /data-raw"] * 3 + ["PUT /data-raw"]


@needs_boto3
def test_an_unreachable_store_is_retried_until_the_timeout() -> None:
    returned, output = ran(asked_for("data-raw", endpoint="http://127.0.0.1:1", patience=2))
    assert returned == 1
    assert "failed" in output


@needs_boto3
def test_the_location_is_sent_to_aws_and_to_no_other_store(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: dict[str, Any] = {}

    class Client:
        def head_bucket(self, **_: Any) -> None:
            error = Exception("not found")
            error.response = {"ResponseMetadata": {"HTTPStatusCode": 404}, "Error": {"Code": "404"}}  # type: ignore[attr-defined]
            raise error

        def create_bucket(self, **request: Any) -> None:
            bodies.update(request)

    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for settings, expected in (
        ({"region": "eu-central-1"}, {"LocationConstraint": "eu-central-1"}),
        ({"region": "us-east-1"}, None),
        ({}, None),
        ({"region": "eu-central-1", "endpoint": "https://s3.example.com"}, None),
    ):
        bodies.clear()
        assert ensure(make_buckets.S3Store(settings, Client()), {"name": "data-raw"}) == "created"
        assert bodies.get("CreateBucketConfiguration") == expected
    # What the identity of a pod brings along.
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    bodies.clear()
    assert ensure(make_buckets.S3Store({}, Client()), {"name": "data-raw"}) == "created"
    assert bodies["CreateBucketConfiguration"] == {"LocationConstraint": "eu-west-1"}

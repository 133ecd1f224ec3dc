"""The lab example from scratch: the bootstrap Job generates credentials, which store, bucket Job and tasks use."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.programs.api_server import serving
from tests.jobs.programs.test_create_secrets import World
from tests.storage.s3_server import SCRIPT, WEED, WEED_MISSING, environment, seaweedfs
from tests.truth.manifests import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "data_lake.py"
READERS = {"data-lake": "airflow", "task-logs": "airflow", "pg-backups": "airflow-data"}
ENDPOINT = "http://seaweedfs-all-in-one.storage.svc:8333"


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return load(runpy.run_path(str(EXAMPLE))["build"]().synth_yaml())


@pytest.fixture
def world(tmp_path: Path, manifests: list[dict[str, Any]]) -> Iterator[World]:
    """A cluster in which the bootstrap Job has run."""
    made = World(tmp_path, manifests)
    with serving(made.server, tmp_path):
        assert made.run() == 0
        yield made


def test_all_readers_get_the_same_credentials(world: World) -> None:
    secrets = world.server
    logins = {}
    for name, reader in READERS.items():
        first, copy = secrets.values("storage", name), secrets.values(reader, name)
        assert {key: copy[key] for key in first} == first
        logins[name] = (first["AWS_ACCESS_KEY_ID"], first["AWS_SECRET_ACCESS_KEY"])
    for name in ("data-lake", "task-logs"):
        connection = json.loads(secrets.values("airflow", name)["connection"])
        assert (connection["login"], connection["password"]) == logins[name]
        assert connection["extra"] == {"endpoint_url": ENDPOINT}
    assert "connection" not in secrets.values("airflow-data", "pg-backups")
    # DAG authors can read the Secrets in the namespace of Airflow, and backups are not for them.
    assert ("airflow", "pg-backups") not in secrets.secrets
    assert len({text for login in logins.values() for text in login}) == 6


@pytest.mark.skipif(WEED is None, reason=WEED_MISSING)
def test_store_accepts_the_credentials_and_the_job_creates_the_buckets(
    world: World, manifests: list[dict[str, Any]], tmp_path: Path
) -> None:
    boto3 = pytest.importorskip("boto3")

    def key(variable: str, source: Mapping[str, str]) -> str:
        return world.server.values("storage", source["name"])[source["key"]]

    (job,) = (each for each in manifests if each["kind"] == "Job" and each["metadata"]["namespace"] == "storage")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (tmp_path / "store").mkdir()
    with seaweedfs(tmp_path / "store", manifests, key) as address:
        env = {}
        for entry in container["env"]:
            source = entry.get("valueFrom", {}).get("secretKeyRef")
            env[entry["name"]] = entry["value"].replace(ENDPOINT, address) if source is None else key("", source)
        login = {name: value for name, value in env.items() if name != "BUCKETS"}
        done = subprocess.run(
            [sys.executable, str(SCRIPT)],
            env=environment(env["BUCKETS"], login),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for secret, bucket in (("data-lake", "data-raw"), ("task-logs", "airflow-logs"), ("pg-backups", "backups")):
            values = world.server.values(READERS[secret], secret)
            s3 = boto3.client(
                "s3",
                endpoint_url=address,
                region_name="us-east-1",
                aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
            )
            s3.put_object(Bucket=bucket, Key="one", Body=b"1")
            assert s3.get_object(Bucket=bucket, Key="one")["Body"].read() == b"1"

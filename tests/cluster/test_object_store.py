"""examples/data_lake.py without its backup: SeaweedFS, its buckets, tasks that write and read Parquet, and task logs in a bucket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App

from cdk8s_airflow import AirflowChart, BucketJob, CnpgCluster, DagFolder, Image
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.lacking import wait_for_deployment_or_skip
from tests.cluster.programs import build

DAG = "lake"
DAGS = Path(__file__).parent / "dags_lake"
IMAGE_VARIABLE = "CDK8S_AIRFLOW_LAKE_IMAGE"
STORE = "app.kubernetes.io/name=seaweedfs,app.kubernetes.io/instance=seaweedfs"
BUCKETS = ("airflow-logs", "backups", "data-raw", "data-warehouse")
ROWS = [
    {"city": "Bonn", "people": 340000},
    {"city": "Ulm", "people": 130000},
    {"city": "Trier", "people": 110000},
]
"""The rows of the CSV file in the DAG."""


def program() -> App:
    """The example, with DAG files, without the backup, and with an image that has the libraries of the DAG."""
    repository, _, tag = os.environ.get(IMAGE_VARIABLE, "apache/airflow:3.2.2").rpartition(":")
    image = Image(repository, tag=tag)

    def database(scope: Any, id: str, **arguments: Any) -> CnpgCluster:
        return CnpgCluster(scope, id, **{**arguments, "backup": None})

    def airflow(scope: Any, id: str, **arguments: Any) -> AirflowChart:
        return AirflowChart(scope, id, image=image, dags=DagFolder(DAGS), **arguments)

    def buckets(scope: Any, id: str, **arguments: Any) -> BucketJob:
        return BucketJob(scope, id, image=image, **arguments)

    return build("data_lake", CnpgCluster=database, AirflowChart=airflow, BucketJob=buckets)


@dataclass(frozen=True)
class Lake:
    """The running platform, and its API."""

    kubectl: Kubectl
    platform: Platform
    api: AirflowApi

    def python(self, source: str, **environment: str) -> str:
        """The output of a program in the API server, which has the libraries."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        return self.kubectl.run(
            "-n", "airflow", "exec", "-i", "deploy/airflow-api-server", "-c", "api-server", "--", "env", *variables, "python", "-",
            input=source, timeout=120,
        ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def lake(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("lake")
    with PlatformRunner(kubectl, folder.name).platform(program(), folder, small=True) as platform:
        platform.apply()
        wait_for_deployment_or_skip(platform, "storage", "seaweedfs-all-in-one", STORE, 600)
        platform.wait_for_databases(600)
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        api = AirflowApi(kubectl, "airflow", dag=DAG)
        with platform.explained():
            api.log_in()
            api.wait_for_dag()
        yield Lake(kubectl, platform, api)


def test_job_creates_every_bucket_and_enables_versioning(lake: Lake) -> None:
    (name,) = (name for namespace, name, _ in lake.platform.of_kind("batch", "Job") if namespace == "storage")
    lines = lake.kubectl.run("-n", "storage", "logs", f"job/{name}").stdout.splitlines()
    made = dict(line.split(": ", 1) for line in lines if "trying again" not in line)
    assert made == dict.fromkeys(BUCKETS, "created") | {"data-raw": "created, versioning enabled"}


def test_tasks_write_parquet_and_read_it_and_their_logs_are_in_a_bucket(lake: Lake) -> None:
    api = lake.api
    with lake.platform.explained():
        api.trigger("parquet")
        assert api.wait_for_run("parquet", 600) == "success", api.tasks("parquet")
        assert api.tasks("parquet") == dict.fromkeys(("fetch_csv", "write_parquet", "read_parquet"), ("success", 1))
        xcom = f"/api/v2/dags/{DAG}/dagRuns/parquet/taskInstances/read_parquet/xcomEntries/return_value"
        assert api.call("GET", xcom)["value"] == ROWS
        log = api.log("parquet", "read_parquet")
        assert "rows: 3" in log
        assert "s3://airflow-logs/lab/" in log


def test_credentials_of_the_tasks_open_their_buckets_only(lake: Lake) -> None:
    listed = lake.python(
        "import boto3, botocore.exceptions, json\n"
        "client, found = boto3.client('s3'), {}\n"
        f"for bucket in {BUCKETS}:\n"
        "    try:\n"
        "        found[bucket] = [each['Key'] for each in client.list_objects_v2(Bucket=bucket).get('Contents', [])]\n"
        "    except botocore.exceptions.ClientError as error:\n"
        "        found[bucket] = error.response['Error']['Code']\n"
        "print(json.dumps(found))\n"
    )
    assert json.loads(listed) == {
        "airflow-logs": "AccessDenied",
        "backups": "AccessDenied",
        "data-raw": ["daily/2026-01-01.csv"],
        "data-warehouse": ["year=2026/month=01/2026-01-01.parquet"],
    }


def test_other_pods_connect_to_the_s3_port_only(lake: Lake) -> None:
    """The master, the filer and the volume server require no login."""
    answers = lake.python(
        "import json, socket\n"
        "found = []\n"
        "for port in (8080, 8333, 8888, 9333):\n"
        "    try:\n"
        "        socket.create_connection(('seaweedfs-all-in-one.storage.svc', port), timeout=5).close()\n"
        "        found.append(port)\n"
        "    except OSError:\n"
        "        pass\n"
        "print(json.dumps(found))\n"
    )
    assert json.loads(answers) == [8333]

"""examples/data_lake.py without its backup: SeaweedFS, its buckets, tasks that write and read Parquet, and task logs in a bucket."""

from __future__ import annotations

import json
import os
import shutil
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
EXAMPLE = Path(__file__).parents[2] / "examples" / "homelab" / "dags" / "csv_to_parquet.py"
_FETCH = (
    "import boto3, os; "
    "boto3.client('s3').put_object(Bucket=os.environ['BUCKET'], Key=os.environ['OBJECT'], Body=b'day,orders\\n1,7\\n2,9\\n')"
)
_WRITE = (
    "import boto3, io, os, pyarrow, pyarrow.parquet; file = io.BytesIO(); "
    "pyarrow.parquet.write_table(pyarrow.table({'day': [1, 2], 'orders': [7, 9]}), file); "
    "boto3.client('s3').put_object(Bucket=os.environ['BUCKET'], Key=os.environ['OBJECT'], Body=file.getvalue())"
)
ROWS = [
    {"city": "Bonn", "people": 340000},
    {"city": "Ulm", "people": 130000},
    {"city": "Trier", "people": 110000},
]
"""The rows of the CSV file in the DAG."""


def example_dag(image: str) -> str:
    """examples/homelab/dags/csv_to_parquet.py, without schedule and warehouse, with programs in place of its own images."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("secrets=[*LAKE, *WAREHOUSE]", "secrets=LAKE")
    for old, new in (
        ('schedule="0 1 * * *"', "schedule=None"),
        ('image="registry.acme.lab/data/fetch-csv:1.0.0"', f"image={image!r}"),
        ('image="registry.acme.lab/data/parquet-writer:1.0.0"', f"image={image!r}"),
        ('cmds=["python", "fetch.py"]', f'cmds=["python", "-c", {_FETCH!r}]'),
        ('cmds=["python", "write.py"]', f'cmds=["python", "-c", {_WRITE!r}]'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def program(dags: Path) -> App:
    """The example, with DAG files, without the backup, and with an image that has the libraries of the DAGs.

    Args:
        dags: an empty folder for the DAG files.
    """
    reference = os.environ.get(IMAGE_VARIABLE, "apache/airflow:3.2.2")
    repository, _, tag = reference.rpartition(":")
    image = Image(repository, tag=tag)
    shutil.copy(DAGS / "lake.py", dags)
    (dags / EXAMPLE.name).write_text(example_dag(reference), encoding="utf-8")

    def database(scope: Any, id: str, **arguments: Any) -> CnpgCluster:
        return CnpgCluster(scope, id, **{**arguments, "backup": None})

    def airflow(scope: Any, id: str, **arguments: Any) -> AirflowChart:
        return AirflowChart(scope, id, image=image, dags=DagFolder(dags), **arguments)

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
    app = program(tmp_path_factory.mktemp("lake-dags"))
    with PlatformRunner(kubectl, folder.name).platform(app, folder, small=True) as platform:
        platform.apply()
        wait_for_deployment_or_skip(platform, "storage", "seaweedfs-all-in-one", STORE, 600)
        platform.wait_for_databases(600)
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        api = platform.api(DAG)
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
        assert "rows: 3" in api.log("parquet", "read_parquet")
        path = f"/api/v2/dags/{DAG}/dagRuns/parquet/taskInstances/read_parquet/logs/1?full_content=true"
        assert "s3://airflow-logs/lab/" in json.dumps(api.call("GET", path)["content"])


def test_pods_of_the_example_dag_write_to_the_buckets(lake: Lake) -> None:
    """The pods of KubernetesPodOperator have the address of the store and its credentials from the DAG file."""
    api = AirflowApi(lake.kubectl, "airflow", dag=EXAMPLE.stem)
    api.token = lake.api.token
    runs = f"/api/v2/dags/{EXAMPLE.stem}/dagRuns"
    with lake.platform.explained():
        api.wait_for_dag()
        api.call("POST", runs, {"dag_run_id": "example", "logical_date": "2026-02-03T00:00:00Z"})
        # The platform has no dbt.
        api.call("PATCH", f"{runs}/example/taskInstances/dbt_transform", {"new_state": "success"})
        assert api.wait_for_run("example", 900) == "success", api.tasks("example")
    read = lake.python(
        "import boto3, io, json, pyarrow.parquet\n"
        "def body(bucket, key):\n"
        "    return boto3.client('s3').get_object(Bucket=bucket, Key=key)['Body'].read()\n"
        "table = pyarrow.parquet.read_table(io.BytesIO(body('data-warehouse', 'year=2026/month=02/2026-02-03.parquet')))\n"
        "print(json.dumps([body('data-raw', 'daily/2026-02-03.csv').decode(), table.to_pydict()]))\n"
    )
    assert json.loads(read) == ["day,orders\n1,7\n2,9\n", {"day": [1, 2], "orders": [7, 9]}]


def test_credentials_of_the_tasks_open_their_buckets_only(lake: Lake) -> None:
    listed = lake.python(
        "import boto3, botocore.exceptions, json\n"
        "client, found = boto3.client('s3'), {}\n"
        f"for bucket in {BUCKETS}:\n"
        "    try:\n"
        "        found[bucket] = bool(client.list_objects_v2(Bucket=bucket).get('Contents'))\n"
        "    except botocore.exceptions.ClientError as error:\n"
        "        found[bucket] = error.response['Error']['Code']\n"
        "print(json.dumps(found))\n"
    )
    assert json.loads(listed) == {
        "airflow-logs": "AccessDenied",
        "backups": "AccessDenied",
        "data-raw": True,
        "data-warehouse": True,
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

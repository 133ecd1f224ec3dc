"""The programs and the dbt project of examples/homelab/images, with a real PostgreSQL, moto's S3 server and a real dbt."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.database.servers import Server
from tests.dbt.test_real_dbt import PASSWORD, dbt, server, written
from tests.examples_built import EXAMPLES
from tests.storage.s3_server import moto

__all__ = ["server"]

IMAGES = EXAMPLES / "homelab" / "images"
DAG = EXAMPLES / "homelab" / "dags" / "csv_to_parquet.py"
PYTHON_VARIABLE = "CDK8S_AIRFLOW_PIPELINE_PYTHON"
DAY = "2026-01-01"
CSV = f"day,product,amount\n{DAY},pen,1.5\n{DAY},pen,2\n{DAY},ink,3\n2026-01-02,ink,9\n"

BUCKETS = """
import boto3
for name in ("data-raw", "data-warehouse"):
    boto3.client("s3").create_bucket(Bucket=name)
"""
READ = """
import boto3, io, json, pyarrow.parquet, sys
body = boto3.client("s3").get_object(Bucket="data-warehouse", Key=sys.argv[1])["Body"].read()
print(json.dumps(pyarrow.parquet.read_table(io.BytesIO(body), use_threads=False).to_pylist(), default=str))
"""


@pytest.fixture
def variables(server: Server) -> Iterator[Mapping[str, str]]:
    """What the pods of the DAG have, for servers of this machine."""
    with moto() as store:
        yield {
            "PATH": os.environ["PATH"],
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGDATABASE": "warehouse",
            "PGUSER": "dbt",
            "PGPASSWORD": PASSWORD,
            "AWS_ENDPOINT_URL_S3": store,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "DAY": DAY,
        }


def test_pipeline_writes_the_totals_of_a_day_and_can_be_repeated(
    variables: Mapping[str, str], server: Server, tmp_path: Path
) -> None:
    python = os.environ.get(PYTHON_VARIABLE, "")
    if not python:
        pytest.skip(f"set {PYTHON_VARIABLE} to a Python with boto3, psycopg and pyarrow to run this test")

    def run(*words: str | Path, **more: str) -> str:
        ran = subprocess.run([python, *words], env={**variables, **more}, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    source = tmp_path / "daily.csv"
    source.write_text(CSV, encoding="utf-8")
    profiles, scratch = tmp_path / "profiles", tmp_path / "scratch"
    profiles.mkdir()
    scratch.mkdir()
    target = f"year=2026/month=01/{DAY}.parquet"
    run("-c", BUCKETS)
    for _ in range(2):
        run(IMAGES / "fetch.py", SOURCE_URL=source.as_uri(), BUCKET="data-raw", OBJECT=f"daily/{DAY}.csv")
        ran = dbt(["run", "--vars", f"{{day: '{DAY}'}}"], written(profiles, server.port), IMAGES / "warehouse", scratch)
        assert ran.returncode == 0, ran.stdout
        assert "2 rows" in run(IMAGES / "write.py", BUCKET="data-warehouse", OBJECT=target)
    assert json.loads(run("-c", READ, target)) == [
        {"day": DAY, "product": "ink", "orders": 1, "amount": 3.0},
        {"day": DAY, "product": "pen", "orders": 2, "amount": 3.5},
    ]


def test_images_of_the_dockerfile_are_those_of_the_dag_and_of_the_platform() -> None:
    dockerfile = (IMAGES / "Dockerfile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^FROM .* AS (\S+)$", dockerfile, re.MULTILINE))
    used = DAG.read_text(encoding="utf-8") + (EXAMPLES / "homelab" / "main.py").read_text(encoding="utf-8")
    assert set(re.findall(r"registry\.acme\.lab/data/([\w-]+)", used)) == targets
    for name in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (IMAGES / name).exists(), name
    for program in ("fetch.py", "write.py"):
        text = (IMAGES / program).read_text(encoding="utf-8")
        dag = DAG.read_text(encoding="utf-8")
        assert f'["python", "{program}"]' in dag
        for variable in re.findall(r'os\.environ\["(\w+)"\]', text):
            assert f'"{variable}"' in dag, variable

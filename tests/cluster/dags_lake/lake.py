"""A DAG for Airflow 3: a CSV file goes to one bucket, is written to another one as Parquet, and is read again.

It uses both ways that ``DataLake`` offers: the environment variables, and the connection ``data_lake``.
"""

from __future__ import annotations

import datetime
import io
from typing import Any

from airflow.sdk import dag, task

CSV = "city,people\nBonn,340000\nUlm,130000\nTrier,110000\n"
RAW, WAREHOUSE = "data-raw", "data-warehouse"
SOURCE, TARGET = "daily/2026-01-01.csv", "year=2026/month=01/2026-01-01.parquet"


@dag(
    dag_id="lake",
    schedule=None,
    start_date=datetime.datetime(2024, 1, 1),
    catchup=False,
    params={"seconds": 0},
    default_args={"retries": 0},
)
def lake() -> None:
    @task
    def fetch_csv() -> None:
        import boto3

        boto3.client("s3").put_object(Bucket=RAW, Key=SOURCE, Body=CSV.encode())

    @task
    def write_parquet() -> None:
        import pyarrow.csv
        import pyarrow.parquet
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        hook = S3Hook(aws_conn_id="data_lake")
        table = pyarrow.csv.read_csv(io.BytesIO(hook.read_key(SOURCE, bucket_name=RAW).encode()))
        written = io.BytesIO()
        pyarrow.parquet.write_table(table, written)
        hook.load_bytes(written.getvalue(), key=TARGET, bucket_name=WAREHOUSE)

    @task
    def read_parquet() -> list[dict[str, Any]]:
        import boto3
        import pyarrow.parquet

        body = boto3.client("s3").get_object(Bucket=WAREHOUSE, Key=TARGET)["Body"].read()
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
        print("rows:", len(rows))
        return rows

    fetch_csv() >> write_parquet() >> read_parquet()


lake()

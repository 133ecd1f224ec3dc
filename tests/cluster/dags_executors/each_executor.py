"""A DAG for Airflow 3 with one task for each executor, and one that selects none. Each returns the name of its host."""

from __future__ import annotations

import datetime
import os

from airflow.sdk import dag, task


@dag(
    dag_id="each_executor",
    schedule=None,
    start_date=datetime.datetime(2024, 1, 1),
    catchup=False,
    max_active_tasks=1,
    params={"seconds": 0},
    default_args={"retries": 0},
)
def each_executor() -> None:
    for name, executor in (
        ("default", None),
        ("local", "LocalExecutor"),
        ("celery", "CeleryExecutor"),
        ("kubernetes", "KubernetesExecutor"),
    ):

        @task(task_id=name, executor=executor)
        def host() -> str:
            print("task runs on", os.uname().nodename)
            return os.uname().nodename

        host()


each_executor()

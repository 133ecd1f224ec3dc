"""A DAG for Airflow 3 whose tasks write what a log collector has to deliver, on each executor. One task fails, with a traceback."""

from __future__ import annotations

import datetime

from airflow.sdk import dag, task

LINES = 300
LONG = 40_000


@dag(
    dag_id="log_lines",
    schedule=None,
    start_date=datetime.datetime(2024, 1, 1),
    catchup=False,
    max_active_tasks=3,
    params={"seconds": 0},
    default_args={"retries": 0},
)
def log_lines() -> None:
    @task(executor="KubernetesExecutor")
    def many() -> None:
        for number in range(LINES):
            print(f"line {number} of many")
        print('{"orders": 7, "note": "a \\"quoted\\" word"}')
        print("umlaut ä, emoji 🙂, backslash \\ and\ttab")
        print("long " + "x" * LONG + " end")

    @task(executor="KubernetesExecutor")
    def short() -> None:
        print("the only line of short")

    @task(executor="KubernetesExecutor")
    def fails() -> None:
        order = 4711
        raise ValueError(f"order {order} does not exist")

    @task(executor="LocalExecutor")
    def local() -> None:
        print("the only line of local")

    @task(executor="CeleryExecutor")
    def celery() -> None:
        print("the only line of celery")

    for each in (many, short, fails, local, celery):
        each()


log_lines()

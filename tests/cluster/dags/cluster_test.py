"""DAGs for the tests on a real cluster: two tasks, of which the first runs for as many seconds as the run's configuration says.

The tests read DAG files from git, so this file must be in the repositories that ``main.py`` and the examples name.
"""

from __future__ import annotations

import datetime
import os
import time

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task  # type: ignore[no-redef]

COMMON = {
    "schedule": None,
    "start_date": datetime.datetime(2024, 1, 1),
    "catchup": False,
    "params": {"seconds": 0},
}


def two_tasks() -> None:
    """Prints where each task runs; a task that runs twice prints twice."""

    @task
    def first(params: dict[str, int] | None = None) -> str:
        print("first task starts on", os.uname().nodename)
        end = time.monotonic() + int((params or {}).get("seconds", 0))
        while time.monotonic() < end:
            time.sleep(1)
        print("first task ends")
        return os.uname().nodename

    @task
    def second(before: str) -> None:
        print("second task on", os.uname().nodename, "after", before)

    second(first())


dag("cluster_test", default_args={"retries": 0}, **COMMON)(two_tasks)()
dag("cluster_test_retries", default_args={"retries": 2, "retry_delay": datetime.timedelta(seconds=5)}, **COMMON)(
    two_tasks
)()

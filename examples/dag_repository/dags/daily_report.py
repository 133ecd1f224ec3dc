"""A report for each day."""

from __future__ import annotations

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(
    dag_id="daily_report",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="0 6 * * *",
    catchup=False,
    default_args={"owner": "data", "retries": 2, "retry_delay": timedelta(minutes=5)},
)
def daily_report() -> None:
    """One task."""

    @task
    def report() -> None:
        """Writes the report."""
        print("report")

    report()


daily_report()

"""Sales of a day: extract, transform and load, with retries, a pool, timeouts and a notification that always runs.

Airflow 3 has no SLAs. A run that takes too long ends by ``dagrun_timeout``, a task by ``execution_timeout``; the alert
AirflowDagRunSlow reports runs that become slower.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

DEFAULTS = {
    "owner": "data",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": timedelta(minutes=20),
}


@dag(
    dag_id="sales_pipeline",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="0 3 * * *",
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=DEFAULTS,
    tags=["sales"],
)
def sales_pipeline() -> None:
    """Extract, transform, load, and report what happened."""

    @task(pool="default_pool")
    def extract() -> list[dict[str, float]]:
        """The sales of the day. Small results go through XCom, large ones through a bucket."""
        return [{"order": 1.0, "amount": 20.0}, {"order": 2.0, "amount": 22.5}]

    @task
    def transform(sales: list[dict[str, float]]) -> float:
        """The total."""
        return sum(sale["amount"] for sale in sales)

    @task
    def load(total: float) -> None:
        """Writes the total to the warehouse."""
        print(f"total {total}")

    @task(trigger_rule="one_failed", retries=0)
    def alert() -> None:
        """Runs only if a task before it failed."""
        print("sales_pipeline failed")

    @task(trigger_rule="all_done", retries=0)
    def clean_up() -> None:
        """Runs always."""
        print("temporary files removed")

    loaded = load(transform(extract()))
    loaded >> [alert(), clean_up()]


sales_pipeline()

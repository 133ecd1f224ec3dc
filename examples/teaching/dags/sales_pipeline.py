"""Sales of a day: extract, validate, transform, load, notify.

Failed tasks are retried after 5, 10 and 20 minutes. The task that writes to the warehouse uses a slot of the pool
``warehouse``. Only small values go through XCom; pass the path of an object for large ones.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

try:
    from airflow.sdk import dag, get_current_context, task, teardown
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task, teardown
    from airflow.operators.python import get_current_context

# Uses the connection smtp_default. The mail is sent after the last retry of a task.
ON_FAILURE = SmtpNotifier(
    from_email="airflow@example.com",
    to="data-team@example.com",
    subject="{{ ti.dag_id }}.{{ ti.task_id }} failed",
    html_content="Run {{ run_id }}, try {{ ti.try_number }}",
)

DEFAULTS = {
    "owner": "data-engineering",
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": timedelta(minutes=20),
    "on_failure_callback": ON_FAILURE,
}


@dag(
    dag_id="sales_pipeline",
    schedule="0 6 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    default_args=DEFAULTS,
    tags=["sales", "production"],
)
def sales_pipeline() -> None:
    """Extract, validate, transform and load the sales of a day, and report their number."""

    @task
    def extract() -> list[dict[str, Any]]:
        """The sales of the day."""
        return [{"id": number, "amount": 90 + number * 10, "city": "NYC"} for number in range(100)]

    @task
    def validate(sales: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Fails if more than 5 % of the rows have no amount."""
        valid = [sale for sale in sales if sale["amount"] > 0]
        if len(valid) < 0.95 * len(sales):
            raise ValueError(f"{len(valid)} of {len(sales)} rows are valid")
        return valid

    @task
    def transform(sales: list[dict[str, Any]]) -> dict[str, int]:
        """Number of sales by category."""
        found = {"high": 0, "medium": 0, "low": 0}
        for sale in sales:
            found["high" if sale["amount"] > 500 else "medium" if sale["amount"] > 100 else "low"] += 1
        return found

    @task(pool="warehouse")
    def load(totals: dict[str, int]) -> int:
        """Writes the totals to the warehouse."""
        print(f"loading {totals}")
        return sum(totals.values())

    @task
    def notify(count: int) -> None:
        """Runs if all tasks before it have succeeded."""
        print(f"{get_current_context()['run_id']}: {count} sales")

    # A teardown runs after success and failure, and does not hide a failure: a run whose load fails is failed.
    @teardown
    def clean_up() -> None:
        """Removes temporary files."""
        print("temporary files removed")

    loaded = load(transform(validate(extract())))
    notify(loaded)
    loaded >> clean_up()


sales_pipeline()

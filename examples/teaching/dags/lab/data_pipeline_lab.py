"""The DAG of the exercise: four tasks, each in its own pod."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(
    dag_id="data_pipeline_lab",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "lab",
        "retries": 1,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=10),
    },
    tags=["lab"],
)
def data_pipeline_lab() -> None:
    """Generate, validate and aggregate records, and print the result."""

    @task
    def generate() -> list[dict[str, Any]]:
        """The same 500 records in each run."""
        numbers = random.Random(42)
        return [{"value": round(numbers.uniform(10, 1000), 2), "category": numbers.choice("ABC")} for _ in range(500)]

    @task
    def validate(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The records with a positive value."""
        valid = [record for record in records if record["value"] > 0]
        print(f"{len(valid)} of {len(records)} records are valid")
        return valid

    @task
    def aggregate(records: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
        """Number and total of each category."""
        counts = Counter(record["category"] for record in records)
        totals: Counter[str] = Counter()
        for record in records:
            totals[record["category"]] += record["value"]
        return {name: {"count": counts[name], "total": round(totals[name], 2)} for name in sorted(counts)}

    @task
    def notify(results: dict[str, dict[str, float]]) -> None:
        """Prints a line for each category."""
        for name, result in results.items():
            print(f"category {name}: {result['count']} records, total {result['total']}")

    notify(aggregate(validate(generate())))


data_pipeline_lab()

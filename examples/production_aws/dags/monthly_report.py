"""A report with one light task and one that needs another image and more memory.

With ``KubernetesExecutor``, each task is a pod. ``pod_override`` changes it for one task; the rest comes from the
platform. The image must contain Airflow in the version of the platform. For several tasks, use a named pod of
``TaskPods(templates=...)`` instead.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

PANDAS = k8s.V1Pod(
    spec=k8s.V1PodSpec(
        containers=[
            k8s.V1Container(
                name="base",
                image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/data/airflow-pandas:3.2.2-1",
                resources=k8s.V1ResourceRequirements(requests={"cpu": "2", "memory": "8Gi"}, limits={"memory": "16Gi"}),
            )
        ]
    )
)


@dag(
    dag_id="monthly_report",
    schedule="0 4 1 * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    default_args={
        "owner": "data",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=2),
        # Uses the connection smtp_default, which the secrets backend reads from a Kubernetes Secret.
        "on_failure_callback": SmtpNotifier(
            from_email="airflow@example.com",
            to="data-team@example.com",
            subject="{{ ti.dag_id }}.{{ ti.task_id }} failed",
            html_content="Run {{ run_id }}",
        ),
    },
    tags=["reports"],
)
def monthly_report() -> None:
    """Select the month, compute its figures, and publish them."""

    @task
    def select_month() -> str:
        """The month before the run. Both versions of Airflow have this time; ``logical_date`` differs between them."""
        month: str = get_current_context()["data_interval_end"].subtract(months=1).strftime("%Y-%m")
        return month

    @task(executor_config={"pod_override": PANDAS})
    def compute(month: str) -> str:
        """Reads the data of a month with pandas, and returns the path of the result."""
        # Imported in the task, because the DAG processor has no pandas, and imports the file every 30 seconds.
        import pandas

        print(f"pandas {pandas.__version__} for {month}")
        return f"s3://example-reports/{month}.parquet"

    @task
    def publish(path: str) -> None:
        """Publishes the path."""
        print(path)

    publish(compute(select_month()))


monthly_report()

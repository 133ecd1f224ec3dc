"""Training on a GPU: each task runs in a pod of its own kind.

``AirflowChart(task_pods=TaskPods(templates={"pandas": TaskPod(image=...), "gpu": TaskPod(gpus=1, placement=...)}))`` has the
pods. Node selector, tolerations, image and environment from Secrets are there, and not in the DAG.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

PANDAS = {"pod_template_file": "/opt/airflow/pod_templates/named/pandas.yaml"}
GPU = {"pod_template_file": "/opt/airflow/pod_templates/named/gpu.yaml"}


@dag(
    dag_id="ml_training_pipeline",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@weekly",
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True},
    tags=["ml"],
)
def ml_training_pipeline() -> None:
    """Prepare data, train on a GPU, evaluate."""

    @task(executor_config=PANDAS)
    def prepare() -> str:
        """Writes the features to a bucket, and returns where they are."""
        return "s3://features/latest"

    # A node with a GPU may have to start first; a spot node may go away. Both are covered by retries.
    @task(executor_config=GPU, execution_timeout=timedelta(hours=6), retries=3)
    def train(features: str) -> str:
        """Trains on the GPU, and returns where the model is."""
        print(f"training with {features}")
        return "s3://models/latest"

    @task(executor_config=PANDAS)
    def evaluate(model: str) -> None:
        """Compares the model with the last one."""
        print(f"evaluating {model}")

    evaluate(train(prepare()))


ml_training_pipeline()

"""Tasks that ask for a pod by name; AirflowChart(task_pods=TaskPods(templates={"gpu": ...})) has it."""

from __future__ import annotations

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

GPU = {"pod_template_file": "/opt/airflow/pod_templates/named/gpu.yaml"}


@dag(dag_id="task_pods", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=None, catchup=False)
def task_pods() -> None:
    """One task in the default pod, then one in the pod called gpu."""

    @task
    def prepare() -> int:
        """Runs in the default pod."""
        return 42

    @task(executor_config=GPU)
    def train(seed: int) -> None:
        """Runs in the pod called gpu."""
        print(f"seed {seed}")

    train(prepare())


task_pods()

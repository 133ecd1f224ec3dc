"""Many short tasks on Celery workers, and one heavy task in its own pod.

For a platform with ``MultipleExecutors(CeleryExecutor(...), KubernetesExecutor())``, Airflow 2.10 or newer. Tasks
without ``executor=`` run on the first executor. On a platform without the second one, this file has an import error.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

LARGE = k8s.V1Pod(
    spec=k8s.V1PodSpec(
        containers=[
            k8s.V1Container(
                name="base",
                resources=k8s.V1ResourceRequirements(
                    requests={"cpu": "4", "memory": "16Gi"}, limits={"memory": "32Gi"}
                ),
            )
        ]
    )
)


@dag(
    dag_id="many_short_tasks",
    schedule="*/15 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "data",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=5),
    },
    tags=["celery"],
)
def many_short_tasks() -> None:
    """Read 50 sources on the workers, and combine them in a pod."""

    @task
    def read(source: int) -> int:
        """Starts at once, because a worker is already running."""
        return source

    @task(
        executor="KubernetesExecutor", executor_config={"pod_override": LARGE}, execution_timeout=timedelta(minutes=30)
    )
    def combine(numbers: list[int]) -> None:
        """Waits for a pod, and has its own memory."""
        print(sum(numbers))

    combine(read.expand(source=list(range(50))))


many_short_tasks()

"""Preprocess with pandas, train on a GPU, and publish: each task selects a pod by name.

``main.py`` describes the pods: image, resources, GPU, node selector and tolerations. All images contain Airflow.
The default pod, and the pods "heavy" and "pandas", prefer spot nodes: a node can disappear while a task runs, so every
task has retries and can run twice.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

HEAVY, PANDAS, GPU = (
    {"pod_template_file": f"/opt/airflow/pod_templates/named/{name}.yaml"} for name in ("heavy", "pandas", "gpu")
)

# Changes one field of a named pod for one task.
GPU_WITH_SCRATCH = {
    **GPU,
    "pod_override": k8s.V1Pod(
        spec=k8s.V1PodSpec(
            volumes=[k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="50Gi"))],
            containers=[
                k8s.V1Container(name="base", volume_mounts=[k8s.V1VolumeMount(name="scratch", mount_path="/scratch")])
            ],
        )
    ),
}


@dag(
    dag_id="ml_pipeline",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),
    default_args={
        "owner": "ml",
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "execution_timeout": timedelta(hours=1),
    },
    tags=["ml"],
)
def ml_pipeline() -> None:
    """Each task writes to a path with the day, so that a retry replaces its result."""

    @task(executor_config=PANDAS)
    def preprocess(day: str) -> str:
        """Writes the features of a day, and returns their path."""
        import pandas  # in the image of this pod only

        print(f"pandas {pandas.__version__}")
        return f"s3://acme-features/{day}/"

    @task(executor_config=HEAVY)
    def split(features: str) -> str:
        """Splits the features into sets for training and validation, with 16 GiB of memory."""
        return f"{features}split/"

    # An autoscaler may have to create a node with a GPU first.
    @task(executor_config=GPU_WITH_SCRATCH, execution_timeout=timedelta(hours=8))
    def train(sets: str, day: str) -> str:
        """Trains the model, and returns its path."""
        import torch  # in the image of this pod only

        print(f"GPU available: {torch.cuda.is_available()}, sets: {sets}")
        return f"s3://acme-models/{day}/"

    @task
    def publish(model: str) -> None:
        """Runs in the default pod."""
        print(model)

    day = "{{ ds }}"
    publish(train(split(preprocess(day)), day))


ml_pipeline()

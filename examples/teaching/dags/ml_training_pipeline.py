"""Training on a GPU: each task starts a pod with its own image, resources and nodes.

``KubernetesPodOperator`` works with any executor, and the images need no Airflow. For images that contain Airflow, the
platform also has the pod ``gpu``, which a task selects with
``executor_config={"pod_template_file": "/opt/airflow/pod_templates/named/gpu.yaml"}``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

# Every key of the Secret ml-store becomes an environment variable.
STORE = [Secret("env", None, "ml-store")]

# A namespace that enforces the Pod Security Standard "restricted" refuses pods without this.
RESTRICTED: dict[str, Any] = {
    "security_context": k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=1000,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    ),
    "container_security_context": k8s.V1SecurityContext(
        allow_privilege_escalation=False,
        capabilities=k8s.V1Capabilities(drop=["ALL"]),
    ),
}

# The labels and taints of GPU_NODES in main.py.
GPU_NODES: dict[str, Any] = {
    "node_selector": {"accelerator": "nvidia-tesla-t4"},
    "tolerations": [k8s.V1Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")],
}


def resources(cpu: str, memory: str, gpus: int = 0) -> k8s.V1ResourceRequirements:
    """Requests and limits; a GPU is requested by its limit."""
    gpu = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    return k8s.V1ResourceRequirements(requests={"cpu": cpu, "memory": memory, **gpu}, limits={"memory": memory, **gpu})


@dag(
    dag_id="ml_training_pipeline",
    schedule="0 2 * * 0",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    default_args={
        "owner": "ml-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=2),
    },
    tags=["ml", "training"],
)
def ml_training_pipeline() -> None:
    """Prepare features, train on a GPU, validate the model."""
    prepare_features = KubernetesPodOperator(
        task_id="prepare_features",
        name="prepare-features",
        image="registry.example.com/ml/features:2.0.0",
        cmds=["python", "/app/prepare_features.py"],
        arguments=["--date", "{{ ds }}", "--output", "s3://ml-data/features/{{ ds }}/"],
        container_resources=resources("2", "4Gi"),
        secrets=STORE,
        startup_timeout_seconds=300,
        **RESTRICTED,
    )
    train_model = KubernetesPodOperator(
        task_id="train_model",
        name="train-model",
        image="registry.example.com/ml/trainer:3.1.0",
        cmds=["python", "/app/train.py"],
        arguments=["--features", "s3://ml-data/features/{{ ds }}/", "--output", "s3://ml-models/{{ ds }}/"],
        container_resources=resources("4", "16Gi", gpus=1),
        secrets=STORE,
        # An autoscaler may have to create the node first, and the image is large.
        startup_timeout_seconds=900,
        execution_timeout=timedelta(hours=8),
        **GPU_NODES,
        **RESTRICTED,
    )
    validate_model = KubernetesPodOperator(
        task_id="validate_model",
        name="validate-model",
        image="registry.example.com/ml/validator:1.5.0",
        cmds=["python", "/app/validate.py"],
        arguments=["--model", "s3://ml-models/{{ ds }}/", "--threshold", "0.85"],
        container_resources=resources("2", "4Gi"),
        secrets=STORE,
        **RESTRICTED,
    )

    @task
    def notify() -> None:
        """Runs if the model is valid."""
        print(f"{get_current_context()['run_id']}: the model is valid")

    prepare_features >> train_model >> validate_model >> notify()


ml_training_pipeline()

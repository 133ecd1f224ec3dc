"""Three ways to run code: a task in the image of the platform, a pod with another image, and a Job.

The pod gets its password from a Secret. Neither the DAG file nor Airflow contains it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

# A namespace that enforces the Pod Security Standard "restricted" refuses pods without the security contexts.
POD: dict[str, Any] = {
    "image": "python:3.13-slim",
    "security_context": k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=1000,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    ),
    "container_security_context": k8s.V1SecurityContext(
        allow_privilege_escalation=False,
        capabilities=k8s.V1Capabilities(drop=["ALL"]),
    ),
    "container_resources": k8s.V1ResourceRequirements(
        requests={"cpu": "100m", "memory": "128Mi"}, limits={"memory": "256Mi"}
    ),
}


@dag(
    dag_id="pods_and_jobs",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args={
        "owner": "data",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=30),
    },
)
def pods_and_jobs() -> None:
    """A task, a pod and a Job, one after the other."""

    @task
    def in_the_image() -> None:
        """Uses a package of the Dockerfile."""
        import pandas  # in the task, because the DAG file is imported every 30 seconds

        print(f"pandas {pandas.__version__}")

    in_a_pod = KubernetesPodOperator(
        task_id="in_a_pod",
        name="in-a-pod",
        cmds=["python", "-c"],
        arguments=["import os; print(len(os.environ['API_TOKEN']) > 0)"],
        secrets=[Secret("env", "API_TOKEN", "vendor", "token")],
        **POD,
    )
    # The Job starts a failed pod again, also if Airflow is not available at that moment.
    in_a_job = KubernetesJobOperator(
        task_id="in_a_job",
        name="in-a-job",
        cmds=["python", "-c"],
        arguments=["print('from a Job')"],
        backoff_limit=2,
        ttl_seconds_after_finished=3600,
        wait_until_job_complete=True,
        **POD,
    )
    in_the_image() >> in_a_pod >> in_a_job


pods_and_jobs()

"""A DAG whose tasks start pods with KubernetesPodOperator, for Airflow 2 and 3. Each task runs in the namespace that its id names.

No pod states a security context, except the one in the namespace ``jobs-baseline``, which runs as root.
"""

from __future__ import annotations

import datetime
import os
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.utils.xcom_sidecar import PodDefaults
from kubernetes.client import models as k8s

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG  # type: ignore[assignment]

IMAGE = "apache/airflow:3.2.2"  # any image with a numeric user other than root
PodDefaults.SIDECAR_CONTAINER.image = "localhost/tools:1"  # as the default image: it runs as root
PodDefaults.SIDECAR_CONTAINER.image_pull_policy = "IfNotPresent"


def pod(task_id: str, namespace: str | None = None, **arguments: Any) -> KubernetesPodOperator:
    """A task that prints who runs it."""
    return KubernetesPodOperator(
        task_id=task_id,
        name=task_id.replace("_", "-"),
        namespace=namespace,
        image=IMAGE,
        image_pull_policy="IfNotPresent",
        # The triggerer of Airflow 2 looks for a kubeconfig without it.
        in_cluster=True if "KUBERNETES_SERVICE_HOST" in os.environ else None,
        startup_timeout_seconds=300,
        cmds=["sh", "-c"],
        **{"arguments": ["echo pod runs as user $(id -u); mkdir -p /airflow/xcom 2>/dev/null; sleep 2"], **arguments},
    )


with DAG(
    "pods_of_dags",
    max_active_tasks=1,  # on two cores, several imports of the provider at once take longer than Airflow allows
    schedule=None,
    start_date=datetime.datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 0},
) as dag:
    pod("home")
    pod("home_deferred", deferrable=True, poll_interval=2)
    pod("home_xcom", do_xcom_push=True, arguments=["echo '\"handed over\"' >/airflow/xcom/return.json"])
    pod("restricted", "jobs-restricted")
    pod("restricted_deferred", "jobs-restricted", deferrable=True, poll_interval=2)
    pod("baseline_root", "jobs-baseline", security_context=k8s.V1PodSecurityContext(run_as_user=0))
    pod("baseline_deferred", "jobs-baseline", deferrable=True, poll_interval=2)

"""A task in another namespace; AirflowChart(task_namespaces=[...]) has made it ready."""

from __future__ import annotations

import pendulum
from kubernetes.client import models as k8s

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

TEAM_A = {
    "pod_template_file": "/opt/airflow/pod_templates/named/team-a.yaml",
    "pod_override": k8s.V1Pod(metadata=k8s.V1ObjectMeta(namespace="team-a")),
}


@dag(dag_id="task_namespaces", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=None, catchup=False)
def task_namespaces() -> None:
    """One task that runs in namespace team-a."""

    @task(executor_config=TEAM_A)
    def report() -> None:
        """Runs in namespace team-a."""
        print("from team-a")

    report()


task_namespaces()

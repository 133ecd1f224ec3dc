"""DAG files and task logs on shared volumes, connections in Kubernetes Secrets, and options of airflow.cfg."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    DagVolume,
    DsnSecret,
    ExternalDatabase,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    Logs,
    Namespace,
    SecretKey,
    Volume,
    run,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    base = Chart(app, "00-base")
    connections = Namespace(base, "airflow-connections")
    AirflowChart(
        Chart(app, "10-airflow"),
        "airflow",
        namespace=Namespace(base, "airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        dags=DagVolume(Volume("5Gi", storage_class="nfs")),
        logs=Logs.claim(Volume("20Gi", storage_class="nfs")),
        config={
            "core": {"load_examples": False, "dags_are_paused_at_creation": False, "default_timezone": "utc"},
            "smtp": {"smtp_host": "smtp.example.com", "smtp_port": 587, "smtp_starttls": True},
        },
        connections={"smtp_default": SecretKey("airflow-smtp", "connection")},
        secrets_backend=KubernetesSecretsBackend(namespace=connections.name),
        facts=ClusterFacts(rwx_classes={"nfs"}),
    )
    return app


if __name__ == "__main__":
    run(build)

"""A test platform in one namespace, with a PostgreSQL that needs no operator."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    DagRepoSync,
    KubernetesExecutor,
    LabDatabase,
    Logs,
    Namespace,
    NodePort,
    Throughput,
    Volume,
    run,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    chart = Chart(app, "lab")
    namespace = Namespace(chart, "airflow")
    db = LabDatabase(
        chart,
        "db",
        namespace=namespace,
        credentials=BasicAuthSecret("lab-postgres"),
        storage=Volume("5Gi"),
        parameters={"max_connections": "60"},
    )
    AirflowChart(
        chart,
        "release",
        namespace=namespace,
        database=db.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        throughput=Throughput.small(),
        logs=Logs.ephemeral(),
        dags=DagRepoSync(chart, "dags", repo="https://git.example.com/data/dags.git", ref="main"),
        ui=NodePort(port=30080),
    )
    return app


if __name__ == "__main__":
    run(build)

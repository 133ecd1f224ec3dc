"""Namespaces with resource quotas and limits: one for Airflow, one for the tasks of a team, one for the database."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    CnpgCluster,
    ContainerLimits,
    DagRepoSync,
    ExistingSecret,
    GitTokenSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    Quota,
    Resources,
    SecretKey,
    Volume,
    run,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    base = Chart(app, "00-base")
    airflow = Namespace(
        base,
        "airflow",
        quota=Quota(cpu="24", memory="64Gi", pods=120, storage="100Gi", load_balancers=0, node_ports=0),
        limits=ContainerLimits(max_memory="8Gi"),
    )
    team = Namespace(
        base,
        "team-risk",
        quota=Quota(cpu="32", memory="128Gi", pods=60, claims=0, others={"requests.nvidia.com/gpu": 2}),
        limits=ContainerLimits(cpu="250m", memory="512Mi", memory_limit="1Gi", max_memory="32Gi"),
        labels={"team": "risk"},
    )
    data = Namespace(base, "airflow-data", quota=Quota(pods=8, storage="200Gi", claims=6), limits=ContainerLimits())
    database = CnpgCluster(
        Chart(app, "10-data"),
        "db",
        name="airflow-pg",
        namespace=data,
        instances=3,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("50Gi", storage_class="ssd"),
        resources=Resources(cpu="500m", memory="2Gi"),
    )
    release = Chart(app, "20-airflow")
    AirflowChart(
        release,
        "airflow",
        namespace=airflow,
        database=database.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi")),
        task_namespaces=[team],
        logs=Logs.s3("airflow-logs", prefix="prod", connection=SecretKey("airflow-s3", "connection")),
        dags=DagRepoSync(
            release,
            "dags",
            repo="https://git.example.com/data/dags.git",
            ref="main",
            credentials=GitTokenSecret("airflow-git"),
        ),
    )
    return app


if __name__ == "__main__":
    run(build)

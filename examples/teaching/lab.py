"""The exercise: Airflow on kind, where each task is a pod. One DAG from a local folder, PostgreSQL in one pod, no git server."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    ClusterFacts,
    DagFolder,
    HelmCommand,
    KubernetesExecutor,
    LabDatabase,
    Logs,
    Namespace,
    Resources,
    Scheduler,
    SecretBootstrap,
    Throughput,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart

SMALL = Resources(cpu="100m", memory="768Mi", memory_limit="1536Mi")


def build() -> App:
    """The platform. It is written to ``lab_dist``, next to ``dist`` of main.py."""
    app = App(outdir="lab_dist")
    set_facts(app, ClusterFacts(nodes=1))
    base, release = Chart(app, "00-base"), Chart(app, "10-airflow")
    namespace = Namespace(base, "airflow")
    database = LabDatabase(
        base, "db", namespace=namespace, credentials=BasicAuthSecret("lab-postgres"), storage=Volume("2Gi")
    )
    airflow = AirflowChart(
        release,
        "airflow",
        namespace=namespace,
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="100m", memory="384Mi", memory_limit="768Mi")),
        scheduler=Scheduler(resources=SMALL),
        api_server=ApiServer(resources=SMALL),
        triggerer=None,
        statsd=None,
        logs=Logs.claim(Volume("2Gi")),
        dags=DagFolder(Path(__file__).parent / "dags" / "lab"),
        config={
            "core": {"load_examples": False, "dags_are_paused_at_creation": False},
            # Pods of finished tasks are deleted, pods of failed tasks are kept.
            "kubernetes_executor": {"delete_worker_pods": True, "delete_worker_pods_on_failure": False},
        },
        throughput=Throughput.small(),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
        delivery=HelmCommand(),
    )
    SecretBootstrap(
        Chart(app, "20-secrets"),
        "bootstrap",
        namespace=Namespace(base, "airflow-setup"),
        generate_for=[database, airflow],
    )
    return app


if __name__ == "__main__":
    run(build)

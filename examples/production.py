"""A first production platform: one pod per task, DAGs from Git, two replicas of every component that supports it."""

from __future__ import annotations

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DagProcessor,
    DagRepoSync,
    DatabaseCleanup,
    GitTokenSecret,
    Ingress,
    IngressTls,
    KubernetesExecutor,
    Logs,
    Namespace,
    Scheduler,
    Triggerer,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base = Chart(app, "00-base")
    namespace = Namespace(base, "airflow")
    database = CnpgCluster(
        base, "db", name="airflow-pg", namespace=namespace, instances=3, storage=Volume("50Gi", storage_class="ssd")
    )
    release = Chart(app, "10-airflow")
    AirflowChart(
        release,
        "airflow",
        namespace=namespace,
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.claim(Volume("100Gi", storage_class="nfs")),
        dags=DagRepoSync(
            release,
            "dags",
            repo="https://git.example.com/data/dags.git",
            ref="main",
            credentials=GitTokenSecret("airflow-git"),
        ),
        ui=Ingress(host="airflow.example.com", class_name="nginx", tls=IngressTls("airflow-tls", issuer="letsencrypt")),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
        scheduler=Scheduler(replicas=2),
        api_server=ApiServer(replicas=2),
        triggerer=Triggerer(replicas=2),
        dag_processor=DagProcessor(replicas=2),
        database_cleanup=DatabaseCleanup(retention="90d"),
    )
    return app


if __name__ == "__main__":
    run(build)

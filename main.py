"""The HomeLab platform: Airflow on a small k3s cluster, its database by CloudNativePG, its DAG files from git."""

from __future__ import annotations

from typing import Literal

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    GitTokenSecret,
    Ingress,
    IngressTls,
    K3sHelmChart,
    KubernetesExecutor,
    Logs,
    Namespace,
    Scheduler,
    Volume,
    run,
    set_facts,
)

# After cdk8s_airflow, which turns off the warning of jsii about the version of Node.
from cdk8s import App, Chart

Topology = Literal["k8s-single", "k8s-multi", "k8s-ha"]

REPLICAS: dict[Topology, int] = {"k8s-single": 1, "k8s-multi": 1, "k8s-ha": 2}
CONNECTIONS: dict[Topology, dict[str, str]] = {"k8s-single": {}, "k8s-multi": {}, "k8s-ha": {"max_connections": "200"}}


def build(
    topology: Topology = "k8s-single",
    chart_version: str = "1.22.0",
    airflow_version: str | None = None,
    *,
    database: bool = True,
    airflow: bool = True,
) -> App:
    """The platform for one cluster; what is switched off leaves nothing behind.

    Args:
        topology: the lab's cluster: two schedulers and two API servers with k8s-ha, else one of each.
            Two API servers can open more connections than PostgreSQL accepts by default.
        chart_version: the version of the Airflow chart.
        airflow_version: the version of Airflow; by default the one the chart was released with.
        database: whether the database runs in this cluster; if not, Secret airflow-metadata says where it is.
        airflow: whether Airflow is installed.
    """
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", helm_controller="0.16.17", cnpg="1.30.0", rwx_classes={"longhorn"}))
    base = Chart(app, "00-namespaces")
    bridge = ExistingSecret("airflow-metadata")
    metadata = ExternalDatabase(url=DsnSecret("airflow-metadata")).connection()
    if database:
        db = CnpgCluster(
            Chart(app, "10-data"),
            "db",
            name="airflow-pg",
            namespace=Namespace(base, "airflow-data"),
            postgres_major=16,
            database="airflow",
            credentials=BasicAuthSecret("airflow-pg-credentials"),
            storage=Volume("10Gi", storage_class="longhorn"),
            parameters=CONNECTIONS[topology],
        )
        metadata = db.connection(bridge=bridge)
    if airflow:
        release = Chart(app, "20-airflow")
        dags = DagRepoSync(
            release,
            "dags",
            repo="https://gitlab.acme.lab/data/airflow-dags.git",
            ref="main",
            sub_path="dags",
            interval="60s",
            credentials=GitTokenSecret("airflow-git"),
        )
        AirflowChart(
            release,
            "airflow",
            chart_version=chart_version,
            airflow_version=airflow_version,
            namespace=Namespace(base, "airflow"),
            executor=KubernetesExecutor(),
            dags=dags,
            keys=AirflowKeys.existing(prefix="airflow"),
            database=metadata,
            logs=Logs.claim(Volume("20Gi", storage_class="longhorn")),
            ui=Ingress(host="airflow.acme.lab", class_name="nginx", tls=IngressTls("airflow-tls", issuer="homelab-ca")),
            scheduler=Scheduler(replicas=REPLICAS[topology]),
            api_server=ApiServer(replicas=REPLICAS[topology]),
            delivery=K3sHelmChart(timeout="30m"),
        )
    return app


if __name__ == "__main__":
    run(build)

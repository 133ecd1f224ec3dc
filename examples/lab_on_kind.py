"""A test platform on kind: LocalExecutor, DAGs from a local folder, installed with the Helm command line."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    CnpgCluster,
    DagFolder,
    HelmCommand,
    LocalExecutor,
    Logs,
    Namespace,
    NodePort,
    Throughput,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(nodes=1))
    base = Chart(app, "00-base")
    namespace = Namespace(base, "airflow")
    database = CnpgCluster(base, "db", name="airflow-pg", namespace=namespace, storage=Volume("2Gi"))
    AirflowChart(
        Chart(app, "10-airflow"),
        "airflow",
        namespace=namespace,
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=LocalExecutor(),
        logs=Logs.claim(Volume("2Gi")),
        dags=DagFolder(Path(__file__).parent / "lab_dags"),
        ui=NodePort(port=30080, base_url="http://localhost:30080"),
        throughput=Throughput.small(),
        delivery=HelmCommand(),
    )
    return app


if __name__ == "__main__":
    run(build)

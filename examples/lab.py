"""The platform of ``make lab``: Airflow with an example DAG and an administrator, and no Secret to create by hand."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    CnpgCluster,
    DagFolder,
    HelmCommand,
    K3sHelmChart,
    LabDatabase,
    LocalExecutor,
    Logs,
    Namespace,
    SecretBootstrap,
    Throughput,
    Volume,
    run,
)
from cdk8s import App, Chart

K3S = K3sHelmChart()


def build(
    delivery: K3sHelmChart | HelmCommand = K3S,
    *,
    operator: bool = False,
    postgres_major: int = 16,
    outdir: str | None = None,
) -> App:
    """The platform.

    Args:
        delivery: what installs the chart. Default: the helm-controller of k3s.
        operator: whether CloudNativePG runs the database. Default: one PostgreSQL pod that needs no operator.
        postgres_major: the major version of PostgreSQL. Default: 16.
        outdir: the output folder. Default: that of cdk8s, ``dist``.
    """
    app = App(outdir=outdir)
    base = Chart(app, "00-base")
    namespace = Namespace(base, "airflow-lab")
    database: CnpgCluster | LabDatabase
    if operator:
        database = CnpgCluster(
            base, "db", name="lab-pg", namespace=namespace, storage=Volume("2Gi"), postgres_major=postgres_major
        )
    else:
        database = LabDatabase(
            base,
            "db",
            namespace=namespace,
            credentials=BasicAuthSecret("lab-postgres"),
            storage=Volume("2Gi"),
            postgres_major=postgres_major,
        )
    airflow = AirflowChart(
        Chart(app, "20-airflow"),
        "airflow",
        release="airflow-lab",
        namespace=namespace,
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=LocalExecutor(),
        logs=Logs.ephemeral(),
        dags=DagFolder(Path(__file__).parent / "lab_dags"),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
        throughput=Throughput.small(),
        delivery=delivery,
    )
    SecretBootstrap(
        Chart(app, "30-secrets"),
        "bootstrap",
        namespace=Namespace(base, "airflow-lab-setup"),
        generate_for=[database, airflow],
    )
    return app


if __name__ == "__main__":
    run(build)

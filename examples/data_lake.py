"""A test platform with an in-cluster object store for data, logs and backups. A Job generates all Secrets."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    BucketJob,
    ClusterFacts,
    CnpgBackup,
    CnpgCluster,
    DataLake,
    ExistingSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    S3Credentials,
    SecretBootstrap,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.storage import SeaweedFs, StoreUser

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34"))
    base = Chart(app, "00-base")
    storage, database, airflow, setup = (
        Namespace(base, name) for name in ("storage", "airflow-data", "airflow", "airflow-setup")
    )

    data = Chart(app, "10-data")
    lake = SeaweedFs(
        data,
        "lake",
        namespace=storage,
        storage=Volume("50Gi", storage_class="longhorn"),
        users=[
            StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"]),
            StoreUser(credentials=S3Credentials("task-logs"), buckets=["airflow-logs"]),
            StoreUser(credentials=S3Credentials("pg-backups"), buckets=["backups"]),
        ],
    )
    buckets = BucketJob(
        data,
        "buckets",
        namespace=storage,
        buckets=lake.buckets,
        credentials=lake.admin_credentials,
        versioned=["data-raw"],
    )
    cluster = CnpgCluster(
        data,
        "db",
        name="airflow-pg",
        namespace=database,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("10Gi", storage_class="longhorn"),
        backup=CnpgBackup(bucket=lake.bucket("backups"), schedule="0 2 * * *", retention="14d"),
    )

    release = AirflowChart(
        Chart(app, "20-airflow"),
        "airflow",
        namespace=airflow,
        database=cluster.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.in_bucket(lake.bucket("airflow-logs"), prefix="lab"),
        data_lake=DataLake(buckets=[lake.bucket("data-raw"), lake.bucket("data-warehouse")]),
    )
    SecretBootstrap(data, "bootstrap", namespace=setup, generate_for=[lake, buckets, cluster, release])
    return app


if __name__ == "__main__":
    run(build)

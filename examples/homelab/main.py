"""A data platform in a home lab: Airflow, its database, a data lake, dbt with a warehouse, and task logs in Loki."""

from __future__ import annotations

from typing import Literal

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    BucketJob,
    Budget,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    DataLake,
    ExistingSecret,
    GitTokenSecret,
    Image,
    Ingress,
    IngressTls,
    K3sHelmChart,
    KubernetesExecutor,
    Logs,
    Namespace,
    Resources,
    S3Credentials,
    Scheduler,
    SecretBootstrap,
    SecretKey,
    TaskPod,
    TaskPods,
    Throughput,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from cdk8s_airflow.monitoring import AlloyLogs, LokiOutput
from cdk8s_airflow.storage import SeaweedFs, StoreUser

from cdk8s import App, Chart

Topology = Literal["k8s-single", "k8s-multi", "k8s-ha"]

DISK = "longhorn"


def build(topology: Topology = "k8s-multi", *, loki: bool = True) -> App:
    """The platform.

    Args:
        topology: the cluster of the lab: two schedulers with k8s-ha, otherwise one.
        loki: whether a collector sends the logs of all pods to the Loki of the lab.
    """
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", cnpg="1.30.0"))
    base, data, release = Chart(app, "00-base"), Chart(app, "10-data"), Chart(app, "20-airflow")
    airflow, storage = Namespace(base, "airflow"), Namespace(base, "storage")

    metadata = CnpgCluster(
        data,
        "metadata",
        name="airflow-pg",
        namespace=Namespace(base, "airflow-data"),
        database="airflow",
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("10Gi", storage_class=DISK),
    )
    # In the namespace of the tasks, because pods of dbt read its password.
    warehouse = CnpgCluster(
        data,
        "warehouse",
        name="warehouse",
        namespace=airflow,
        database="warehouse",
        owner="dbt",
        credentials=BasicAuthSecret("dbt-login"),
        storage=Volume("20Gi", storage_class=DISK),
    )
    lake = SeaweedFs(
        data,
        "lake",
        namespace=storage,
        storage=Volume("50Gi", storage_class=DISK),
        users=[
            StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"]),
            StoreUser(credentials=S3Credentials("task-logs"), buckets=["airflow-logs"]),
        ],
    )
    buckets = BucketJob(data, "buckets", namespace=storage, buckets=lake.buckets, credentials=lake.admin_credentials)
    profiles = DbtProfiles(
        data,
        "dbt",
        namespace=airflow,
        profiles={
            "warehouse": DbtProfile(
                targets={
                    "prod": DbtPostgres(
                        host=warehouse.host,
                        database="warehouse",
                        schema="analytics",
                        user="dbt",
                        password=SecretKey("dbt-login", "password"),
                        peer=warehouse.connection().peer,
                    )
                }
            )
        },
        image=Image("registry.acme.lab/data/dbt-warehouse", tag="1.0.0"),
    )

    platform = AirflowChart(
        release,
        "airflow",
        chart_version="1.22.0",
        namespace=airflow,
        database=metadata.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="100m", memory="384Mi", memory_limit="1Gi")),
        throughput=Throughput(tasks=3, parsing_processes=1),
        scheduler=Scheduler(replicas=2 if topology == "k8s-ha" else 1),
        task_pods=TaskPods(default=profiles.mounted_in(TaskPod())),
        data_lake=DataLake(buckets=[lake.bucket("data-raw"), lake.bucket("data-warehouse")]),
        logs=Logs.in_bucket(lake.bucket("airflow-logs"), prefix="lab"),
        dags=DagRepoSync(
            release,
            "dags",
            repo="https://gitlab.acme.lab/data/airflow-dags.git",
            ref="main",
            sub_path="dags",
            interval="60s",
            credentials=GitTokenSecret("airflow-git"),
        ),
        ui=Ingress(host="airflow.acme.lab", class_name="nginx", tls=IngressTls("airflow-tls", issuer="homelab-ca")),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@acme.lab"),
        delivery=K3sHelmChart(timeout="15m"),
    )
    SecretBootstrap(
        data,
        "bootstrap",
        namespace=Namespace(base, "airflow-setup"),
        generate_for=[metadata, warehouse, lake, buckets, platform],
    )
    if loki:
        AlloyLogs(
            Chart(app, "30-logging"),
            "loki",
            release=platform,
            namespace=Namespace(base, "logging"),
            output=LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push"),
        )
    return app


if __name__ == "__main__":
    run(build, budget=Budget(memory="6Gi"))

"""The same platform for many short tasks: Celery workers scaled by KEDA, pods for heavy tasks, and DAGs on EFS."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    ConfigMapKey,
    DagVolume,
    ExternalDatabase,
    HelmCommand,
    Keda,
    KubernetesExecutor,
    Logs,
    MultipleExecutors,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    RedisBroker,
    RedisPasswordSecret,
    Resources,
    SecretKey,
    Throughput,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.network import ExternalPeer

from cdk8s import App, Chart


def build() -> App:
    """The platform. It is written to ``celery_dist``, next to ``dist`` of main.py."""
    app = App(outdir="celery_dist")
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"efs-sc"}))
    chart = Chart(app, "airflow")
    database = ExternalDatabase(
        host="airflow.abc123.eu-central-1.rds.amazonaws.com",
        database="airflow",
        user="airflow",
        password=SecretKey("airflow-db", "password"),
        tls="verify-full",
        ca=ConfigMapKey("rds-ca", "global-bundle.pem"),
        postgres_major=16,
        max_connections=200,
        reserved_connections=10,
        pooling=PgBouncer(
            credentials=PgBouncerSecret("airflow-pgbouncer"),
            max_clients=400,
            pool_size=20,
            results_pool_size=10,
            replicas=2,
        ),
        peer=ExternalPeer(name="rds", networks=("10.21.0.0/24",)),
    )
    celery = CeleryExecutor(
        broker=RedisBroker(url=BrokerUrlSecret("airflow-broker"), password=RedisPasswordSecret("airflow-redis")),
        workers=CeleryWorkers(
            scaling=Keda(min_replicas=1, max_replicas=20, cooldown="5m"),
            resources=Resources(cpu="2", memory="4Gi"),
            grace_period="30m",
        ),
        concurrency=8,
    )
    AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=MultipleExecutors(celery, KubernetesExecutor()),
        throughput=Throughput(tasks=160, tasks_per_dag=32, pods_per_loop=16),
        logs=Logs.claim(Volume("20Gi", storage_class="efs-sc")),
        dags=DagVolume(Volume("5Gi", storage_class="efs-sc")),
        delivery=HelmCommand(),
    )
    return app


if __name__ == "__main__":
    run(build)

"""Airflow with a managed PostgreSQL: verified server certificate, PgBouncer and Celery."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ConfigMapKey,
    DagRepoSync,
    ExternalDatabase,
    FluxRelease,
    Logs,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    run,
)
from cdk8s_airflow.network import ExternalPeer

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    chart = Chart(app, "airflow")
    database = ExternalDatabase(
        host="airflow.abc123.eu-central-1.rds.amazonaws.com",
        database="airflow",
        user="airflow",
        password=SecretKey("airflow-db", "password"),
        tls="verify-full",
        ca=ConfigMapKey("rds-ca", "global-bundle.pem"),
        postgres_major=16,
        max_connections=80,
        reserved_connections=10,
        pooling=PgBouncer(
            credentials=PgBouncerSecret("airflow-pgbouncer"),
            max_clients=200,
            pool_size=10,
            results_pool_size=5,
            replicas=2,
        ),
        peer=ExternalPeer(name="rds", networks=("10.20.0.0/16",)),
    )
    AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=CeleryExecutor(
            broker=RedisBroker(url=BrokerUrlSecret("airflow-broker"), password=RedisPasswordSecret("airflow-redis")),
            workers=CeleryWorkers(replicas=3),
            concurrency=16,
        ),
        logs=Logs.s3("example-airflow-logs"),
        dags=DagRepoSync(chart, "dags", repo="https://git.example.com/data/dags.git", ref="v2026.1"),
        delivery=FluxRelease(),
    )
    return app


if __name__ == "__main__":
    run(build)

"""Celery workers scaled by KEDA, with Redis as the broker, deployed with Flux."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    DagImage,
    DsnSecret,
    ExternalDatabase,
    Flower,
    FlowerAuthSecret,
    FluxRelease,
    Keda,
    Logs,
    Namespace,
    PullSecret,
    RedisBroker,
    RedisPasswordSecret,
    Resources,
    WorkerSet,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(flux="2.8"))
    chart = Chart(app, "airflow")
    executor = CeleryExecutor(
        broker=RedisBroker(
            password=RedisPasswordSecret("airflow-redis-password"), url=BrokerUrlSecret("airflow-broker-url")
        ),
        workers=CeleryWorkers(
            scaling=Keda(min_replicas=1, max_replicas=10, cooldown="5m"),
            resources=Resources(cpu="1", memory="4Gi"),
            grace_period="30m",
        ),
        sets=[WorkerSet(name="heavy", queues=["heavy"], resources=Resources(cpu="4", memory="16Gi"))],
        concurrency=8,
    )
    AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=executor,
        logs=Logs.existing_claim("airflow-logs"),
        airflow_version="3.2.2",
        dags=DagImage("registry.example.com/data/airflow", tag="2026.1.0"),
        pull_secret=PullSecret("registry-login"),
        flower=Flower(credentials=FlowerAuthSecret("airflow-flower")),
        delivery=FluxRelease(),
    )
    return app


if __name__ == "__main__":
    run(build)

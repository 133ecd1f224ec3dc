"""Grafana dashboards for a release and its database, in ConfigMaps for the sidecar of kube-prometheus-stack."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    CnpgCluster,
    ExistingSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    Statsd,
    Volume,
    run,
)
from cdk8s_airflow.monitoring import Dashboards, Monitoring, statsd_mappings
from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    base, observability = Chart(app, "10-airflow"), Chart(app, "20-monitoring")
    db = CnpgCluster(
        base, "db", name="airflow-pg", namespace=Namespace(base, "airflow-data"), storage=Volume("10Gi"), instances=2
    )
    airflow = AirflowChart(
        base,
        "release",
        namespace=Namespace(base, "airflow"),
        database=db.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.claim(Volume("10Gi", access_mode="ReadWriteMany", storage_class="shared")),
        statsd=Statsd(mappings=statsd_mappings()),
    )
    Monitoring(
        observability,
        "monitoring",
        release=airflow,
        databases=[db],
        dashboards=Dashboards(folder="Airflow"),
        alerts=None,
    )
    return app


if __name__ == "__main__":
    run(build)

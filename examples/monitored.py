"""A platform that Prometheus of kube-prometheus-stack scrapes, with alerts, under network policies that deny by default."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    CnpgBackup,
    CnpgCluster,
    CnpgPooler,
    DagRepoSync,
    ExistingSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    NetworkIsolation,
    Statsd,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.monitoring import Alerts, Monitoring, statsd_mappings
from cdk8s_airflow.network import CloudIdentity, ClusterDns, KubernetesApiAddress, PodGroup
from cdk8s_airflow.storage import ObjectStorage
from cdk8s import App, Chart

FACTS = ClusterFacts(
    kubernetes="1.34",
    cnpg="1.30.0",
    network_plugin="calico",
    pod_networks=["10.42.0.0/16"],
    service_networks=["10.43.0.0/16"],
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"]),
    dns=ClusterDns(),
    monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"}),
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
    cloud_identity=CloudIdentity.eks_pod_identity(),
)


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, FACTS)
    base, data, release, observability = (
        Chart(app, id) for id in ("00-base", "10-data", "20-airflow", "30-monitoring")
    )
    bucket = ObjectStorage.s3(region="eu-central-1").bucket("acme-airflow-backups")
    db = CnpgCluster(
        data,
        "db",
        name="airflow-pg",
        namespace=Namespace(base, "airflow-data"),
        instances=3,
        storage=Volume("20Gi"),
        backup=CnpgBackup(bucket=bucket, schedule="0 2 * * *"),
    )
    pooler = CnpgPooler(data, "pooler", cluster=db)
    airflow = AirflowChart(
        release,
        "airflow",
        namespace=Namespace(base, "airflow"),
        database=pooler.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.ephemeral(),
        dags=DagRepoSync(release, "dags", repo="https://gitlab.acme.lab/data/dags.git", ref="main", metrics=True),
        statsd=Statsd(mappings=statsd_mappings()),
    )
    Monitoring(
        observability,
        "monitoring",
        release=airflow,
        databases=[db],
        poolers=[pooler],
        alerts=Alerts(
            task_failures_per_hour=10,
            severities={"AirflowComponentUnavailable": "warning"},
            labels={"team": "data"},
            runbooks="https://docs.acme.lab/airflow",
        ),
    )
    NetworkIsolation(base, "isolation", traffic=[airflow, db, pooler])
    return app


if __name__ == "__main__":
    run(build)

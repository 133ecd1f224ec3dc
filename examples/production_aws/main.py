"""Airflow on Amazon EKS: one pod per task, RDS, DAGs in an image, logs on EFS, connections in Secrets, and default-deny policies."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ApiServer,
    ClusterFacts,
    ConfigMapKey,
    DagImage,
    DagProcessor,
    DatabaseCleanup,
    ExternalDatabase,
    HelmCommand,
    Ingress,
    IngressTls,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    Logs,
    Namespace,
    NetworkIsolation,
    PgBouncer,
    PgBouncerSecret,
    Resources,
    Scheduler,
    SecretKey,
    ServiceAccount,
    ServiceAccounts,
    Statsd,
    Throughput,
    Triggerer,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.monitoring import Alerts, Dashboards, Monitoring, statsd_mappings
from cdk8s_airflow.network import CloudIdentity, ClusterDns, ExternalPeer, KubernetesApiAddress, PodGroup

from cdk8s import App, Chart

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
TASK_ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow-tasks"}

FACTS = ClusterFacts(
    kubernetes="1.34",
    rwx_classes={"efs-sc"},
    network_plugin="aws-vpc-cni",
    pod_networks=["10.20.0.0/16"],
    service_networks=["172.20.0.0/16"],
    api_server=KubernetesApiAddress(networks=["10.20.0.0/16"]),
    dns=ClusterDns(),
    ingress_controller=PodGroup(name="Traefik", namespace="traefik", labels={"app.kubernetes.io/name": "traefik"}),
    monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"}),
    cloud_identity=CloudIdentity.web(),
)


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, FACTS)
    base, release = Chart(app, "00-base"), Chart(app, "20-airflow")
    connections = Namespace(base, "airflow-connections")
    database = ExternalDatabase(
        host="airflow.abc123.eu-central-1.rds.amazonaws.com",
        password=SecretKey("airflow-db", "password"),
        tls="verify-full",
        ca=ConfigMapKey("rds-ca", "global-bundle.pem"),
        postgres_major=16,
        max_connections=200,
        pooling=PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"), max_clients=200, pool_size=40, replicas=2),
        peer=ExternalPeer(name="rds", networks=("10.21.0.0/24",)),
    )
    airflow = AirflowChart(
        release,
        "airflow",
        airflow_version="3.2.2",
        namespace=Namespace(base, "airflow"),
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        throughput=Throughput(tasks=100, tasks_per_dag=32, pods_per_loop=16, heartbeat=1),
        scheduler=Scheduler(replicas=2, resources=Resources(cpu="1", memory="2Gi", memory_limit="4Gi")),
        api_server=ApiServer(replicas=2),
        triggerer=Triggerer(replicas=2),
        dag_processor=DagProcessor(replicas=2),
        dags=DagImage(f"{REGISTRY}/data/airflow-dags", tag="2026.1.0"),
        logs=Logs.claim(Volume("20Gi", storage_class="efs-sc")),
        secrets_backend=KubernetesSecretsBackend(namespace=connections.name),
        service_accounts=ServiceAccounts(workers=ServiceAccount(annotations=TASK_ROLE)),
        ui=Ingress(
            host="airflow.example.com", class_name="traefik", tls=IngressTls("airflow-tls", issuer="letsencrypt")
        ),
        database_cleanup=DatabaseCleanup(retention="90d"),
        statsd=Statsd(mappings=statsd_mappings()),
        delivery=HelmCommand(),
    )
    Monitoring(
        Chart(app, "30-monitoring"),
        "monitoring",
        release=airflow,
        alerts=Alerts(labels={"team": "data"}),
        dashboards=Dashboards(folder="Airflow"),
    )
    NetworkIsolation(base, "isolation", traffic=[airflow])
    return app


if __name__ == "__main__":
    run(build)

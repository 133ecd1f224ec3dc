"""Default-deny network policies on k3s, with all addresses of the cluster set."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    ExistingSecret,
    GitTokenSecret,
    Ingress,
    IngressTls,
    KubernetesExecutor,
    Logs,
    MultipleExecutors,
    Namespace,
    NetworkIsolation,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.network import ClusterDns, ExternalPeer, KubernetesApiAddress, PeerEndpoint, PodGroup, TrafficFlow

from cdk8s import App, Chart

FACTS = ClusterFacts(
    kubernetes="1.34",
    cnpg="1.30.0",
    network_plugin="kube-router",
    pod_networks=["10.42.0.0/16"],
    service_networks=["10.43.0.0/16"],
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32", "192.168.1.11/32", "192.168.1.12/32"]),
    dns=ClusterDns(),
    ingress_controller=PodGroup(name="Traefik", namespace="kube-system", labels={"app.kubernetes.io/name": "traefik"}),
    monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"}),
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
)

GITLAB = ExternalPeer(name="gitlab.acme.lab", networks=("192.168.1.20/32",))
STORE = ExternalPeer(name="s3.acme.lab", networks=("192.168.1.21/32",))

WAREHOUSE = PodGroup(name="warehouse", namespace="warehouse", labels={"cnpg.io/cluster": "warehouse"})
STARTED = PodGroup(name="pods that tasks start", namespace="airflow", labels={"kubernetes_pod_operator": "True"})


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, FACTS)
    base, data, release = Chart(app, "00-base"), Chart(app, "10-data"), Chart(app, "20-airflow")
    db = CnpgCluster(
        data,
        "db",
        name="airflow-pg",
        namespace=Namespace(base, "airflow-data"),
        instances=3,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("20Gi"),
    )
    airflow = AirflowChart(
        release,
        "airflow",
        namespace=Namespace(base, "airflow"),
        database=db.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=MultipleExecutors(
            CeleryExecutor(
                broker=RedisBroker(password=RedisPasswordSecret("airflow-redis"), url=BrokerUrlSecret("airflow-broker"))
            ),
            KubernetesExecutor(),
        ),
        dags=DagRepoSync(
            release,
            "dags",
            repo="https://gitlab.acme.lab/data/airflow-dags.git",
            ref="main",
            credentials=GitTokenSecret("airflow-git"),
        ),
        logs=Logs.s3("airflow-logs", endpoint="https://s3.acme.lab", connection=SecretKey("airflow-s3", "connection")),
        ui=Ingress(host="airflow.acme.lab", class_name="traefik", tls=IngressTls("airflow-tls", issuer="homelab-ca")),
    )
    NetworkIsolation(
        base,
        "isolation",
        traffic=[airflow, db],
        flows=[
            TrafficFlow(source=pods, target=WAREHOUSE, port=5432, purpose="the warehouse")
            for pods in (*airflow.traffic.tasks, STARTED)
        ],
        endpoints={"gitlab.acme.lab": PeerEndpoint(peer=GITLAB), "s3.acme.lab": PeerEndpoint(peer=STORE)},
    )
    return app


if __name__ == "__main__":
    run(build)

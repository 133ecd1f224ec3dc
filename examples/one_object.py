"""A production platform from one settings object: namespaces, a highly available database, DAGs, the release, network policies."""

from __future__ import annotations

from cdk8s_airflow import ClusterFacts, GitTokenSecret, Logs, Volume, run
from cdk8s_airflow.airflow_platform import AirflowPlatform, ProductionPlatform
from cdk8s_airflow.network import CloudIdentity, ClusterDns, KubernetesApiAddress, NotInstalled, PodGroup

from cdk8s import App

FACTS = ClusterFacts(
    network_plugin="calico",
    pod_networks=["10.42.0.0/16"],
    service_networks=["10.43.0.0/16"],
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"]),
    dns=ClusterDns(),
    cloud_identity=CloudIdentity.web(),
    ingress_controller=PodGroup(
        name="ingress-nginx", namespace="ingress-nginx", labels={"app.kubernetes.io/name": "ingress-nginx"}
    ),
    monitoring=NotInstalled(),
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
)


def build() -> App:
    """The platform."""
    app = App()
    AirflowPlatform(
        app,
        "platform",
        settings=ProductionPlatform(
            name="prod",
            host="airflow.example.com",
            dag_repo="https://git.example.com/data/dags.git",
            dag_ref="v2.3.0",
            dag_credentials=GitTokenSecret("airflow-git"),
            logs=Logs.s3("example-airflow-logs", region="eu-central-1"),
            database_storage=Volume("100Gi", storage_class="ssd"),
            parallel_tasks=128,
            tags={"team": "data"},
            facts=FACTS,
        ),
    )
    return app


if __name__ == "__main__":
    run(build)

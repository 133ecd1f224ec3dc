"""dev, staging and prod from one program: dev and staging in namespaces of one cluster, prod in a cluster of its own."""

from __future__ import annotations

from dataclasses import dataclass

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    CnpgCluster,
    DagRepoSync,
    ExistingSecret,
    GitTokenSecret,
    Ingress,
    IngressTls,
    KubernetesExecutor,
    Logs,
    Namespace,
    Scheduler,
    Volume,
)
from cdk8s_airflow.environments import Environment, Environments
from cdk8s import App, Chart


@dataclass(frozen=True)
class Settings:
    """What differs between the environments.

    Attributes:
        name: the name of the environment; part of the names of its namespaces and its release.
        host: where its UI is.
        dag_ref: the branch or tag of the DAG repository.
        database_size: the size of the volume of each database instance.
        database_instances: how many database instances there are.
        schedulers: how many schedulers there are.
        chart_version: the version of the Airflow chart.
    """

    name: str
    host: str
    dag_ref: str = "main"
    database_size: str = "10Gi"
    database_instances: int = 1
    schedulers: int = 1
    chart_version: str = "1.22.0"


def build(settings: Settings) -> App:
    """The platform of one environment. Construct ids and file names are the same in all environments."""
    app = App()
    namespaces = Chart(app, "00-namespaces")
    database = CnpgCluster(
        Chart(app, "10-data"),
        "database",
        name="airflow-pg",
        namespace=Namespace(namespaces, "data", name=f"airflow-data-{settings.name}"),
        instances=settings.database_instances,
        storage=Volume(settings.database_size),
        credentials=BasicAuthSecret("airflow-pg-credentials"),
    )
    release = Chart(app, "20-airflow")
    dags = DagRepoSync(
        release,
        "dags",
        repo="https://gitlab.acme.lab/data/airflow-dags.git",
        ref=settings.dag_ref,
        sub_path="dags",
        credentials=GitTokenSecret("airflow-git"),
    )
    AirflowChart(
        release,
        "airflow",
        namespace=Namespace(namespaces, "airflow", name=f"airflow-{settings.name}"),
        release=f"airflow-{settings.name}",
        chart_version=settings.chart_version,
        executor=KubernetesExecutor(),
        dags=dags,
        keys=AirflowKeys.existing(prefix="airflow"),
        database=database.connection(bridge=ExistingSecret("airflow-metadata")),
        logs=Logs.s3(f"acme-airflow-logs-{settings.name}", region="eu-central-1"),
        ui=Ingress(host=settings.host, class_name="nginx", tls=IngressTls("airflow-tls")),
        scheduler=Scheduler(replicas=settings.schedulers),
    )
    return app


PLATFORM = Environments(
    build,
    {
        "dev": Environment(settings=Settings("dev", host="airflow-dev.acme.lab"), context="k3s-lab", cluster="lab"),
        "staging": Environment(
            settings=Settings(
                "staging", host="airflow-staging.acme.lab", dag_ref="v2.3.0", database_instances=3, schedulers=2
            ),
            context="k3s-lab",
            cluster="lab",
        ),
        "prod": Environment(
            settings=Settings(
                "prod",
                host="airflow.acme.com",
                dag_ref="v2.3.0",
                database_size="100Gi",
                database_instances=3,
                schedulers=2,
            ),
            context="eks-prod",
        ),
    },
    expected_differences=["name", "host", "database_size"],
)

if __name__ == "__main__":
    PLATFORM.run()

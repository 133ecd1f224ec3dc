"""A platform without manual Secrets: a Job generates every missing key and password."""

from __future__ import annotations

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    ExistingSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    SecretBootstrap,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base = Chart(app, "00-namespaces")
    database = CnpgCluster(
        Chart(app, "10-data"),
        "db",
        name="airflow-pg",
        namespace=Namespace(base, "airflow-data"),
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("20Gi"),
    )
    release = Chart(app, "20-airflow")
    airflow = AirflowChart(
        release,
        "airflow",
        namespace=Namespace(base, "airflow"),
        database=database.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.claim(Volume("20Gi", storage_class="nfs")),
        dags=DagRepoSync(release, "dags", repo="https://git.example.com/data/public-dags.git", ref="main"),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
    )
    SecretBootstrap(
        Chart(app, "30-secrets"),
        "bootstrap",
        namespace=Namespace(base, "airflow-setup"),
        generate_for=[database, airflow],
    )
    return app


if __name__ == "__main__":
    run(build)

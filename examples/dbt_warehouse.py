"""dbt with a warehouse in the metadata Cluster: two databases, one pod per dbt run, and all Secrets from a Job.

``examples/dags/csv_to_parquet.py`` is a DAG for it. The image must contain dbt and the dbt project.
"""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    DatabaseRole,
    Image,
    KubernetesExecutor,
    Logs,
    Namespace,
    PostgresDatabase,
    PostgresSize,
    SecretBootstrap,
    SecretKey,
    TaskPod,
    TaskPods,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles

from cdk8s import App, Chart


def build() -> App:
    """The database and dbt are in Airflow's namespace, so that its pods can read their Secrets."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", helm_controller="0.17.7", cnpg="1.30.0", rwx_classes={"longhorn"}))
    base, data, release = Chart(app, "00-namespaces"), Chart(app, "10-data"), Chart(app, "20-airflow")
    airflow = Namespace(base, "airflow")
    db = CnpgCluster(
        data,
        "db",
        name="airflow-pg",
        namespace=airflow,
        storage=Volume("50Gi", storage_class="longhorn"),
        size=PostgresSize.small(),
        databases=[
            PostgresDatabase(
                name="warehouse",
                owner=DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login")),
                schemas=["analytics"],
            )
        ],
    )
    warehouse = DbtPostgres(
        host=db.host,
        database="warehouse",
        schema="analytics",
        user="dbt",
        password=SecretKey("dbt-login", "password"),
        peer=db.connection().peer,
    )
    profiles = DbtProfiles(
        data,
        "dbt",
        namespace=airflow,
        profiles={"warehouse": DbtProfile(targets={"prod": warehouse})},
        image=Image("registry.acme.lab/data/dbt-warehouse", tag="1.0.0"),
    )
    chart = AirflowChart(
        release,
        "airflow",
        namespace=airflow,
        database=db.connection(),
        executor=KubernetesExecutor(),
        keys=AirflowKeys.existing(prefix="airflow"),
        logs=Logs.claim(Volume("20Gi", storage_class="longhorn")),
        dags=DagRepoSync(release, "dags", repo="https://gitlab.acme.lab/data/airflow-dags.git", ref="main"),
        task_pods=TaskPods(default=profiles.mounted_in(TaskPod())),
    )
    SecretBootstrap(
        Chart(app, "05-secrets"),
        "secrets",
        namespace=Namespace(base, "airflow-setup"),
        generate_for=[db, profiles, chart],
    )
    return app


if __name__ == "__main__":
    run(build)

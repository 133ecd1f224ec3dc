"""A highly available database, with an additional database for dbt."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DatabaseRole,
    KubernetesExecutor,
    Logs,
    Namespace,
    PostgresAntiAffinity,
    PostgresDatabase,
    PostgresMonitoring,
    PostgresSize,
    SynchronousReplication,
    TopologySpread,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.35", cnpg="1.30.0", nodes=5))
    base = Chart(app, "00-base")
    namespace = Namespace(base, "airflow")
    database = CnpgCluster(
        base,
        "db",
        name="airflow-pg",
        namespace=namespace,
        instances=3,
        size=PostgresSize.medium(),
        storage=Volume("50Gi", storage_class="ssd"),
        wal_storage=Volume("10Gi", storage_class="ssd"),
        parameters={"random_page_cost": "1.1", "log_min_duration_statement": "1s"},
        synchronous=SynchronousReplication(number=1, failover_quorum=True),
        anti_affinity=PostgresAntiAffinity(required=True),
        spread=[TopologySpread(across="topology.kubernetes.io/zone")],
        databases=[
            PostgresDatabase(
                name="warehouse",
                owner=DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login")),
                schemas=["raw", "marts"],
            )
        ],
        monitoring=PostgresMonitoring(labels={"release": "prometheus"}),
    )
    AirflowChart(
        Chart(app, "10-airflow"),
        "airflow",
        namespace=namespace,
        database=database.connection(tls="verify-full"),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.ephemeral(),
    )
    return app


if __name__ == "__main__":
    run(build)

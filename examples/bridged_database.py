"""External Secrets copies the database URL from the operator's Secret into Airflow's namespace.

CloudNativePG generates the password. A service account in the namespace of the database can read only that Secret.
"""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    CnpgCluster,
    DsnSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    SecretBridge,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base, data, release = Chart(app, "00-namespaces"), Chart(app, "10-data"), Chart(app, "20-airflow")
    airflow = Namespace(base, "airflow")
    database = CnpgCluster(
        data, "db", name="airflow-pg", namespace=Namespace(base, "airflow-data"), storage=Volume("20Gi")
    )
    bridge = SecretBridge(data, "bridge", database=database, namespace=airflow, secret=DsnSecret("airflow-metadata"))
    AirflowChart(
        release,
        "airflow",
        namespace=airflow,
        database=database.connection(bridge=bridge.secret),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.claim(Volume("50Gi", storage_class="nfs")),
    )
    return app


if __name__ == "__main__":
    run(build)

"""A first production platform: two schedulers and UI servers, pooled connections, DAGs from git, GPU pods, metrics and alerts."""

from __future__ import annotations

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    CnpgPooler,
    DagRepoSync,
    DsnSecret,
    GitTokenSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    NodeGroup,
    NodeTaint,
    Resources,
    Scheduler,
    SecretBootstrap,
    SecretKey,
    Statsd,
    TaskPod,
    TaskPods,
    Triggerer,
    Volume,
    run,
    set_facts,
)
from cdk8s_airflow.monitoring import Alerts, Monitoring, statsd_mappings

from cdk8s import App, Chart

GPU_NODES = NodeGroup(
    name="gpu",
    labels={"accelerator": "nvidia-tesla-t4"},
    taints=[NodeTaint(key="nvidia.com/gpu", value="true")],
)


def build(airflow_version: str = "3.2.2") -> App:
    """The platform.

    Args:
        airflow_version: the version of Airflow; the DAGs and this program work with 2.11 and 3.2.
    """
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base, data, release = Chart(app, "00-base"), Chart(app, "10-data"), Chart(app, "20-airflow")
    namespace = Namespace(base, "airflow")

    database = CnpgCluster(
        data,
        "db",
        name="airflow-pg",
        namespace=Namespace(base, "airflow-data"),
        instances=2,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("10Gi", storage_class="standard"),
    )
    pooler = CnpgPooler(data, "pooler", cluster=database, max_clients=100, pool_size=10)

    airflow = AirflowChart(
        release,
        "airflow",
        airflow_version=airflow_version,
        namespace=namespace,
        database=pooler.connection(bridge=DsnSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")),
        scheduler=Scheduler(replicas=2, resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        api_server=ApiServer(replicas=2, resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        triggerer=Triggerer(resources=Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")),
        task_pods=TaskPods(templates={"gpu": TaskPod(gpus=1, placement=GPU_NODES)}),
        dags=DagRepoSync(
            release,
            "dags",
            repo="https://git.example.com/data/dags.git",
            ref="main",
            sub_path="dags",
            interval="60s",
            credentials=GitTokenSecret("airflow-git"),
            metrics=True,
        ),
        logs=Logs.claim(Volume("10Gi", storage_class="nfs")),
        config={
            "core": {"load_examples": False, "dags_are_paused_at_creation": True, "default_timezone": "utc"},
            "api": {"expose_config": False},
        },
        connections={"smtp_default": SecretKey("airflow-connections", "smtp_default")},
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
        statsd=Statsd(mappings=statsd_mappings()),
    )
    SecretBootstrap(
        data, "bootstrap", namespace=Namespace(base, "airflow-setup"), generate_for=[database, pooler, airflow]
    )
    Monitoring(
        Chart(app, "30-monitoring"),
        "monitoring",
        release=airflow,
        databases=[database],
        poolers=[pooler],
        interval="15s",
        alerts=Alerts(heartbeat_window="30s", parse_time="30s", pool_full="5m", run_length=2, task_failures_per_hour=3),
    )
    return app


if __name__ == "__main__":
    run(build)

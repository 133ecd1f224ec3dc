"""dev, staging and prod from one program, with tasks on spot nodes, GPU tasks and several worker images.

dev and staging are in namespaces of one cluster, prod is in a cluster of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    CnpgCluster,
    DagRepoSync,
    ExistingSecret,
    GitSshSecret,
    Image,
    Ingress,
    IngressTls,
    KubernetesExecutor,
    Logs,
    Namespace,
    NodeGroup,
    NodeTaint,
    Resources,
    Scheduler,
    TaskPod,
    TaskPods,
    Throughput,
    Volume,
)
from cdk8s_airflow.environments import Environment, Environments
from cdk8s import App, Chart

# The nodes of both clusters have these labels and taints. On k3s, NodeGroup.k3s_arguments sets them.
_TASKS = NodeTaint(key="workload", value="airflow-tasks")
TASKS = NodeGroup(name="tasks", labels={"workload": "airflow-tasks"}, taints=[_TASKS])
SPOT = NodeGroup(
    name="tasks-spot", labels={"workload": "airflow-tasks", "lifecycle": "spot"}, taints=[_TASKS], spot=True
)
GPU = NodeGroup(name="gpu", labels={"workload": "ml-gpu"}, taints=[NodeTaint(key="nvidia.com/gpu", value="true")])

TASK_PODS = TaskPods(
    default=TaskPod(placement=SPOT.preferred_over(TASKS)),
    templates={
        "heavy": TaskPod(
            placement=SPOT.preferred_over(TASKS),
            resources=Resources(cpu="4", memory="16Gi", memory_limit="32Gi"),
        ),
        "pandas": TaskPod(
            placement=SPOT.preferred_over(TASKS),
            image=Image("registry.acme.lab/data/airflow-pandas", tag="3.2.2-1"),
            resources=Resources(cpu="2", memory="4Gi", memory_limit="8Gi"),
        ),
        "gpu": TaskPod(
            placement=GPU,
            gpus=1,
            image=Image("registry.acme.lab/data/airflow-torch", tag="3.2.2-1"),
            resources=Resources(cpu="4", memory="16Gi", memory_limit="32Gi"),
        ),
    },
)
"""The pods that a task can select. ``dags/ml_pipeline.py`` uses all of them."""

GIT_HOST = "gitlab.acme.lab ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@dataclass(frozen=True)
class Settings:
    """What differs between the environments.

    Attributes:
        name: the name of the environment; part of the names of its namespaces, its release and its bucket for logs.
        host: where its UI is.
        dag_ref: the branch or tag of the DAG repository.
        database_size: the size of the volume of each database instance.
        database_instances: how many database instances there are.
        schedulers: how many schedulers and API servers there are.
        parallel_tasks: how many tasks each scheduler runs at once, each in its own pod.
        chart_version: the version of the Airflow chart.
    """

    name: str
    host: str
    dag_ref: str = "main"
    database_size: str = "10Gi"
    database_instances: int = 1
    schedulers: int = 1
    parallel_tasks: int = 8
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
        parameters={"max_connections": "200"},
    )
    release = Chart(app, "20-airflow")
    dags = DagRepoSync(
        release,
        "dags",
        repo="git@gitlab.acme.lab:data/airflow-dags.git",
        ref=settings.dag_ref,
        depth=1,
        sub_path="dags",
        credentials=GitSshSecret("airflow-git-ssh"),
        known_hosts=GIT_HOST,
    )
    AirflowChart(
        release,
        "airflow",
        namespace=Namespace(namespaces, "airflow", name=f"airflow-{settings.name}"),
        release=f"airflow-{settings.name}",
        chart_version=settings.chart_version,
        labels={"environment": settings.name, "team": "data-platform"},
        executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        task_pods=TASK_PODS,
        throughput=Throughput(tasks=settings.parallel_tasks, pods_per_loop=8),
        dags=dags,
        keys=AirflowKeys.existing(prefix="airflow"),
        database=database.connection(bridge=ExistingSecret("airflow-metadata")),
        logs=Logs.s3(f"acme-airflow-logs-{settings.name}", region="eu-central-1"),
        ui=Ingress(host=settings.host, class_name="nginx", tls=IngressTls("airflow-tls")),
        scheduler=Scheduler(
            replicas=settings.schedulers, resources=Resources(cpu="1", memory="2Gi", memory_limit="4Gi")
        ),
        api_server=ApiServer(replicas=settings.schedulers),
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
                parallel_tasks=64,
            ),
            context="eks-prod",
        ),
    },
    expected_differences=["name", "host", "database_size", "parallel_tasks"],
)

if __name__ == "__main__":
    PLATFORM.run()

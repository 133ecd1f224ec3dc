"""Autoscaled schedulers, workers and triggerers, a quota for 110 task pods, and images on every node; DAGs over SSH."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    DagRepoSync,
    ExternalBroker,
    ExternalDatabase,
    GitSshSecret,
    Hpa,
    Keda,
    KubernetesExecutor,
    Logs,
    MultipleExecutors,
    Namespace,
    NodeGroup,
    Quota,
    Scheduler,
    SecretKey,
    TaskPod,
    TaskPods,
    Throughput,
    Triggerer,
    run,
)
from cdk8s_airflow.autoscaling import ImagePrePull, PriorityClasses

from cdk8s import App, Chart

CPU = {"type": "Utilization", "averageUtilization": 70}
MEMORY = {"type": "Utilization", "averageUtilization": 80}
METRICS = [
    {"type": "Resource", "resource": {"name": "cpu", "target": CPU}},
    {"type": "Resource", "resource": {"name": "memory", "target": MEMORY}},
]
GIT_HOST = "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def build() -> App:
    """The platform."""
    app = App()
    base, chart = Chart(app, "00-base"), Chart(app, "10-airflow")
    priorities = PriorityClasses(base, "priorities")
    workers = NodeGroup(name="workers", labels={"workload": "airflow"})
    database = ExternalDatabase(host="db.example.com", password=SecretKey("airflow-database", "password"))
    celery = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url")),
        workers=CeleryWorkers(scaling=Keda(min_replicas=1, max_replicas=20), placement=workers),
        concurrency=8,
    )
    airflow = AirflowChart(
        chart,
        "airflow",
        namespace=Namespace(base, "airflow", quota=Quota(tasks=110, load_balancers=0)),
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=MultipleExecutors(celery, KubernetesExecutor()),
        task_pods=TaskPods(default=TaskPod(priority_class=priorities.tasks, placement=workers)),
        scheduler=Scheduler(
            scaling=Hpa(min_replicas=2, max_replicas=5, metrics=METRICS), priority_class=priorities.components
        ),
        triggerer=Triggerer(scaling=Keda(min_replicas=1, max_replicas=3)),
        throughput=Throughput(tasks=60, pods_per_loop=8),
        dags=DagRepoSync(
            chart,
            "dags",
            repo="git@git.example.com:data/dags.git",
            ref="v1.4.0",
            depth=1,
            credentials=GitSshSecret("airflow-git-ssh"),
            known_hosts=GIT_HOST,
        ),
        logs=Logs.s3("example-airflow-logs", region="eu-central-1"),
        facts=ClusterFacts(
            crds={"helmcharts.helm.cattle.io", "scaledobjects.keda.sh", "triggerauthentications.keda.sh"}
        ),
    )
    ImagePrePull(chart, "pre-pull", release=airflow, placement=workers)
    return app


if __name__ == "__main__":
    run(build)

"""A large platform in a cloud: hundreds of concurrent pods, logs in S3, the UI behind a load balancer, deployed with Argo CD."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ApiServer,
    ArgoApplication,
    DagProcessor,
    DagRepoSync,
    DsnSecret,
    ExternalDatabase,
    GitTokenSecret,
    Hpa,
    KubernetesExecutor,
    LoadBalancer,
    Logs,
    Namespace,
    Resources,
    Scheduler,
    ServiceAccount,
    ServiceAccounts,
    TaskPod,
    TaskPods,
    Throughput,
    run,
)

from cdk8s import App, Chart

ROLE = ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow"})


def build() -> App:
    """The platform."""
    app = App()
    chart = Chart(app, "airflow")
    AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        task_pods=TaskPods(templates={"gpu": TaskPod(gpus=1, resources=Resources(cpu="4", memory="16Gi"))}),
        logs=Logs.s3("example-airflow-logs", prefix="prod", encrypt=True),
        dags=DagRepoSync(
            chart,
            "dags",
            repo="https://git.example.com/data/dags.git",
            ref="v2026.1",
            credentials=GitTokenSecret("airflow-git"),
        ),
        ui=LoadBalancer(base_url="https://airflow.example.com", source_ranges=["10.0.0.0/8"]),
        scheduler=Scheduler(replicas=3, resources=Resources(cpu="2", memory="4Gi")),
        api_server=ApiServer(scaling=Hpa(min_replicas=2, max_replicas=6)),
        dag_processor=DagProcessor(replicas=2, resources=Resources(cpu="2", memory="4Gi")),
        throughput=Throughput.large(),
        service_accounts=ServiceAccounts(
            scheduler=ROLE, api_server=ROLE, triggerer=ROLE, dag_processor=ROLE, workers=ROLE
        ),
        delivery=ArgoApplication(),
    )
    return app


if __name__ == "__main__":
    run(build)

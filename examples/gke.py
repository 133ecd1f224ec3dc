"""Google Kubernetes Engine: tasks on Spot VMs, GPU tasks, logs in Cloud Storage for the UI and in Loki for searches."""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    DagRepoSync,
    DsnSecret,
    ExternalDatabase,
    HelmCommand,
    KubernetesExecutor,
    Logs,
    Namespace,
    NodeGroup,
    NodeTaint,
    Resources,
    ServiceAccount,
    ServiceAccounts,
    TaskPod,
    TaskPods,
    run,
)
from cdk8s_airflow.monitoring import AlloyLogs, LokiOutput

from cdk8s import App, Chart

CORE = NodeGroup.gke("core")
TASKS = NodeGroup.gke("tasks", taints=[NodeTaint(key="workload", value="airflow")])
SPOT = NodeGroup.gke("tasks-spot", spot=True, taints=[NodeTaint(key="workload", value="airflow")])
GPU = NodeGroup.gke("gpu", accelerator="nvidia-l4")

IDENTITY = ServiceAccount(annotations={"iam.gke.io/gcp-service-account": "airflow@acme-data.iam.gserviceaccount.com"})


def build() -> App:
    """The platform. ``NodeGroup.gcloud_arguments`` has the arguments that create the node pools."""
    app = App()
    chart = Chart(app, "20-airflow")
    airflow = AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        placement=CORE,
        task_pods=TaskPods(
            default=TaskPod(placement=SPOT.preferred_over(TASKS)),
            templates={"gpu": TaskPod(placement=GPU, gpus=1, resources=Resources(cpu="3", memory="12Gi"))},
        ),
        logs=Logs.gcs("acme-airflow-logs", prefix="production"),
        service_accounts=ServiceAccounts(
            scheduler=IDENTITY, api_server=IDENTITY, triggerer=IDENTITY, dag_processor=IDENTITY, workers=IDENTITY
        ),
        dags=DagRepoSync(chart, "dags", repo="https://git.example.com/data/dags.git", ref="v2026.1"),
        delivery=HelmCommand(),
    )
    logging = Chart(app, "30-logging")
    AlloyLogs(
        logging,
        "logs",
        release=airflow,
        namespace=Namespace(logging, "logging"),
        output=LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push", labels={"cluster": "production"}),
        placement=CORE,
    )
    return app


if __name__ == "__main__":
    run(build)

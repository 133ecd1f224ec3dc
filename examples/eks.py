"""Amazon EKS: core nodes from eksctl, task nodes from Karpenter on spot, GPU tasks, and logs in CloudWatch by Fluent Bit."""

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
    Scheduler,
    ServiceAccount,
    ServiceAccounts,
    TaskPod,
    TaskPods,
    Throughput,
    run,
)
from cdk8s_airflow.autoscaling import EksctlNodeGroups, EksNodeGroup, KarpenterNodes, KarpenterPool
from cdk8s_airflow.monitoring import CloudWatchOutput, FluentBitLogs

from cdk8s import App, Chart

CLUSTER, REGION = "production", "eu-central-1"
CORE = NodeGroup.eks("core")
TASKS = NodeGroup.karpenter("tasks", taints=[NodeTaint(key="workload", value="airflow")])
SPOT = NodeGroup.karpenter("tasks-spot", spot=True, taints=[NodeTaint(key="workload", value="airflow")])
GPU = NodeGroup.karpenter("gpu", taints=[NodeTaint(key="nvidia.com/gpu", value="true")])


def role(name: str) -> ServiceAccount:
    """A service account with an IAM role."""
    return ServiceAccount(annotations={"eks.amazonaws.com/role-arn": f"arn:aws:iam::123456789012:role/{name}"})


def build() -> App:
    """The platform."""
    app = App()
    nodes = Chart(app, "00-nodes")
    EksctlNodeGroups(
        nodes,
        "eksctl",
        cluster=CLUSTER,
        region=REGION,
        groups=[EksNodeGroup(group=CORE, instance_types=["m6i.large"], min_nodes=2, max_nodes=4)],
    )
    KarpenterNodes(
        nodes,
        "karpenter",
        cluster=CLUSTER,
        role="KarpenterNodeRole-production",
        ami="al2023@v20260801",
        pools=[
            KarpenterPool(group=TASKS, cpu_limit="64"),
            KarpenterPool(group=SPOT, cpu_limit="256"),
            KarpenterPool(group=GPU, cpu_limit="32", instance_types=["g5.xlarge", "g5.2xlarge"]),
        ],
    )
    chart = Chart(app, "20-airflow")
    tasks = role("airflow-tasks")
    airflow = AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi", memory_limit="2Gi")),
        placement=CORE,
        labels={"team": "data"},
        task_pods=TaskPods(
            default=TaskPod(placement=SPOT.preferred_over(TASKS)),
            templates={"gpu": TaskPod(placement=GPU, gpus=1, resources=Resources(cpu="3", memory="12Gi"))},
        ),
        scheduler=Scheduler(replicas=2),
        throughput=Throughput.large(),
        logs=Logs.s3("acme-airflow-logs", prefix="production", encrypt=True),
        service_accounts=ServiceAccounts(
            scheduler=tasks, api_server=tasks, triggerer=tasks, dag_processor=tasks, workers=tasks
        ),
        dags=DagRepoSync(chart, "dags", repo="https://git.example.com/data/dags.git", ref="v2026.1"),
        delivery=HelmCommand(),
    )
    logging = Chart(app, "30-logging")
    FluentBitLogs(
        logging,
        "logs",
        release=airflow,
        namespace=Namespace(logging, "logging", pod_security="privileged"),
        output=CloudWatchOutput(region=REGION, log_group="/airflow/production"),
        service_account=role("airflow-logs"),
    )
    return app


if __name__ == "__main__":
    run(build)

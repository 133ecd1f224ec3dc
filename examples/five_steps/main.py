"""Airflow in its own image behind a load balancer, with DAGs from git or from a volume, and static NFS volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    DagRepoSync,
    DagVolume,
    DsnSecret,
    ExternalDatabase,
    HelmCommand,
    Image,
    KubernetesExecutor,
    LoadBalancer,
    Logs,
    Namespace,
    SecretKey,
    run,
)

from cdk8s import App, Chart, Include

HERE = Path(__file__).parent


def build(dags: Literal["git", "volume"] = "volume") -> App:
    """The platform.

    Args:
        dags: where DAG files come from: a git repository, or the volume ``airflow-dags`` of volumes.yaml.
    """
    app = App()
    base, release = Chart(app, "00-base"), Chart(app, "10-airflow")
    namespace = Namespace(base, "airflow")
    # Two PersistentVolumes on an NFS server, and a claim for each.
    Include(base, "volumes", url=str(HERE / "volumes.yaml"))
    source = (
        DagVolume.existing("airflow-dags")
        if dags == "volume"
        else DagRepoSync(
            release, "dags", repo="https://git.example.com/data/public-dags.git", ref="main", sub_path="dags"
        )
    )
    AirflowChart(
        release,
        "airflow",
        namespace=namespace,
        airflow_version="3.2.2",
        image=Image("registry.example.com/data/airflow", tag="3.2.2-1"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        dags=source,
        logs=Logs.existing_claim("airflow-logs"),
        ui=LoadBalancer(base_url="http://airflow.example.com:8080", source_ranges=["10.0.0.0/8"]),
        admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com"),
        config={
            "core": {"load_examples": False, "dags_are_paused_at_creation": False, "default_timezone": "utc"},
            "smtp": {"smtp_host": "smtp.example.com", "smtp_port": 587, "smtp_starttls": True},
        },
        connections={"smtp_default": SecretKey("airflow-smtp", "connection")},
        # Lets tasks create Jobs (KubernetesJobOperator), as the Role of the article does.
        values={"allowJobLaunching": True},
        delivery=HelmCommand(),
    )
    return app


if __name__ == "__main__":
    run(build)

"""main.py's platform with three executors at once: a task runs where it selects, and on the first executor otherwise."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow import DagFolder, KubernetesExecutor, LocalExecutor, MultipleExecutors
from tests.cluster.kit import PlatformRunner
from tests.cluster.platforms import EXECUTORS, homelab

DAG = "each_executor"
DAGS = Path(__file__).parent / "dags_executors"
HOSTS = {
    "default": "airflow-worker-",
    "celery": "airflow-worker-",
    "local": "airflow-scheduler-",
    "kubernetes": "each-",
}
"""Task of the DAG -> how the name of its pod starts."""


def test_a_task_runs_on_each_of_several_executors(runner: PlatformRunner, tmp_path: Path) -> None:
    executors = MultipleExecutors(EXECUTORS["celery"](), LocalExecutor(), KubernetesExecutor())
    app = homelab("kubernetes", release={"executor": executors, "dags": DagFolder(DAGS)}).app
    with runner.platform(app, tmp_path, small=True) as platform:
        platform.install()
        api = platform.api(DAG)
        with platform.explained():
            api.trigger("hosts")
            assert api.wait_for_run("hosts", 600) == "success", api.tasks("hosts")
            assert api.tasks("hosts") == dict.fromkeys(HOSTS, ("success", 1))
            xcom = f"/api/v2/dags/{DAG}/dagRuns/hosts/taskInstances/{{}}/xcomEntries/return_value"
            hosts = {task: str(api.call("GET", xcom.format(task))["value"]) for task in HOSTS}
            assert {task: host for task, host in hosts.items() if not host.startswith(HOSTS[task])} == {}, hosts
            for task, host in hosts.items():
                assert f"task runs on {host}" in api.log("hosts", task)
        print(platform.seconds)

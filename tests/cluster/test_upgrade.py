"""Upgrades of main.py's platform on live data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.kit import Kubectl, KubectlError, PlatformRunner
from tests.cluster.kit.airflow_api import DAG, AirflowApi
from tests.cluster.platforms import homelab

CONNECTION = "cluster-test-connection"
OLD = "2.11.0"
NEW = "3.2.2"


def airflow(kubectl: Kubectl, *command: str, timeout: float = 180) -> str:
    """The output of a command of Airflow in the scheduler."""
    return kubectl.run(
        "-n",
        "airflow",
        "exec",
        "deploy/airflow-scheduler",
        "-c",
        "scheduler",
        "--",
        "airflow",
        *command,
        timeout=timeout,
    ).stdout


def run_state(kubectl: Kubectl, run: str) -> str:
    """The state of a DAG run, by the command line of Airflow 2."""
    text = airflow(kubectl, "dags", "list-runs", "-d", DAG, "-o", "json")
    found = json.loads(text[text.index("[") :])
    return str(next((each["state"] for each in found if each["run_id"] == run), ""))


def test_airflow_2_becomes_airflow_3_and_keeps_runs_and_connections(runner: PlatformRunner, tmp_path: Path) -> None:
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes", airflow_version=OLD).app, tmp_path, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        platform.wait_for_releases()
        with platform.explained():
            wait_until_parsed(kubectl)
            airflow(kubectl, "connections", "add", CONNECTION, "--conn-type", "http", "--conn-host", "example.com")
            airflow(kubectl, "dags", "unpause", DAG)
            airflow(kubectl, "dags", "trigger", DAG, "--run-id", "before")
            for _ in range(20):
                if run_state(kubectl, "before") in ("success", "failed"):
                    break
            assert run_state(kubectl, "before") == "success"
        upgraded = runner.change(platform, homelab("kubernetes", airflow_version=NEW).app, small=True)
        with upgraded.explained():
            upgraded.create_secrets()
            upgraded.upgrade()
        api = AirflowApi(kubectl, "airflow")
        with upgraded.explained():
            api.log_in()
            api.wait_for_dag()
            assert api.run_state("before") == "success"
            connection = api.call("GET", f"/api/v2/connections/{CONNECTION}")
            assert (connection["conn_type"], connection["host"]) == ("http", "example.com")
            assert "first task ends" in api.log("before", "first")
            api.trigger("after")
            assert api.wait_for_run("after") == "success"
        print(upgraded.seconds)


def test_single_becomes_highly_available_while_a_task_runs(runner: PlatformRunner, tmp_path: Path) -> None:
    """The upgrade restarts the database, the scheduler and the API server; the run goes on."""
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        platform.wait_for_releases()
        api = AirflowApi(kubectl, "airflow")
        with platform.explained():
            api.log_in()
            api.wait_for_dag()
            api.trigger("during", seconds=120)
            api.wait_for_task("during", "first", "running")
        larger = runner.change(platform, homelab("kubernetes", "k8s-ha").app, small=True, keep_replicas=True)
        with larger.explained():
            larger.upgrade()
            assert api.wait_for_run("during", 600) == "success", api.tasks("during")
            assert api.tasks("during") == {"first": ("success", 1), "second": ("success", 1)}
            ready = {
                each["metadata"]["name"]: each["status"].get("readyReplicas")
                for each in kubectl.items("deployments", "-n", "airflow")
            }
            assert (ready["airflow-scheduler"], ready["airflow-api-server"]) == (2, 2)


def wait_until_parsed(kubectl: Kubectl) -> None:
    """Wait until Airflow 2 knows the DAG; each command takes seconds."""
    for _ in range(20):
        try:
            if DAG in airflow(kubectl, "dags", "list", "-o", "plain"):
                return
        except KubectlError:
            continue
    pytest.fail(f"Airflow does not know the DAG {DAG}")

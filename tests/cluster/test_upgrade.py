"""Upgrades of main.py's platform on live data."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.kit import PlatformRunner
from tests.cluster.kit.airflow_cli import AirflowCli
from tests.cluster.platforms import homelab

CONNECTION = "cluster-test-connection"
OLDEST, MIDDLE, NEWEST = ("1.15.0", "2.9.3"), ("1.20.0", "2.11.0"), ("1.22.0", "3.2.2")
"""Chart and Airflow, as docs/how-to/upgrade-airflow.md says: 2.11 is the last version before Airflow 3."""


def test_airflow_2_9_becomes_2_11_and_then_3_2_and_keeps_runs_and_connections(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    kubectl = runner.kubectl
    cli = AirflowCli(kubectl)
    with runner.platform(homelab("kubernetes", versions=OLDEST).app, tmp_path, small=True) as platform:
        platform.install()
        with platform.explained():
            cli.wait_for_dag()
            cli.run("connections", "add", CONNECTION, "--conn-type", "http", "--conn-host", "example.com")
            assert cli.run_to_the_end("oldest") == "success"
        middle = runner.change(platform, homelab("kubernetes", versions=MIDDLE).app, small=True)
        with middle.explained():
            middle.create_secrets()
            middle.upgrade()
            cli.wait_for_dag()
            assert cli.run_state("oldest") == "success"
            assert cli.run_to_the_end("middle") == "success"
        newest = runner.change(middle, homelab("kubernetes", versions=NEWEST).app, small=True)
        with newest.explained():
            newest.create_secrets()
            newest.upgrade()
        api = newest.api()
        with newest.explained():
            assert {run: api.run_state(run) for run in ("oldest", "middle")} == {
                "oldest": "success",
                "middle": "success",
            }
            connection = api.call("GET", f"/api/v2/connections/{CONNECTION}")
            assert (connection["conn_type"], connection["host"]) == ("http", "example.com")
            for run in ("oldest", "middle"):
                assert "first task ends" in api.log(run, "first")
            api.trigger("newest")
            assert api.wait_for_run("newest", 600) == "success", api.tasks("newest")
        print(newest.seconds)


def test_single_becomes_highly_available_while_a_task_runs(runner: PlatformRunner, tmp_path: Path) -> None:
    """The upgrade restarts the database, the scheduler and the API server; the run goes on."""
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        platform.install()
        api = platform.api()
        with platform.explained():
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

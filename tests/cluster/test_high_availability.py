"""main.py's highly available platform with three database instances loses one of everything while a task runs, and no task."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.platforms import homelab

TASK_SECONDS = 60


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("ha")
    app = homelab("kubernetes", "k8s-ha", cluster={"instances": 3}).app
    with PlatformRunner(kubectl, folder.name).platform(app, folder, small=True, keep_replicas=True) as platform:
        platform.apply()
        platform.wait_for_databases(600)
        platform.wait_for_releases()
        yield platform


@pytest.fixture(scope="module")
def api(platform: Platform) -> AirflowApi:
    api = platform.api()
    return api


def pods(kubectl: Kubectl, namespace: str, selector: str) -> list[str]:
    return kubectl.run("-n", namespace, "get", "pods", "-l", selector, "-o", "name").stdout.split()


@pytest.mark.parametrize(
    ("namespace", "selector", "replicas"),
    [
        ("airflow", "component=scheduler", 2),
        ("airflow", "component=api-server", 2),
        ("airflow-data", "cnpg.io/cluster=airflow-pg,cnpg.io/instanceRole=primary", 1),
    ],
    ids=["scheduler", "api-server", "database-primary"],
)
def test_one_that_is_killed_while_a_task_runs_costs_no_task(
    platform: Platform, api: AirflowApi, namespace: str, selector: str, replicas: int, request: pytest.FixtureRequest
) -> None:
    kubectl, run = platform.kubectl, request.node.callspec.id
    with platform.explained():
        api.trigger(run, seconds=TASK_SECONDS)
        api.wait_for_task(run, "first", "running")
        found = pods(kubectl, namespace, selector)
        assert len(found) == replicas
        kubectl.run("-n", namespace, "delete", found[0], "--grace-period=0", "--force", timeout=90)
        assert api.wait_for_run(run, 600) == "success", api.tasks(run)
        assert api.tasks(run) == {"first": ("success", 1), "second": ("success", 1)}
        log = api.log(run, "first")
        assert log.count("first task starts on") == log.count("first task ends") == 1
        platform.wait_for_databases(600)
        platform.wait_for_workloads("airflow")


def test_the_replica_that_takes_over_is_the_new_primary(platform: Platform) -> None:
    """After the tests above, the first instance is not the primary any more."""
    (primary,) = pods(platform.kubectl, "airflow-data", "cnpg.io/cluster=airflow-pg,cnpg.io/instanceRole=primary")
    assert primary != "pod/airflow-pg-1"

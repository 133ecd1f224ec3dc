"""Containers and mounts that users add to pods of the chart: what the API server would refuse is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    DatabaseMigration,
    ExternalBroker,
    Flower,
    FlowerAuthSecret,
    PlatformError,
    Scheduler,
    TaskPod,
    TaskPods,
)
from cdk8s_airflow.airflow.container_rules import CHART_CONTAINERS
from tests.making import make_airflow, new_chart

CONTAINER: dict[str, Any] = {
    "name": "mine",
    "image": "registry.example.com/mine:1",
    "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "8Mi"}},
}
VOLUMES = [{"name": "files", "emptyDir": {}}, {"name": "more", "emptyDir": {}}]
BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))


def found(**arguments: Any) -> list[tuple[str, str]]:
    """Rule and place of each finding; none if the release is accepted."""
    try:
        make_airflow(new_chart(), **arguments)
    except PlatformError as error:
        return [(finding.rule, finding.at) for finding in error.findings]
    return []


def mounted(*mounts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "mountPath": path} for name, path in mounts]


@pytest.mark.parametrize("name", sorted(CHART_CONTAINERS))
def test_container_with_a_name_of_the_chart_is_refused(name: str) -> None:
    scheduler = Scheduler(containers=[{**CONTAINER, "name": name}])
    assert found(scheduler=scheduler) == [("components/container-name", "scheduler.containers[0].name")]


@pytest.mark.parametrize(
    ("arguments", "rule", "at"),
    [
        ({"scheduler": Scheduler(containers=[CONTAINER, CONTAINER])}, "container-name", "scheduler.containers[1].name"),
        (
            {"scheduler": Scheduler(containers=[CONTAINER], init_containers=[CONTAINER])},
            "container-name",
            "scheduler.init_containers[0].name",
        ),
        (
            {"migration": DatabaseMigration(init_containers=[{**CONTAINER, "name": "wait-for-secrets"}])},
            "container-name",
            "migration.init_containers[0].name",
        ),
        (
            {"executor": CeleryExecutor(broker=BROKER, workers=CeleryWorkers(containers=[CONTAINER, CONTAINER]))},
            "container-name",
            "executor.workers.containers[1].name",
        ),
        (
            {
                "executor": CeleryExecutor(broker=BROKER),
                "flower": Flower(credentials=FlowerAuthSecret("f"), containers=[CONTAINER, CONTAINER]),
            },
            "container-name",
            "flower.containers[1].name",
        ),
        (
            {"scheduler": Scheduler(containers=[{**CONTAINER, "env": [{"name": "A"}, {"name": "A"}]}])},
            "variable",
            "scheduler.containers[0].env[1].name",
        ),
        (
            {"scheduler": Scheduler(containers=[{**CONTAINER, "volumeMounts": mounted(("files", "/mnt"))}])},
            "volume",
            "scheduler.containers[0].volumeMounts[0].name",
        ),
        (
            {
                "scheduler": Scheduler(
                    volumes=VOLUMES,
                    containers=[{**CONTAINER, "volumeMounts": mounted(("files", "/mnt"), ("more", "/mnt/"))}],
                )
            },
            "mount-path",
            "scheduler.containers[0].volumeMounts[1].mountPath",
        ),
        (
            {"scheduler": Scheduler(volumes=VOLUMES, volume_mounts=mounted(("files", "/mnt"), ("more", "/mnt")))},
            "mount-path",
            "scheduler.volume_mounts[1].mountPath",
        ),
        (
            {
                "task_pods": TaskPods(
                    default=TaskPod(volumes=VOLUMES, volume_mounts=mounted(("files", "/opt/airflow/dags")))
                )
            },
            "mount-path",
            "task_pods.default.volume_mounts[0].mountPath",
        ),
    ],
)
def test_container_or_mount_that_the_api_server_refuses_is_refused(
    arguments: dict[str, Any], rule: str, at: str
) -> None:
    assert found(**arguments) == [(f"components/{rule}", at)]


@pytest.mark.parametrize(
    "path",
    [
        "/opt/airflow/logs",
        "/opt/airflow/logs/",
        "/opt/airflow/dags",
        "/opt/airflow/airflow.cfg",
        "/opt/airflow",
        "/opt",
        "/",
    ],
)
def test_mount_that_covers_a_path_of_the_chart_is_refused(path: str) -> None:
    scheduler = Scheduler(volumes=VOLUMES, volume_mounts=mounted(("files", path)))
    assert found(scheduler=scheduler) == [("components/mount-path", "scheduler.volume_mounts[0].mountPath")]


def test_container_and_mounts_with_names_and_paths_of_their_own_are_accepted() -> None:
    mounts = mounted(("files", "/mnt/files"), ("more", "/opt/airflow/plugins"))
    container = {
        **CONTAINER,
        "env": [{"name": "A", "value": "1"}],
        "volumeMounts": [*mounts, *mounted(("logs", "/logs"))],
    }
    scheduler = Scheduler(
        volumes=VOLUMES, volume_mounts=mounts, containers=[container], init_containers=[{**CONTAINER, "name": "before"}]
    )
    assert found(scheduler=scheduler) == []

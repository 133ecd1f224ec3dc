"""Containers and mounts in ``values=`` get the checks of the arguments."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import PlatformError, TaskPod, TaskPods
from tests.making import make_airflow

RESOURCES = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
PLAIN = {"name": "proxy", "image": "example.com/proxy:1", "resources": RESOURCES}


def found(values: dict[str, Any], **arguments: Any) -> list[tuple[str, str]]:
    try:
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), values=values, **arguments)
    except PlatformError as error:
        return [(finding.rule, finding.at) for finding in error.findings]
    return []


@pytest.mark.parametrize(
    ("container", "rule", "at"),
    [
        ({"name": "base"}, "components/container-name", "name"),
        ({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}, "components/variable", "env[1].name"),
        ({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}, "components/volume", "volumeMounts[0].name"),
        (
            {"volumeMounts": [{"name": "logs", "mountPath": "/x"}, {"name": "config", "mountPath": "/x/"}]},
            "components/mount-path",
            "volumeMounts[1].mountPath",
        ),
        (
            {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}},
            "components/container-resources",
            "resources.limits.memory",
        ),
    ],
    ids=["name", "variable", "volume", "path", "resources"],
)
@pytest.mark.parametrize("key", ["extraContainers", "extraInitContainers"])
def test_container_that_the_api_server_would_refuse_is_refused(
    key: str, container: dict[str, Any], rule: str, at: str
) -> None:
    values = {"workers": {key: [{**PLAIN, **container}]}}
    assert found(values) == [(rule, f"values.workers.{key}[0].{at}")]


def test_containers_with_one_name_are_refused() -> None:
    values = {"workers": {"extraContainers": [PLAIN, PLAIN], "extraInitContainers": [PLAIN]}}
    assert found(values) == [
        ("components/container-name", "values.workers.extraContainers[1].name"),
        ("components/container-name", "values.workers.extraInitContainers[0].name"),
    ]


def test_volumes_of_values_and_of_task_pods_can_be_mounted() -> None:
    mounts = [{"name": name, "mountPath": f"/mnt/{name}"} for name in ("shared", "own")]
    values = {
        "volumes": [{"name": "shared", "emptyDir": {}}],
        "workers": {"extraContainers": [{**PLAIN, "volumeMounts": mounts}]},
    }
    assert [rule for rule, _ in found(values)] == ["components/volume"]
    own = TaskPods(default=TaskPod(volumes=[{"name": "own", "emptyDir": {}}]))
    assert found(values, task_pods=own) == []


def test_mounts_in_all_pods_do_not_cover_what_the_chart_mounts() -> None:
    values = {
        "volumes": [{"name": "shared", "emptyDir": {}}],
        "volumeMounts": [
            {"name": "shared", "mountPath": "/opt/airflow/dags"},
            {"name": "shared", "mountPath": "/data"},
            {"name": "shared", "mountPath": "/data/"},
        ],
    }
    assert found(values) == [
        ("components/mount-path", "values.volumeMounts[2].mountPath"),
        ("components/mount-path", "values.volumeMounts[0].mountPath"),
    ]

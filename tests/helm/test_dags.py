"""Where real Helm puts the files of each DAG source, with every pair of chart and Airflow.

The table of placement is that of git-sync in the released charts: the DAG processor reads DAG files where there is one, else
the scheduler does; the triggerer and the pods of tasks always do; the server of the UI and the jobs never do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    ClusterFacts,
    DagBundles,
    DagFolder,
    DagImage,
    DagProcessor,
    DagVolume,
    Flower,
    FlowerAuthSecret,
    GitBundle,
    Image,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
    PlatformError,
    RedisBroker,
    RedisPasswordSecret,
    RegistryMirror,
    SecretKey,
    Volume,
)
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
    git_sync_places,
)
from tests.helm.rendering import Container, Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release
from tests.truth import assert_accepted

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

FOLDER = "/opt/airflow/dags"


def rendered(pair: tuple[str, str], **settings: Any) -> tuple[list[dict[str, Any]], Rendered]:
    manifests = release(chart_version=pair[0], airflow_version=pair[1], facts=ClusterFacts(nodes=1), **settings)
    assert_accepted(manifests)
    result = render_release(helm_chart(manifests))
    for holds in (assert_env_once, assert_requests_everywhere, assert_restricted, assert_strict_kinds):
        holds(result)
    assert result.containers("git-sync") == []
    return manifests, result


def mounts(container: Container) -> list[dict[str, Any]]:
    return [
        {**mount, "source": next(v for v in container.pod.spec["volumes"] if v["name"] == mount["name"])}
        for mount in container.spec.get("volumeMounts", [])
        if mount["mountPath"].startswith(FOLDER)
    ]


def readers(result: Rendered) -> set[str]:
    return {pod.component for pod in result.pods if any(mounts(container) for container in pod.containers)}


def expected_readers(pair: tuple[str, str], result: Rendered) -> set[str]:
    placed = set(git_sync_places(result)) | {"worker"}
    assert placed == {"dag-processor" if pair[1] >= "3" else "scheduler", "triggerer", "worker"}
    return placed


@pytest.mark.parametrize("source", [DagVolume(Volume("5Gi")), DagVolume.existing("airflow-dags", sub_path="team")])
def test_a_volume_is_mounted_read_only_where_dag_files_are_read(pair: tuple[str, str], source: Any) -> None:
    manifests, result = rendered(pair, dags=source)
    assert readers(result) == expected_readers(pair, result)
    sub_path = source.sub_path or None
    for container in result.containers():
        for mount in mounts(container):
            assert (mount["mountPath"], mount.get("subPath"), mount["readOnly"]) == (FOLDER, sub_path, True)
            assert mount["source"]["persistentVolumeClaim"] == {"claimName": "airflow-dags"}
    assert result.airflow_cfg["core"]["dags_folder"] == FOLDER
    claims = [m for m in manifests if m["kind"] == "PersistentVolumeClaim"]
    assert [claim["metadata"]["name"] for claim in claims] == (
        ["airflow-dags"] if isinstance(source, DagVolume) else []
    )
    assert result.find("PersistentVolumeClaim") == []


def test_with_a_dag_processor_the_scheduler_reads_no_volume(pair: tuple[str, str]) -> None:
    _, result = rendered(pair, dags=DagVolume(Volume("5Gi")), dag_processor=DagProcessor())
    assert readers(result) == {"dag-processor", "triggerer", "worker"}
    assert readers(result) == set(git_sync_places(result)) | {"worker"}


def test_files_of_a_folder_are_plain_files_for_those_who_read_them(pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    files = {"a.py": "x = '{{ ds }}'\n", "sql/load it.sql": "select 1\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    manifests, result = rendered(pair, dags=DagFolder(tmp_path))
    maps = {m["metadata"]["name"]: m["data"] for m in manifests if m["kind"] == "ConfigMap"}
    assert readers(result) == expected_readers(pair, result)
    for container in result.containers():
        seen = {
            mount["mountPath"].removeprefix(f"{FOLDER}/"): maps[mount["source"]["configMap"]["name"]][mount["subPath"]]
            for mount in mounts(container)
        }
        assert seen in ({}, files)
        assert all(mount["readOnly"] for mount in mounts(container))


def test_a_changed_file_restarts_its_readers_and_only_them(pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1\n")
    _, one = rendered(pair, dags=DagFolder(tmp_path))
    (tmp_path / "a.py").write_text("2\n")
    _, two = rendered(pair, dags=DagFolder(tmp_path))
    changed = {pod.component for pod in one.pods if pod.spec != two.pod(pod.component).spec}
    assert changed == expected_readers(pair, one)


def test_a_baked_image_mounts_nothing_and_rolls_out_with_its_tag(pair: tuple[str, str]) -> None:
    one, two = (
        rendered(pair, statsd=None, dags=DagImage("r.lab/data/airflow", tag=tag, folder="/dags"))[1]
        for tag in ("1", "2")
    )
    assert {c.image for c in two.containers()} == {"r.lab/data/airflow:2"}
    assert one.airflow_cfg["core"]["dags_folder"] == "/dags"
    assert not [m for c in one.containers() for m in c.spec.get("volumeMounts", []) if "dags" in m["mountPath"]]
    assert {pod.component for pod in one.pods if pod.spec == two.pod(pod.component).spec} == set()


def test_bundles_are_read_from_the_configuration_with_their_connection_everywhere(pair: tuple[str, str]) -> None:
    dags = DagBundles(
        GitBundle(name="data", repo="https://h/a.git", ref="main", credentials=SecretKey("git-data", "connection")),
        GitBundle(name="public", repo="https://h/a%20b.git", ref="v1", sub_path="x{{y}}"),
    )
    if pair[1] < "3":
        with pytest.raises(PlatformError, match="dags/bundles"):
            rendered(pair, dags=dags)
        return
    _, result = rendered(pair, dags=dags)
    assert readers(result) == set()
    text = result.airflow_cfg["dag_processor"]["dag_bundle_config_list"].replace("%%", "%")
    assert [(bundle["name"], bundle["kwargs"]) for bundle in json.loads(text)] == [
        ("data", {"tracking_ref": "main", "git_conn_id": "git_data", "refresh_interval": 300}),
        (
            "public",
            {"tracking_ref": "v1", "repo_url": "https://h/a%20b.git", "subdir": "x{{y}}", "refresh_interval": 300},
        ),
    ]
    for container in result.containers("airflow"):
        assert container.env["AIRFLOW_CONN_GIT_DATA"]["valueFrom"]["secretKeyRef"] == {
            "name": "git-data",
            "key": "connection",
        }


REDIS = RedisBroker(password=RedisPasswordSecret("redis-password"), url=BrokerUrlSecret("broker"))
EXECUTORS: dict[str, tuple[Any, set[str]]] = {
    "local": (LocalExecutor(), {"scheduler"}),
    "celery": (CeleryExecutor(broker=REDIS), {"StatefulSet or Deployment"}),
    "celery in pods": (CeleryKubernetesExecutor(broker=REDIS), {"StatefulSet or Deployment", "PodTemplate"}),
    "several": (
        MultipleExecutors(CeleryExecutor(broker=REDIS), KubernetesExecutor()),
        {"StatefulSet or Deployment", "PodTemplate"},
    ),
}
"""Executor -> where its tasks run: the scheduler, Celery's workers, or pods of their own."""


@pytest.mark.parametrize("name", EXECUTORS)
def test_wherever_tasks_run_they_find_the_files_and_the_image(pair: tuple[str, str], name: str, tmp_path: Path) -> None:
    executor, expected = EXECUTORS[name]
    if (name == "celery in pods" and pair[1] >= "3") or (name == "several" and pair[0] == "1.15.0"):
        with pytest.raises(PlatformError, match="executor"):
            rendered(pair, executor=executor)
        return
    (tmp_path / "a.py").write_text("1\n")
    digest = f"sha256:{'1' * 64}"
    _, result = rendered(
        pair,
        executor=executor,
        dags=DagFolder(tmp_path),
        image=Image("registry.lab/data/airflow", digest=digest, pull_policy="Always"),
        mirror=RegistryMirror("registry.lab/mirror"),
        flower=None if name == "local" else Flower(credentials=FlowerAuthSecret("flower")),
    )
    components = {"triggerer", "dag-processor" if pair[1] >= "3" else "scheduler", *({"scheduler"} & expected)}
    reading = [pod for pod in result.pods if any(mounts(container) for container in pod.containers)]
    assert {pod.component for pod in reading if pod.component != "worker"} == components
    workers = {pod.kind for pod in reading if pod.component == "worker"}
    assert {"PodTemplate" if kind == "PodTemplate" else "StatefulSet or Deployment" for kind in workers} == (
        expected - {"scheduler"}
    )
    for pod in reading:
        main = [c for c in pod.containers if not c.init and not c.name.endswith("groomer")]
        assert all(mounts(c) for c in main if c.role == "airflow"), pod.where
    airflow = [c for c in result.containers() if c.pod.component not in ("statsd", "redis")]
    assert {(c.image, c.spec["imagePullPolicy"]) for c in airflow} == {
        (f"registry.lab/data/airflow@{digest}", "Always")
    }
    others = {c.image for c in result.containers()} - {c.image for c in airflow}
    assert {image.rpartition("/")[0] for image in others} <= {
        "registry.lab/mirror/docker.io/library",
        "registry.lab/mirror/quay.io/prometheus",
    }

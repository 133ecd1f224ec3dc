"""Which images real Helm makes of a release, with every pair of chart and Airflow."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    ClusterFacts,
    DagRepoSync,
    Image,
    PullSecret,
    RedisBroker,
    RedisPasswordSecret,
    RegistryMirror,
)
from cdk8s_airflow.model.image import AIRFLOW_REPOSITORY, SIDE_IMAGES
from tests.helm.expectations import assert_requests_everywhere, assert_restricted, assert_strict_kinds
from tests.helm.rendering import Rendered, chart_path, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = pytest.mark.usefixtures("charts")
everywhere = pytest.mark.parametrize("pair", PAIRS, ids="-".join)

DIGEST = f"sha256:{'1' * 64}"
IN_CHART = ("statsd", "redis", "pgbouncer", "pgbouncerExporter", "gitSync", "otelCollector")


def with_git(chart: Any) -> dict[str, Any]:
    return {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main")}


def rendered(pair: tuple[str, str], change: Any = None, **settings: Any) -> Rendered:
    manifests = release(change, chart_version=pair[0], airflow_version=pair[1], **settings)
    result = render_release(helm_chart(manifests))
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def task_image(result: Rendered) -> str:
    """The image that KubernetesExecutor gives a task: both providers put these two options together with a colon."""
    option = result.airflow_cfg["kubernetes_executor"]
    return f"{option['worker_container_repository']}:{option['worker_container_tag']}"


@pytest.mark.parametrize("chart", sorted(SIDE_IMAGES))
def test_other_images_are_those_of_the_released_chart(chart: str) -> None:
    values = yaml.safe_load((chart_path(chart) / "values.yaml").read_text(encoding="utf-8"))
    images = {key: (it["repository"], it["tag"]) for key, it in values["images"].items() if key in IN_CHART}
    assert images == SIDE_IMAGES[chart]
    assert values["defaultAirflowRepository"] == AIRFLOW_REPOSITORY
    others = set(values["images"]) - set(IN_CHART)
    assert others == {"airflow", "pod_template", "flower", "useDefaultImageForMigration", "migrationsWaitTimeout"}


@everywhere
def test_one_digest_is_what_every_airflow_container_and_every_task_runs(pair: tuple[str, str]) -> None:
    image = Image("registry.lab/data/airflow", tag="2026.1.0", digest=DIGEST, pull_policy="Always")
    result = rendered(pair, image=image, statsd=None)
    assert {c.image for c in result.containers()} == {f"registry.lab/data/airflow@{DIGEST}"}
    assert {c.spec.get("imagePullPolicy") for c in result.containers()} == {"Always"}
    assert task_image(result) == f"registry.lab/data/airflow@{DIGEST}"
    assert result.pod_template is not None


@everywhere
def test_one_tag_is_what_every_airflow_container_and_every_task_runs(pair: tuple[str, str]) -> None:
    result = rendered(pair, image=Image("registry.lab:5000/airflow", tag="1.10"), statsd=None)
    assert {c.image for c in result.containers()} == {"registry.lab:5000/airflow:1.10"}
    assert task_image(result) == "registry.lab:5000/airflow:1.10"
    server = "webserver" if pair[1] < "3" else "api-server"
    assert server in {pod.component for pod in result.pods}


@everywhere
def test_no_container_of_the_platform_has_an_image_outside_the_mirror(pair: tuple[str, str]) -> None:
    mirror = RegistryMirror("registry.lab/mirror")
    result = rendered(pair, with_git, mirror=mirror)
    images = {c.image for c in result.containers()}
    assert all(image.startswith("registry.lab/mirror/") for image in images)
    assert len(images) == 3
    assert task_image(result) == f"registry.lab/mirror/docker.io/apache/airflow:{pair[1]}"


@everywhere
def test_what_is_switched_on_by_values_comes_from_the_mirror_too(pair: tuple[str, str]) -> None:
    result = rendered_unchecked(pair, {"pgbouncer": {"enabled": True}, "flower": {"enabled": True}})
    images = {c.image for c in result.containers()}
    assert all(any(name in image for image in images) for name in ("pgbouncer", "redis"))
    assert [image for image in images if not image.startswith("registry.lab/mirror/")] == []


def rendered_unchecked(pair: tuple[str, str], values: dict[str, Any]) -> Rendered:
    """What no argument says, by values that nothing is checked against."""
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        mirror=RegistryMirror("registry.lab/mirror"),
        executor=CeleryExecutor(
            broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"))
        ),
        unchecked_values=values,
    )
    return render_release(helm_chart(manifests))


@everywhere
def test_every_pod_logs_in_with_the_pull_secret_and_keeps_to_nodes_of_the_architecture(pair: tuple[str, str]) -> None:
    facts = ClusterFacts(architecture="arm64")
    result = rendered(pair, with_git, pull_secret=PullSecret("registry-login"), facts=facts)
    assert len(result.pods) >= 6
    for pod in result.pods:
        assert pod.spec["imagePullSecrets"] == [{"name": "registry-login"}], pod.where
        assert pod.spec["nodeSelector"] == {"kubernetes.io/arch": "arm64"}, pod.where
    assert [m for m in result.find("Secret") if m.get("type") == "kubernetes.io/dockerconfigjson"] == []


@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[-1]], ids="-".join)
def test_a_new_tag_rolls_out(pair: tuple[str, str]) -> None:
    one, two = (rendered(pair, image=Image("r.lab/a", tag=tag)) for tag in ("1", "2"))
    changed = {pod.component for pod in one.pods if pod.spec != two.pod(pod.component).spec}
    assert changed == {pod.component for pod in one.pods} - {"statsd"}

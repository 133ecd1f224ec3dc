"""Images of a release as values of the chart, for all pairs of versions."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.components import OtelCollector, Scheduler
from cdk8s_airflow.airflow.executors import CeleryExecutor, ExternalBroker, WorkerSet
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.images import IMAGES, image_needs, image_notes
from cdk8s_airflow.airflow.wire.version import VERSION
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import SIDE_IMAGES, Image, RegistryMirror
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, PullSecret
from tests.airflow.wire.samples import PAIRS, Pair, called, git, release, values_of

DIGITS = "0a" * 32
DIGEST = f"sha256:{DIGITS}"
MIRROR = RegistryMirror("r.lab/m")
everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)


@everywhere
def test_there_are_no_image_values_by_default(pair: Pair) -> None:
    assert values_of(IMAGES, release(pair)) == {}
    assert list(image_needs(release(pair))) == []
    assert list(image_notes(release(pair))) == []


@everywhere
def test_an_image_with_a_tag_keeps_the_version_of_airflow(pair: Pair) -> None:
    settings = release(pair, image=Image("r.lab/airflow", tag="2026.1"))
    assert values_of(IMAGES, settings) == {"defaultAirflowRepository": "r.lab/airflow"}
    version = values_of(VERSION, settings)
    assert (version["airflowVersion"], version["defaultAirflowTag"]) == (pair[1], "2026.1")


@everywhere
def test_a_digest_reaches_task_pods_as_repository_and_tag(pair: Pair) -> None:
    settings = release(pair, image=Image("r.lab/airflow", digest=DIGEST))
    assert values_of(IMAGES, settings) == {
        "defaultAirflowRepository": "r.lab/airflow",
        "defaultAirflowDigest": DIGEST,
        "images": {"pod_template": {"repository": "r.lab/airflow@sha256", "tag": DIGITS}},
        "config": {
            "kubernetes_executor": {
                "worker_container_repository": "r.lab/airflow@sha256",
                "worker_container_tag": DIGITS,
            }
        },
    }
    assert values_of(VERSION, settings)["defaultAirflowTag"] == pair[1]


def test_a_pull_policy_reaches_every_place_where_airflows_image_is_named() -> None:
    settings = release(PAIRS[-1], image=Image("apache/airflow", tag="3.2.2", pull_policy="Always"))
    assert values_of(IMAGES, settings) == {
        "images": {"airflow": {"pullPolicy": "Always"}, "pod_template": {"pullPolicy": "Always"}}
    }
    (waiter,) = compile_release(settings).values["migrateDatabaseJob"]["extraInitContainers"]
    assert waiter["imagePullPolicy"] == "Always"


@everywhere
def test_a_mirror_takes_all_images_of_the_version(pair: Pair) -> None:
    values = values_of(IMAGES, release(pair, mirror=MIRROR))
    assert values == {
        "defaultAirflowRepository": "r.lab/m/docker.io/apache/airflow",
        "images": {
            key: {"repository": MIRROR.of(repository), "tag": tag}
            for key, (repository, tag) in SIDE_IMAGES[pair[0]].items()
            if key != "redis"
        },
    }
    celery = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))
    with_workers = values_of(IMAGES, release(pair, mirror=MIRROR, executor=celery))
    assert with_workers["images"].pop("redis")["repository"] == "r.lab/m/docker.io/library/redis"
    assert with_workers == values


def test_an_image_of_the_mirrors_own_registry_stays_where_it_is() -> None:
    settings = release(PAIRS[-1], mirror=MIRROR, image=Image("r.lab/data/airflow", tag="1"))
    assert values_of(IMAGES, settings)["defaultAirflowRepository"] == "r.lab/data/airflow"


def test_the_notes_list_full_source_and_target_names_of_images_to_copy() -> None:
    (note,) = image_notes(release(("1.22.0", "3.2.2"), mirror=MIRROR, dags=git()))
    assert note.splitlines()[1:] == [
        "  docker.io/apache/airflow:3.2.2 -> r.lab/m/docker.io/apache/airflow:3.2.2",
        "  registry.k8s.io/git-sync/git-sync:v4.4.2 -> r.lab/m/registry.k8s.io/git-sync/git-sync:v4.4.2",
        "  quay.io/prometheus/statsd-exporter:v0.30.0 -> r.lab/m/quay.io/prometheus/statsd-exporter:v0.30.0",
    ]
    own = release(PAIRS[-1], mirror=MIRROR, image=Image("r.lab/a", digest=DIGEST), statsd=None)
    assert list(image_notes(own)) == []


@pytest.mark.parametrize(
    ("changes", "registries"),
    [
        ({}, "docker.io"),
        ({"image": Image("ghcr.io/a/b", tag="1")}, "ghcr.io"),
        ({"mirror": MIRROR}, "r.lab"),
        ({"mirror": MIRROR, "image": Image("ghcr.io/a/b", tag="1")}, "r.lab"),
        ({"dags": DagImage("ghcr.io/a/b", tag="1")}, "ghcr.io"),
    ],
)
def test_the_pull_secret_is_for_the_registries_that_are_pulled_from(changes: dict[str, Any], registries: str) -> None:
    settings = release(PAIRS[0], pull_secret=PullSecret("login"), **changes)
    assert values_of(IMAGES, settings)["registry"] == {"secretName": "login"}
    (need,) = image_needs(settings)
    assert need.purpose == f"pulls images from {registries}"
    assert not need.awaited


def test_a_known_architecture_keeps_pods_to_its_nodes() -> None:
    facts = ClusterFacts(architecture="arm64")
    assert values_of(IMAGES, release(PAIRS[0], facts=facts)) == {"nodeSelector": {"kubernetes.io/arch": "arm64"}}


def test_node_selectors_of_components_keep_the_architecture() -> None:
    def pool(name: str, key: str = "pool") -> Placement:
        return Placement(node_selector={key: name})

    sets = [
        WorkerSet(name="b", queues=["b"], placement=pool("b")),
        WorkerSet(name="amd", queues=["amd"], placement=pool("amd64", "kubernetes.io/arch")),
    ]
    broker = ExternalBroker(url=BrokerUrlSecret("broker"))
    settings = release(
        PAIRS[-1],
        facts=ClusterFacts(architecture="arm64"),
        scheduler=Scheduler(placement=pool("a")),
        executor=CeleryExecutor(broker=broker, sets=sets),
    )
    values = compile_release(settings).values_from_arguments
    assert values["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert values["scheduler"]["nodeSelector"] == {"kubernetes.io/arch": "arm64", "pool": "a"}
    assert "nodeSelector" not in values["triggerer"]
    chosen = {each["name"]: each.get("nodeSelector") for each in values["workers"]["celery"]["sets"]}
    assert chosen["b"] == {"kubernetes.io/arch": "arm64", "pool": "b"}
    assert chosen["amd"] == {"kubernetes.io/arch": "amd64"}


def test_pull_secret_reaches_the_collector_through_its_service_account() -> None:
    collector = OtelCollector(exporters={"debug": {}}, metrics=False, traces=True)
    settings = release(("1.22.0", "3.2.2"), pull_secret=PullSecret("login"), otel_collector=collector)
    compiled = compile_release(settings)
    (account,) = (each for each in compiled.objects.values() if each["kind"] == "ServiceAccount")
    assert account["imagePullSecrets"] == [{"name": "login"}]
    assert compiled.values["otelCollector"]["serviceAccount"] == {"create": False, "name": account["metadata"]["name"]}

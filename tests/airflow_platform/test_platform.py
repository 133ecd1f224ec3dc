"""A whole platform from one settings object, and the profiles of its defaults."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import ClusterFacts, Logs, PlatformError, Volume
from cdk8s_airflow.airflow_platform import (
    AirflowPlatform,
    LabPlatform,
    PlatformSettings,
    ProductionPlatform,
    SmallPlatform,
)
from cdk8s_airflow.app.object_findings import objects_of
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.workloads import footprint_of
from tests.truth import assert_accepted

REQUIRED: dict[str, Any] = {
    "name": "prod",
    "host": "airflow.acme.com",
    "dag_repo": "https://gitlab.acme.lab/data/dags.git",
}
BUCKET = Logs.s3("acme-airflow-logs", region="eu-central-1")


def platform(settings: PlatformSettings) -> cdk8s.App:
    app = cdk8s.App()
    AirflowPlatform(app, "platform", settings=settings)
    return app


def names(app: cdk8s.App) -> list[str]:
    return [
        f"{each['kind']}/{each['metadata'].get('namespace', '')}/{each['metadata']['name']}" for each in objects_of(app)
    ]


PROFILES: dict[str, PlatformSettings] = {
    "lab": LabPlatform(**REQUIRED),
    "small": SmallPlatform(**REQUIRED),
    "production": ProductionPlatform(**REQUIRED, logs=BUCKET, isolation=False),
}


def test_platform_has_namespaces_a_database_and_a_release() -> None:
    assert names(platform(PROFILES["small"])) == [
        "Namespace//airflow-prod",
        "Namespace//airflow-data-prod",
        "Cluster/airflow-data-prod/airflow-pg",
        "HelmChart/kube-system/airflow-prod",
    ]


@pytest.mark.parametrize(
    ("profile", "idle", "tasks", "storage"), [("lab", 6, 4, 5), ("small", 7, 16, 40), ("production", 10, 64, 150)]
)
def test_profile_has_the_size_that_it_documents(profile: str, idle: int, tasks: int, storage: int) -> None:
    app = platform(PROFILES[profile])
    footprint = footprint_of(registry_of(app), objects_of(app))
    assert (footprint.idle.pods, footprint.full.pods - footprint.idle.pods) == (idle, tasks)
    assert footprint.full.storage == storage * 2**30


@pytest.mark.parametrize("profile", PROFILES)
def test_judges_accept_each_profile(profile: str) -> None:
    assert_accepted(objects_of(platform(PROFILES[profile])))


def test_every_default_can_be_overridden() -> None:
    app = platform(LabPlatform(**REQUIRED, database_storage=Volume("7Gi"), schedulers=2, parallel_tasks=10))
    cluster = next(each for each in objects_of(app) if each["kind"] == "Cluster")
    assert cluster["spec"]["storage"] == {"size": "7Gi"}
    footprint = footprint_of(registry_of(app), objects_of(app))
    assert next(each.most for each in footprint.workloads if each.kind == "tasks") == 10


def test_isolation_asks_for_the_facts_that_it_needs() -> None:
    with pytest.raises(PlatformError) as error:
        platform(ProductionPlatform(**REQUIRED, logs=BUCKET, facts=ClusterFacts()))
    assert {finding.path for finding in error.value.findings} == {"15-isolation/isolation"}


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        (lambda: ProductionPlatform(**REQUIRED), "platform/logs"),
        (lambda: LabPlatform(**REQUIRED, schedulers=5), "platform/parallel-tasks"),
        (lambda: LabPlatform(**{**REQUIRED, "host": "not a host"}), "argument/host"),
    ],
)
def test_unsound_settings_are_refused(settings: Any, rule: str) -> None:
    with pytest.raises(PlatformError) as error:
        platform(settings())
    assert [(finding.path, finding.rule) for finding in error.value.findings] == [("platform", rule)]


def test_scope_must_be_the_app() -> None:
    with pytest.raises(PlatformError) as error:
        AirflowPlatform(cdk8s.Chart(cdk8s.App(), "chart"), "platform", settings=PROFILES["lab"])
    assert [finding.rule for finding in error.value.findings] == ["platform/scope"]

"""Inputs whose manifests Kubernetes or Helm would refuse, or that would be lost silently: each is refused, with its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    DagRepoSync,
    ExternalBroker,
    GitSshSecret,
    Image,
    PlatformError,
    PodCleanup,
    Scheduler,
    SecretKey,
    TaskPod,
    TaskPods,
    WorkerSet,
)
from tests.making import make_airflow

RESOURCES = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
EMPTY = [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}]


def celery(**arguments: Any) -> CeleryExecutor:
    return CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")), **arguments)


def git(**arguments: Any) -> Callable[[cdk8s.Chart], dict[str, Any]]:
    given = {"repo": "https://git.example.com/dags.git", "ref": "main", **arguments}
    return lambda chart: {"dags": DagRepoSync(chart, "dags", **given)}


def sidecar(**fields: Any) -> dict[str, Any]:
    container = {"name": "mine", "image": "example.com/mine:1", "resources": RESOURCES, **fields}
    return {"scheduler": Scheduler(containers=[container])}


OWNED, IGNORED, NULL = "values/owned", "values/ignored-key", "values/null"
VALUES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "standard naming": (OWNED, {"useStandardNaming": True}, {"release": "platform"}),
    "image of components": (
        OWNED,
        {"images": {"airflow": {"repository": "r.lab/a"}}},
        {"task_pods": TaskPods(templates={"x": TaskPod(image=Image("r.lab/b", tag="3.2.2"))})},
    ),
    "policies of the chart": (OWNED, {"networkPolicies": {"enabled": True}}, {}),
    "volume for DAG files": (OWNED, {"dags": {"persistence": {"enabled": True}}}, {"chart_version": "1.18.0"}),
    "git-sync": (OWNED, {"dags": {"gitSync": {"enabled": True}}}, {}),
    "database": (OWNED, {"data": {"metadataConnection": {"host": "x"}}}, {}),
    "volume of workers": (OWNED, {"workers": {"celery": {"persistence": {"size": "1Gi"}}}}, {"executor": celery()}),
    "claims without a volume": (
        IGNORED,
        {"workers": {"celery": {"volumeClaimTemplates": [{"metadata": {"name": "x"}, "spec": CLAIM}]}}},
        {"executor": celery()},
    ),
    "null in a context": (NULL, {"securityContexts": {"pod": {"runAsUser": None}}}, {}),
    "null in labels": (OWNED, {"labels": {"x": None}}, {}),
    "old user id": (OWNED, {"uid": 1000}, {}),
    "pull Secrets": (OWNED, {"imagePullSecrets": [{"name": "pull"}]}, {}),
    "replicas of workers": (OWNED, {"workers": {"celery": {"replicas": 3}}}, {"executor": celery()}),
    "job without a user": (IGNORED, {"createUserJob": {"ttlSecondsAfterFinished": 5}}, {}),
    "cleanup with Celery": (IGNORED, {"cleanup": {"schedule": "1 * * * *"}}, {"executor": celery()}),
    "Celery with Kubernetes": (IGNORED, {"workers": {"celery": {"securityContexts": {"pod": {"fsGroup": 5}}}}}, {}),
    "Elasticsearch alone": (OWNED, {"elasticsearch": {"enabled": True}}, {}),
    "Redis alone": (IGNORED, {"redis": {"passwordSecretName": "x"}}, {}),
    "resources of task pods": (OWNED, {"workers": {"resources": {"requests": {"cpu": "1"}}}}, {}),
    "nodes of task pods": (OWNED, {"workers": {"nodeSelector": {"a": "b"}}}, {}),
    "volume of the triggerer": (OWNED, {"triggerer": {"persistence": {"enabled": True}}}, {}),
    "variables": (OWNED, {"env": [{"name": "A", "value": "b"}]}, {}),
    "no variables": (OWNED, {"secret": []}, {"env": {"TOKEN": SecretKey("token", "t")}}),
    "names": (OWNED, {"fullnameOverride": "x"}, {}),
    "tag": (OWNED, {"images": {"airflow": {"tag": "1"}}}, {}),
    "StatsD that is off": (OWNED, {"statsd": {"enabled": True}}, {"statsd": None}),
    "local settings": (OWNED, {"airflowLocalSettings": "x = 1"}, {}),
}
"""Name -> rule, ``values=`` and other arguments."""


@pytest.mark.parametrize("name", VALUES)
def test_values_that_go_around_an_argument_or_have_no_effect_are_refused(name: str) -> None:
    rule, values, arguments = VALUES[name]
    with pytest.raises(PlatformError) as caught:
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), values=values, **arguments)
    assert {finding.rule for finding in caught.value.findings} == {rule}


ARGUMENTS: Mapping[str, tuple[str, Any]] = {
    "chart's container": ("components/container-name", lambda: sidecar(name="scheduler-log-groomer")),
    "variable twice": ("components/variable", lambda: sidecar(env=[{"name": "A", "value": "1"}] * 2)),
    "missing volume": ("components/volume", lambda: sidecar(volumeMounts=[{"name": "none", "mountPath": "/x"}])),
    "one path twice": (
        "components/mount-path",
        lambda: {
            "scheduler": Scheduler(
                volumes=EMPTY, volume_mounts=[{"name": "a", "mountPath": "/x"}, {"name": "b", "mountPath": "/x"}]
            )
        },
    ),
    "over the logs": (
        "components/mount-path",
        lambda: {
            "scheduler": Scheduler(volumes=EMPTY[:1], volume_mounts=[{"name": "a", "mountPath": "/opt/airflow/logs"}])
        },
    ),
    "section in capitals": ("argument/name", lambda: {"config": {"Core": {"parallelism": 3}}}),
    "pair of versions": ("versions/pair", lambda: {"chart_version": "1.15.0", "airflow_version": "3.0.2"}),
    "long Service": (
        "executors/name-length",
        lambda: {
            "release": "airflow-production-data-platform",
            "executor": celery(sets=[WorkerSet(name="high-memory-spot-instances", queues=["a"])]),
        },
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_that_kubernetes_would_refuse_are_refused(name: str) -> None:
    rule, arguments = ARGUMENTS[name]
    with pytest.raises(PlatformError) as caught:
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), **arguments())
    assert {finding.rule for finding in caught.value.findings} == {rule}


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"ref": "abc1234"}, "dags/ref"),
        (
            {
                "repo": "git@git.example.com:dags.git",
                "credentials": GitSshSecret("git"),
                "known_hosts": "other.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample",
            },
            "dags/known-hosts",
        ),
    ],
    ids=["short commit", "other host"],
)
def test_git_settings_that_cannot_work_are_refused(arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(PlatformError) as caught:
        git(**arguments)(cdk8s.Chart(cdk8s.App(), "release"))
    assert [finding.rule for finding in caught.value.findings] == [rule]


def test_schedules_are_those_of_kubernetes() -> None:
    with pytest.raises(PlatformError, match=r"cleanup\.schedule must be a cron schedule"):
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), cleanup=PodCleanup(schedule="60 * * * *"))
    make_airflow(cdk8s.Chart(cdk8s.App(), "release"), cleanup=PodCleanup(schedule="@midnight"))

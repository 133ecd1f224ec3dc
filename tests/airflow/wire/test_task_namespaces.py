"""Task pods in other namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.environment_variables import KubernetesSecretsBackend
from cdk8s_airflow.airflow.executors import LocalExecutor
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.task_pods import TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.task_namespaces import task_namespace_rules
from cdk8s_airflow.dags.volume import ExistingDagVolume
from cdk8s_airflow.model.secret_reference import ConfigMapKey, PullSecret, SecretKey
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release

everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)


with_airflow_3 = pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)


NEWEST = PAIRS[-1]


@with_airflow_3
def test_secrets_and_config_maps_of_each_task_namespace_are_in_the_notes(pair: Pair) -> None:
    settings = release(
        pair,
        dags=git(),
        task_namespaces=("team-a",),
        pull_secret=PullSecret("pull"),
        env={"TOKEN": SecretKey("token", "t"), "MODE": ConfigMapKey("mode", "m")},
        task_pods=TaskPods(templates={"gpu": TaskPod(env={"HUB": SecretKey("hub", "t")})}),
    )
    told = {need.name: need.awaited for need in compile_release(settings).needs if need.namespace == "team-a"}
    assert told == {"git-token": False, "pull": False, "token": False, "hub": False}
    assert all("team-a" in need.command for need in compile_release(settings).needs if need.namespace == "team-a")
    (note,) = (note for note in compile_release(settings).notes if "team-a" in note)
    assert note == (
        "Task pods require these ConfigMaps in namespace team-a: mode\n  kubectl -n team-a get configmap mode"
    )
    assert not [need for need in compile_release(release(pair, dags=git())).needs if need.namespace == "team-a"]


@everywhere
def test_every_version_of_airflow_3_accepts_other_namespaces_and_none_of_2(pair: Pair) -> None:
    settings = release(pair, task_namespaces=("team-a",))
    values = compile_release(settings).values
    assert not check_values(values, chart_version=pair[0], airflow_version=pair[1], executor="KubernetesExecutor")
    assert bool(list(task_namespace_rules(settings))) is (pair not in WITH_AIRFLOW_3)


@pytest.mark.parametrize(
    "changes",
    [
        {"executor": LocalExecutor()},
        {"logs": Logs.existing_claim("logs")},
        {"dags": ExistingDagVolume("dags")},
        {"secrets_backend": KubernetesSecretsBackend()},
        {"task_pods": TaskPods(fernet_key=True)},
        {"task_namespaces": ("team-a", "team-a")},
        {"task_namespaces": ("airflow-lab",)},
    ],
    ids=["executor", "logs", "volume", "backend", "key", "twice", "own"],
)
def test_what_cannot_be_in_another_namespace_is_refused(changes: dict[str, Any]) -> None:
    found = list(task_namespace_rules(release(NEWEST, **{"task_namespaces": ("team-a",), **changes})))
    assert {finding.rule for finding in found} == {"tasks/namespaces"}

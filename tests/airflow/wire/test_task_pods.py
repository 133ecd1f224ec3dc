"""Task pods and service accounts as values, objects and findings, for all pairs of versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.environment_variables import CaBundle
from cdk8s_airflow.airflow.executors import KubernetesExecutor, LocalExecutor
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.service_accounts import account_rules
from cdk8s_airflow.airflow.wire.task_pods import (
    WITHHELD,
    task_pod,
    task_pod_needs,
    task_pod_objects,
    task_pod_parts,
    task_pod_rules,
    task_pod_values,
)
from cdk8s_airflow.model.image import Image, RegistryMirror
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, ExistingConfigMap, ExistingSecret, SecretKey
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount, ServiceAccounts
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, git, release

everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)
with_airflow_3 = pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)
NEWEST = PAIRS[-1]


def default_pod(settings: ReleaseSettings) -> dict[str, Any]:
    return task_pod(task_pod_parts(compile_release(settings).shared), settings.task_pods.default)


def base(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["spec"]["containers"]
    return dict(container)


def names(pod: dict[str, Any]) -> set[str]:
    return {entry["name"] for entry in base(pod)["env"]}


@with_airflow_3
def test_a_task_of_airflow_3_knows_neither_the_database_nor_any_key(pair: Pair) -> None:
    settings = release(pair)
    values = compile_release(settings).values
    pod = yaml.safe_load(values["podTemplate"])
    assert not names(pod) & set(WITHHELD)
    assert {"name": "CONNECTION_CHECK_MAX_COUNT", "value": "0"} in base(pod)["env"]
    assert "secretKeyRef" not in values["podTemplate"]


@with_airflow_3
def test_the_database_comes_back_with_what_decrypts_it_and_without_keys_of_the_api_server(pair: Pair) -> None:
    told = names(default_pod(release(pair, task_pods=TaskPods(metadata_database=True))))
    assert told & set(WITHHELD) == {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW_CONN_AIRFLOW_DB",
        "PGSSLMODE",
        "AIRFLOW__CORE__FERNET_KEY",
    }
    assert "CONNECTION_CHECK_MAX_COUNT" not in told


@with_airflow_3
def test_the_fernet_key_comes_alone_when_asked_for(pair: Pair) -> None:
    told = names(default_pod(release(pair, task_pods=TaskPods(fernet_key=True))))
    assert told & set(WITHHELD) == {"AIRFLOW__CORE__FERNET_KEY"}


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair not in WITH_AIRFLOW_3], ids=called)
def test_with_airflow_2_the_charts_own_template_stays_until_more_is_asked_for(pair: Pair) -> None:
    settings = release(pair, task_pods=TaskPods(metadata_database=True))
    compiled = compile_release(settings)
    assert compiled.values == compiled.values_from_arguments
    settings = release(pair, task_pods=TaskPods(default=TaskPod(priority_class="batch")))
    pod = yaml.safe_load(compile_release(settings).values["podTemplate"])
    assert pod["spec"]["priorityClassName"] == "batch"
    assert names(pod) >= {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__FERNET_KEY"}


@everywhere
def test_a_task_pod_has_all_settings(pair: Pair) -> None:
    given_pod = TaskPod(
        resources=SMALL,
        gpus=2,
        gpu_resource="amd.com/gpu",
        image=Image("r.lab/ml", tag="1", pull_policy="Always"),
        service_account="training",
        priority_class="batch",
        labels={"team": "ml"},
        annotations={"example.com/a": "b"},
        env={"PLAIN": "mine", "TOKEN": SecretKey("hub", "token")},
        env_from=[ExistingSecret("s"), ExistingConfigMap("c")],
        volumes=[{"name": "scratch", "emptyDir": {}}],
        volume_mounts=[{"name": "scratch", "mountPath": "/scratch"}],
        grace_period="2m",
    )
    settings = release(
        pair, env={"PLAIN": "theirs"}, mirror=RegistryMirror("m.lab/x"), task_pods=TaskPods(default=given_pod)
    )
    pod = default_pod(settings)
    container = base(pod)
    assert container["image"] == "m.lab/x/r.lab/ml:1"
    assert container["imagePullPolicy"] == "Always"
    assert container["resources"] == {**SMALL_WIRE, "limits": {**SMALL_WIRE["limits"], "amd.com/gpu": "2"}}
    assert container["envFrom"] == [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}}]
    assert [entry for entry in container["env"] if entry["name"] == "PLAIN"] == [{"name": "PLAIN", "value": "mine"}]
    assert container["volumeMounts"][-1] == {"name": "scratch", "mountPath": "/scratch"}
    assert pod["spec"]["volumes"][-1] == {"name": "scratch", "emptyDir": {}}
    assert pod["spec"]["serviceAccountName"] == "training"
    assert pod["spec"]["priorityClassName"] == "batch"
    assert pod["spec"]["terminationGracePeriodSeconds"] == 120
    assert pod["metadata"]["labels"] == {"tier": "airflow", "component": "worker", "release": "lab", "team": "ml"}
    assert pod["metadata"]["annotations"]["example.com/a"] == "b"


@everywhere
def test_images_of_templates_are_not_overruled_by_airflow_cfg(pair: Pair) -> None:
    named = TaskPods(templates={"ml": TaskPod(image=Image("r.lab/ml", tag="1"))})
    image = Image("r.lab/airflow", digest="sha256:" + "0a" * 32)
    settings = release(pair, image=image, task_pods=named)
    values = compile_release(settings).values
    told = values["config"]["kubernetes_executor"]
    assert (told["worker_container_repository"], told["worker_container_tag"]) == ("", "")
    assert base(default_pod(settings))["image"] == f"r.lab/airflow@{image.digest}"
    without = release(pair, image=image)
    kept = compile_release(without).values["config"]["kubernetes_executor"]
    assert kept["worker_container_tag"] == "0a" * 32


@everywhere
def test_named_templates_reach_the_scheduler_alone_which_rolls_when_they_change(pair: Pair) -> None:
    settings = release(pair, dags=git(), task_pods=TaskPods(templates={"gpu": TaskPod(gpus=1), "big": TaskPod()}))
    values = compile_release(settings).values
    (made,) = task_pod_objects(compile_release(settings).shared).values()
    assert made["metadata"] == {"name": "lab-pod-templates", "namespace": "airflow-lab"}
    assert set(made["data"]) == {"gpu.yaml", "big.yaml"}
    assert (
        yaml.safe_load(made["data"]["gpu.yaml"])["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"]
        == "1"
    )
    assert task_pod_values(settings) == {
        "scheduler": {
            "extraVolumes": [{"name": "pod-templates", "configMap": {"name": "lab-pod-templates"}}],
            "extraVolumeMounts": [
                {"name": "pod-templates", "mountPath": "/opt/airflow/pod_templates/named", "readOnly": True}
            ],
        }
    }
    assert json.dumps(values).count("/opt/airflow/pod_templates/named") == 1
    other = release(pair, dags=git(), task_pods=TaskPods(templates={"gpu": TaskPod(gpus=2), "big": TaskPod()}))
    others = compile_release(other).values
    key = "cdk8s-airflow/pod-templates"
    assert values["scheduler"]["podAnnotations"][key] != others["scheduler"]["podAnnotations"][key]


@everywhere
def test_every_version_accepts_the_values(pair: Pair) -> None:
    pods = TaskPods(
        default=TaskPod(labels={"a": "b"}), templates={"ml": TaskPod(image=Image("r.lab/ml", tag="1"), gpus=1)}
    )
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}
    accounts = ServiceAccounts(
        **{part: ServiceAccount(annotations=role) for part in ("scheduler", "api_server", "triggerer", "migration")},
        workers=ExistingServiceAccount("tasks"),
        dag_processor=ServiceAccount(name="reads"),
    )
    settings = release(pair, task_pods=pods, service_accounts=accounts, dag_processor=DagProcessor())
    values = compile_release(settings).values
    assert not check_values(values, chart_version=pair[0], airflow_version=pair[1], executor="KubernetesExecutor")
    assert not [*task_pod_rules(settings), *account_rules(settings)]


def test_secrets_of_one_kind_of_task_pod_are_needs_that_the_migration_does_not_wait_for() -> None:
    pods = TaskPods(templates={"gpu": TaskPod(env={"T": SecretKey("hub", "token")}, env_from=[ExistingSecret("all")])})
    told = {
        need.name: (need.namespace, tuple(need.keys), need.awaited)
        for need in task_pod_needs(release(NEWEST, task_pods=pods))
    }
    assert told["hub"] == ("airflow-lab", ("token",), False)
    assert told["all"][::2] == ("airflow-lab", False)


def test_there_are_no_task_pod_values_without_task_pods() -> None:
    settings = release(NEWEST, executor=LocalExecutor())
    compiled = compile_release(settings)
    assert compiled.values == compiled.values_from_arguments
    assert task_pod_objects(compiled.shared) == {}
    assert not list(task_pod_rules(settings))
    (found,) = task_pod_rules(release(NEWEST, executor=LocalExecutor(), task_pods=TaskPods(fernet_key=True)))
    assert (found.rule, found.at) == ("tasks/executor", "task_pods")


def test_resources_of_task_pods_are_set_in_one_place() -> None:
    executor = KubernetesExecutor(task_resources=SMALL)
    other = TaskPods(default=TaskPod(resources=Resources(cpu="3", memory="3Gi")))
    (found,) = task_pod_rules(release(NEWEST, executor=executor, task_pods=other))
    assert (found.rule, found.at) == ("tasks/resources", "task_pods.default.resources")
    same = TaskPods(default=TaskPod(resources=SMALL))
    assert not list(task_pod_rules(release(NEWEST, executor=executor, task_pods=same)))
    assert base(default_pod(release(NEWEST, executor=executor)))["resources"] == SMALL_WIRE


def test_a_text_that_no_template_could_carry_is_named_with_its_pod() -> None:
    settings = release(NEWEST, task_pods=TaskPods(templates={"gpu": TaskPod(env={"BAD": "\ud800"})}))
    (found,) = compile_release(settings).pod_templates.findings
    assert found.at.startswith("task_pods.templates.gpu.spec.containers")


@everywhere
def test_a_volume_or_mount_that_the_pod_has_anyway_is_refused(pair: Pair) -> None:
    for spoilt, at in (
        ({"volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "ca-bundle", "emptyDir": {}}]}, "volumes[1].name"),
        (
            {
                "volumes": [{"name": "mine", "emptyDir": {}}],
                "volume_mounts": [{"name": "mine", "mountPath": "/etc/ca-bundle"}],
            },
            "volume_mounts[0].mountPath",
        ),
    ):
        pods = TaskPods(default=TaskPod(env={"A": "b"}), templates={"big": TaskPod(**spoilt)})
        settings = release(pair, task_pods=pods, ca=CaBundle(ConfigMapKey("ca", "ca.crt")))
        found = compile_release(settings).pod_templates.findings
        assert [(f.rule, f.at) for f in found] == [("components/volume", f"task_pods.templates.big.{at}")]


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])), pair=st.sampled_from(PAIRS))
def test_any_string_is_unchanged_in_the_template(text: str, pair: Pair) -> None:
    settings = release(pair, task_pods=TaskPods(templates={"one": TaskPod(env={"TEXT": text})}))
    (made,) = task_pod_objects(compile_release(settings).shared).values()
    read = yaml.safe_load(made["data"]["one.yaml"])["spec"]["containers"][0]["env"]
    assert {"name": "TEXT", "value": text} in read

"""Task pods, compared with the chart's own template, and checked with Kubernetes and a real Airflow."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from cdk8s_airflow.airflow.environment_variables import CaBundle, HttpProxy
from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.task_pods import task_pod, task_pod_parts
from cdk8s_airflow.dags.folder import DagFile, FolderFiles
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.volume import ExistingDagVolume
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image, RegistryMirror
from cdk8s_airflow.model.placement import Placement, Toleration
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import (
    ConfigMapKey,
    ExistingConfigMap,
    ExistingSecret,
    GitSshSecret,
    PullSecret,
    SearchUrlSecret,
    SecretKey,
)
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccounts
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release
from tests.helm.airflow import run_airflow
from tests.helm.rendering import render

KNOWN = "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"
SOURCES: dict[str, Any] = {
    "https": git(ca=ConfigMapKey("git-ca", "ca.crt")),
    "ssh": git(repo="git@git.example.com:dags.git", credentials=GitSshSecret("ssh"), known_hosts=KNOWN),
    "public": git(credentials=None),
    "volume": ExistingDagVolume("claim", sub_path="flows"),
    "folder": FolderFiles(files=(DagFile(path="one.py", text="ONE = '{{ ds }}'"), DagFile(path="two.py", text="2"))),
    "image": DagImage("r.lab/dags", digest="sha256:" + "0a" * 32),
    "none": None,
}


def generated_pod(settings: ReleaseSettings, given: TaskPod) -> dict[str, Any]:
    """A task pod of a release, as it is generated here."""
    return task_pod(task_pod_parts(compile_release(settings).shared), given)


def everything(pair: Pair, source: str) -> ReleaseSettings:
    """A release that says something of all that reaches task pods."""
    dags = SOURCES[source]
    return release(
        pair,
        dags=dags,
        executor=KubernetesExecutor(task_resources=Resources(cpu="2", memory="3Gi")),
        logs=Logs.existing_claim("logs"),
        rotation="r1",
        mirror=None if source == "none" else RegistryMirror("r.lab/m"),
        pull_secret=PullSecret("pull"),
        facts=ClusterFacts(architecture="arm64"),
        env={"PLAIN": "a {{ b }}", "SECRET": SecretKey("s", "k"), "MAP": ConfigMapKey("c", "k")},
        env_from=(ExistingSecret("whole"), ExistingConfigMap("map")),
        proxy=HttpProxy(http="http://proxy.lab:3128"),
        ca=CaBundle(ConfigMapKey("ca", "ca.crt")),
        connections={"lake": SecretKey("lake", "uri")},
        service_accounts=ServiceAccounts(workers=ExistingServiceAccount("tasks")),
    )


def by_name(told: Any) -> Any:
    """Lists of named things as maps, and without what says nothing."""
    if isinstance(told, dict):
        kept = {key: by_name(value) for key, value in told.items() if key == "emptyDir" or value not in (None, [], {})}
        return kept
    if isinstance(told, list) and all(isinstance(each, dict) and "name" in each for each in told):
        named: dict[str, Any] = {}
        for each in told:
            name = each["name"] + (f" at {each['mountPath']}" if "mountPath" in each else "")
            assert name not in named, f"{name} stands twice"
            named[name] = by_name({key: value for key, value in each.items() if key != "name"})
        return named
    return [by_name(each) for each in told] if isinstance(told, list) else told


def variables(pod: Any) -> dict[str, Any]:
    """The variables of the task's container, which are taken out of the pod."""
    taken: dict[str, Any] = by_name(pod["spec"]["containers"][0].pop("env"))
    return taken


DATABASE = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB", "PGSSLMODE"}

WITHHELD: dict[Pair, set[str]] = {
    ("1.18.0", "3.0.2"): {
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
    },
    ("1.20.0", "3.1.8"): {"AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY"},
    ("1.22.0", "3.2.2"): {"AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY"},
}


def copies(names: set[str]) -> set[str]:
    """Variables for Airflow 1, which charts before 1.20 still add."""
    obsolete = (
        "AIRFLOW__KUBERNETES_ENV",
        "AIRFLOW__KUBERNETES_SECRETS__",
        "AIRFLOW__ELASTICSEARCH__ELASTICSEARCH_HOST",
    )
    return {name for name in names if name.startswith(obsolete)}


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_default_pod_is_the_charts_own_but_for_what_tasks_do_not_need(pair: Pair, source: str) -> None:
    settings = everything(pair, source)
    values = compile_release(settings).values_from_arguments
    ours, chart = generated_pod(settings, TaskPod()), render(values, pair[0], release="lab").pod_template
    assert chart is not None
    ours_env, chart_env = variables(ours), variables(chart)
    assert by_name(ours) == by_name(chart)
    assert {name: ours_env[name] for name in ours_env if name in chart_env} == {
        name: chart_env[name] for name in chart_env if name in ours_env
    }
    missing = chart_env.keys() - ours_env.keys() - copies(set(chart_env))
    if pair in WITH_AIRFLOW_3:
        assert missing == WITHHELD[pair] | DATABASE
        assert ours_env.keys() - chart_env.keys() == {"CONNECTION_CHECK_MAX_COUNT"}
        assert ours_env["CONNECTION_CHECK_MAX_COUNT"] == {"value": "0"}
    else:
        assert (missing, ours_env.keys() - chart_env.keys()) == (set(), set())


KEPT_ELSEWHERE: dict[str, Any] = {
    "s3": Logs.s3("logs", connection=SecretKey("s3", "connection"), endpoint="http://minio:9000"),
    "search": Logs.elasticsearch(SearchUrlSecret("search")),
}


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("logs", KEPT_ELSEWHERE)
@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_task_pods_have_the_log_settings_of_the_chart(pair: Pair, logs: str) -> None:
    settings = release(pair, logs=KEPT_ELSEWHERE[logs])
    values = compile_release(settings).values_from_arguments
    ours, chart = generated_pod(settings, TaskPod()), render(values, pair[0], release="lab").pod_template
    ours_env, chart_env = variables(ours), variables(chart)
    assert by_name(ours) == by_name(chart)
    missing = chart_env.keys() - ours_env.keys() - copies(set(chart_env))
    assert missing == (WITHHELD[pair] | DATABASE if pair in WITH_AIRFLOW_3 else set())
    assert all(ours_env[name] == chart_env[name] for name in ours_env if name != "CONNECTION_CHECK_MAX_COUNT")


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)
def test_with_the_metadata_database_only_keys_of_the_api_server_are_withheld(pair: Pair) -> None:
    settings = release(pair, task_pods=TaskPods(metadata_database=True))
    values = compile_release(settings).values_from_arguments
    ours, chart = generated_pod(settings, TaskPod()), render(values, pair[0], release="lab").pod_template
    ours_env, chart_env = variables(ours), variables(chart)
    assert by_name(ours) == by_name(chart)
    missing = chart_env.keys() - ours_env.keys() - copies(set(chart_env))
    assert missing == WITHHELD[pair] - {"AIRFLOW__CORE__FERNET_KEY"}
    assert ours_env == {name: chart_env[name] for name in ours_env}


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_what_helm_makes_of_the_text_is_what_was_generated(pair: Pair) -> None:
    settings = release(
        pair,
        dags=git(),
        task_pods=TaskPods(default=TaskPod(env={"JINJA": "{{ ds }} {{ '%' }}", "YAML": "y", "LINES": "a\nb\n"})),
    )
    rendered = render(compile_release(settings).values, pair[0], release="lab")
    assert rendered.pod_template == generated_pod(settings, settings.task_pods.default)


RICH = TaskPod(
    resources=Resources(cpu="4", memory="16Gi", cpu_limit="8"),
    gpus=2,
    placement=Placement(
        node_selector={"workload": "gpu"},
        tolerations=[Toleration(key="nvidia.com/gpu", effect="NoSchedule")],
        affinity={"nodeAffinity": {}},
    ),
    priority_class="batch",
    service_account="training",
    labels={"team": "ml"},
    annotations={"example.com/owner": "ml"},
    env={"PLAIN": "mine", "TOKEN": SecretKey("hub", "token"), "MODE": ConfigMapKey("mode", "m")},
    env_from=[ExistingSecret("hub")],
    volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}}],
    volume_mounts=[{"name": "scratch", "mountPath": "/scratch"}],
    grace_period="2m",
    image=Image("r.lab/ml", tag="1"),
)

READ = """
import json, sys
from airflow.providers.cncf.kubernetes.kube_config import KubeConfig
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient, V1ObjectMeta, V1Pod
import inspect, pathlib, tempfile
said = json.load(sys.stdin)
file = pathlib.Path(tempfile.mkdtemp()) / "pod.yaml"
file.write_text(said["text"])
base = PodGenerator.deserialize_model_file(str(file))
plain = ApiClient().sanitize_for_serialization(base)
override = V1Pod(metadata=V1ObjectMeta(namespace=said["namespace"])) if said.get("namespace") else None
pod = PodGenerator.construct_pod(
    dag_id="d", task_id="t", pod_id="d-t-1", try_number=1, kube_image=KubeConfig().kube_image, date=None, args=["airflow"],
    pod_override_object=override, base_worker_pod=base, namespace="release", scheduler_job_id="1", run_id="r",
)
print(json.dumps({"read": plain, "made": ApiClient().sanitize_for_serialization(pod)}))
"""


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_kubernetes_executor_reads_every_template_whole_and_makes_a_valid_pod_of_it(pair: Pair) -> None:
    settings = release(pair, dags=git(), task_pods=TaskPods(templates={"gpu": RICH}))
    for given in (TaskPod(), RICH):
        pod = generated_pod(settings, given)
        kubernetes_validate.validate(pod, "1.34", strict=True)
        said = json.dumps({"text": json.dumps(pod), "namespace": "elsewhere"})
        cfg = "[kubernetes_executor]\nworker_container_repository =\nworker_container_tag =\n"
        answer = json.loads(run_airflow(pair[1], cfg, READ, said=said))
        assert answer["read"] == pod
        kubernetes_validate.validate(answer["made"], "1.34", strict=True)
        assert answer["made"]["metadata"]["namespace"] == "elsewhere"
        (base,) = answer["made"]["spec"]["containers"]
        assert base["image"] == pod["spec"]["containers"][0]["image"]
        assert base["resources"] == pod["spec"]["containers"][0]["resources"]

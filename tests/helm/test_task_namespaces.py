"""Task pods in other namespaces: what they read there is what the release reads at home, but for full names."""

from __future__ import annotations

import configparser
import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cdk8s_airflow import (
    ConfigMapKey,
    DagBundles,
    DagRepoSync,
    ExistingServiceAccount,
    GitBundle,
    GitSshSecret,
    GitTokenSecret,
    Logs,
    Namespace,
    PlatformError,
    PullSecret,
    SecretKey,
    ServiceAccounts,
    TaskPod,
    TaskPods,
)
from cdk8s_airflow.airflow.wire.task_namespaces import NOT_FOR_TASKS
from tests.airflow.wire.samples import WITH_AIRFLOW_3
from tests.helm.rendering import Rendered, render_release
from tests.platforms import helm_chart, release

PAIRS = sorted(WITH_AIRFLOW_3)
KNOWN = "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"

SOURCES: dict[str, Any] = {
    "https": lambda chart: DagRepoSync(
        chart,
        "dags",
        repo="https://git.example.com/dags.git",
        ref="main",
        sub_path="flows",
        credentials=GitTokenSecret("git"),
    ),
    "ssh": lambda chart: DagRepoSync(
        chart,
        "dags",
        repo="git@git.example.com:dags.git",
        ref="main",
        credentials=GitSshSecret("git"),
        known_hosts=KNOWN,
    ),
    "bundles": lambda chart: DagBundles(
        GitBundle(
            name="data", repo="https://git.example.com/d.git", ref="main", credentials=SecretKey("git", "connection")
        )
    ),
}


def emitted(pair: tuple[str, str], source: str = "https", **changes: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {
        "task_namespaces": [Namespace.existing("team-a"), Namespace.existing("team-b")],
        "task_pods": TaskPods(templates={"gpu": TaskPod(gpus=1, env={"HUB": SecretKey("hub", "token")})}),
        "logs": Logs.s3("logs", connection=SecretKey("s3", "connection"), endpoint="http://minio.lab:9000"),
        "pull_secret": PullSecret("pull"),
        "env": {"MODE": ConfigMapKey("mode", "m"), "TOKEN": SecretKey("token", "t")},
        "config": {
            "core": {"parallelism": 7, "dag_run_conf_overrides_params": "False"},
            "email": {"subject_template": "{{ ti }}"},
        },
        **changes,
    }
    return release(
        lambda chart: {"dags": SOURCES[source](chart)}, chart_version=pair[0], airflow_version=pair[1], **given
    )


def one(manifests: list[dict[str, Any]], kind: str, name: str, namespace: str) -> dict[str, Any]:
    (found,) = (
        each
        for each in manifests
        if (each["kind"], each["metadata"]["name"], each["metadata"].get("namespace")) == (kind, name, namespace)
    )
    return found


def read(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(text)
    return {section: dict(parser.items(section)) for section in parser.sections()}


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_configuration_is_the_releases_but_for_full_names_of_services(pair: tuple[str, str], source: str) -> None:
    manifests = emitted(pair, source)
    rendered: Rendered = render_release(helm_chart(manifests))
    config = one(manifests, "ConfigMap", "airflow-config", "team-a")["data"]
    ours = read(config["airflow.cfg"])
    home = {section: dict(rendered.airflow_cfg.items(section)) for section in rendered.airflow_cfg.sections()}
    services = "airflow.svc.cluster.local"
    assert ours["core"].pop("execution_api_server_url") == f"http://airflow-api-server.{services}:8080/execution/"
    assert home["core"].pop("execution_api_server_url") == "http://airflow-api-server:8080/execution/"
    assert ours["metrics"].pop("statsd_host") == f"airflow-statsd.{services}"
    assert home["metrics"].pop("statsd_host") == "airflow-statsd"
    for section in NOT_FOR_TASKS:
        assert section not in ours
        home.pop(section, None)
    # Options of the telemetry collector, which does not exist here, and the moved copy that no version from 3.0 on reads.
    for option in ("otel_on", "otel_host", "otel_port"):
        home["metrics"].pop(option, None)
    home.pop("traces", None)
    for option in ("colored_console_log", "remote_logging"):
        if pair[0] == "1.18.0":
            home["core"].pop(option)
    if source != "bundles":
        home.pop("dag_processor", None)
    else:
        listed = ("dag_processor", "dag_bundle_config_list")
        assert json.loads(ours[listed[0]].pop(listed[1])) == json.loads(home[listed[0]].pop(listed[1]))
    assert ours == home
    main = rendered.get("ConfigMap", "airflow-config")["data"]
    assert set(config) == set(main) - {"pod_template_file.yaml"}
    assert config.get("known_hosts", "").strip() == str(main.get("known_hosts", "")).strip()


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_pods_there_are_those_of_the_release_with_another_namespace(pair: tuple[str, str]) -> None:
    manifests = emitted(pair)
    rendered = render_release(helm_chart(manifests))
    data = one(manifests, "ConfigMap", "airflow-pod-templates", "airflow")["data"]
    assert set(data) == {"gpu.yaml", "team-a.yaml", "team-a-gpu.yaml", "team-b.yaml", "team-b-gpu.yaml"}
    pod = yaml.safe_load(data["team-a.yaml"])
    assert pod["metadata"].pop("namespace") == "team-a"
    assert pod == rendered.pod_template
    gpu = yaml.safe_load(data["team-b-gpu.yaml"])
    assert gpu["metadata"].pop("namespace") == "team-b"
    assert gpu == yaml.safe_load(data["gpu.yaml"])
    cfg = rendered.airflow_cfg["kubernetes_executor"]
    assert cfg["multi_namespace_mode"] == "True"
    assert cfg["multi_namespace_mode_namespace_list"] == "airflow,team-a,team-b"
    assert not rendered.find("ClusterRole")
    assert not rendered.find("ClusterRoleBinding")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_rights_there_are_those_of_the_executor_and_of_reading_logs(pair: tuple[str, str]) -> None:
    manifests = emitted(pair)
    for namespace in ("team-a", "team-b"):
        there = [each for each in manifests if each["metadata"].get("namespace") == namespace]
        for each in there:
            kubernetes_validate.validate(each, "1.34", strict=True)
        may = {}
        for each in there:
            if each["kind"] == "RoleBinding":
                role = one(manifests, "Role", each["roleRef"]["name"], namespace)
                for subject in each["subjects"]:
                    assert subject["namespace"] == "airflow"
                    may[subject["name"]] = [(rule["resources"], rule["verbs"]) for rule in role["rules"]]
        operator = [
            (["pods"], ["create", "delete", "get", "list", "patch", "watch"]),
            (["pods/log"], ["get"]),
            (["pods/exec"], ["create", "get"]),
            (["events"], ["list", "watch"]),
        ]
        assert may == {
            "airflow-worker": operator,
            "airflow-triggerer": operator,
            "airflow-scheduler": [(["pods"], ["create", "list", "watch", "patch", "delete"])],
            "airflow-api-server": [(["pods"], ["list"]), (["pods/log"], ["get"])],
        }
        account = one(manifests, "ServiceAccount", "airflow-worker", namespace)
        assert account["automountServiceAccountToken"] is False
        assert sorted(each["kind"] for each in there) == [
            "ConfigMap",
            "Role",
            "Role",
            "Role",
            "RoleBinding",
            "RoleBinding",
            "RoleBinding",
            "ServiceAccount",
        ]


def test_an_account_that_exists_is_not_made_there_either() -> None:
    accounts = ServiceAccounts(workers=ExistingServiceAccount("tasks"))
    manifests = emitted(PAIRS[-1], service_accounts=accounts)
    assert not [each for each in manifests if each["kind"] == "ServiceAccount"]
    data = one(manifests, "ConfigMap", "airflow-pod-templates", "airflow")["data"]
    assert yaml.safe_load(data["team-a.yaml"])["spec"]["serviceAccountName"] == "tasks"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"logs": Logs.existing_claim("logs")}, "cannot connect to the storage of logs="),
        ({"task_pods": TaskPods(metadata_database=True)}, "stay in the release's namespace"),
        ({"task_namespaces": [Namespace.existing("airflow")]}, "is the release's own"),
        ({"task_pods": TaskPods(templates={"team-a": TaskPod()})}, "the name of the template of a task namespace"),
        (
            {"values": {"config": {"core": {"parallelism": "{{ .Release.Name }}"}}}, "config": {}},
            "must not be a Helm template",
        ),
    ],
    ids=["logs", "database", "own", "name", "template"],
)
def test_what_cannot_be_there_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PlatformError) as caught:
        emitted(PAIRS[-1], **changes)
    assert said in str(caught.value)


def test_airflow_2_is_refused() -> None:
    with pytest.raises(
        PlatformError, match=r"each task of Airflow 2 reads the metadata database.*pod_operator_namespaces="
    ):
        emitted(("1.22.0", "2.11.0"))

"""DbtProfiles: the ConfigMap, the Secrets it needs, and the pods that have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from cdk8s_airflow import (
    ConfigMapKey,
    Image,
    Namespace,
    PlatformError,
    PullSecret,
    Resources,
    SecretKey,
    TaskPod,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles, DbtTarget
from cdk8s_airflow.dbt.targets import DbtSetting
from cdk8s_airflow.model.traffic import ClusterComponent, ExternalPeer, PodGroup, Traffic, UnlocatedPeer
from cdk8s_airflow.network import PeerEndpoint
from cdk8s_airflow.network.wire.network_policy import isolation
from tests.making import emitted, new_chart
from tests.network.matrix import FACTS, assert_exact
from tests.truth import assert_accepted

WAREHOUSE = DbtPostgres(
    host="warehouse-rw.data.svc",
    database="warehouse",
    schema="analytics",
    user="dbt",
    password=SecretKey("dbt-warehouse", "password"),
)
PASSWORD = "DBT_ENV_SECRET_WAREHOUSE_PROD_PASSWORD"


def made(chart: Any, **changes: Any) -> DbtProfiles:
    given = {
        "namespace": Namespace.existing("airflow"),
        "profiles": {"warehouse": DbtProfile(targets={"prod": WAREHOUSE})},
        **changes,
    }
    return DbtProfiles(chart, "dbt", **given)


def files(**changes: Any) -> dict[str, Any]:
    chart = new_chart()
    made(chart, **changes)
    (manifest,) = emitted(chart)
    assert_accepted([manifest])
    return {name: yaml.safe_load(text) for name, text in manifest["data"].items()}


def test_defaults() -> None:
    chart = new_chart()
    made(chart)
    (manifest,) = emitted(chart)
    assert (manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"]) == (
        "ConfigMap",
        "airflow",
        "dbt-profiles",
    )
    assert {name: yaml.safe_load(text) for name, text in manifest["data"].items()} == {
        "profiles.yml": {
            "warehouse": {
                "target": "prod",
                "outputs": {
                    "prod": {
                        "type": "postgres",
                        "host": "warehouse-rw.data.svc",
                        "port": 5432,
                        "dbname": "warehouse",
                        "schema": "analytics",
                        "user": "dbt",
                        "password": f"{{{{ env_var('{PASSWORD}') }}}}",
                        "threads": 4,
                        "sslmode": "require",
                        "connect_timeout": 10,
                    }
                },
            }
        }
    }


def test_the_secrets_are_asked_for_and_nothing_of_the_release_waits_for_them() -> None:
    chart = new_chart()
    made(chart)
    ((place, need),) = registry_of(chart).secrets.items()
    assert place == ("airflow", "dbt-warehouse")
    assert set(need.keys) == {"password"}
    assert need.purpose == "dbt: password of target prod in profile warehouse"
    assert not need.awaited


def test_all_of_a_target_reaches_the_file() -> None:
    target = DbtPostgres(
        host="db.example.com",
        port=6432,
        database="w",
        schema="s",
        user=SecretKey("login", "username"),
        password=SecretKey("login", "password"),
        threads=8,
        tls="verify-full",
        ca="/etc/ca/root.pem",
        connect_timeout="1m",
        role="builder",
    )
    read = files(profiles={"w": DbtProfile(targets={"a": WAREHOUSE, "b-c": target}, default="b-c")})["profiles.yml"]
    assert read["w"]["target"] == "b-c"
    assert list(read["w"]["outputs"]) == ["a", "b-c"]
    assert read["w"]["outputs"]["b-c"] == {
        "type": "postgres",
        "host": "db.example.com",
        "port": 6432,
        "dbname": "w",
        "schema": "s",
        "user": "{{ env_var('DBT_ENV_SECRET_W_B_C_USER') }}",
        "password": "{{ env_var('DBT_ENV_SECRET_W_B_C_PASSWORD') }}",
        "threads": 8,
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca/root.pem",
        "connect_timeout": 60,
        "role": "builder",
    }


def test_another_adapter_has_its_own_settings() -> None:
    settings: dict[str, DbtSetting] = {"account": "acme", "threads": 2, "password": SecretKey("snow", "password")}
    read = files(profiles={"s": DbtProfile(targets={"x": DbtTarget(type="snowflake", settings=settings)})})
    assert read["profiles.yml"]["s"]["outputs"]["x"] == {
        "type": "snowflake",
        "account": "acme",
        "threads": 2,
        "password": "{{ env_var('DBT_ENV_SECRET_S_X_PASSWORD') }}",
    }


def test_with_an_image_there_is_a_pod_that_the_strictest_namespace_takes() -> None:
    pod = files(
        image=Image("registry.example.com/data/dbt", tag="1.0.0", pull_policy="Always"),
        pull_secret=PullSecret("registry-login"),
        resources=Resources(cpu="1", memory="2Gi"),
        env={"DBT_TARGET": "prod"},
        folder="/etc/dbt",
    )["pod.yaml"]
    assert_accepted([{**pod, "metadata": {**pod["metadata"], "namespace": "airflow"}}])
    assert pod["metadata"]["labels"] == {"cdk8s-airflow/dbt-profiles": "dbt-profiles"}
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry-login"}]
    assert pod["spec"]["automountServiceAccountToken"] is False
    (base,) = pod["spec"]["containers"]
    assert (base["name"], base["image"], base["imagePullPolicy"]) == (
        "base",
        "registry.example.com/data/dbt:1.0.0",
        "Always",
    )
    assert base["resources"] == {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}
    assert {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in base["env"]} == {
        PASSWORD: {"secretKeyRef": {"name": "dbt-warehouse", "key": "password"}},
        "DBT_LOG_PATH": "/tmp/dbt-logs",
        "DBT_PROFILE": "warehouse",
        "DBT_PROFILES_DIR": "/etc/dbt",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_TARGET": "prod",
        "DBT_TARGET_PATH": "/tmp/dbt-target",
        "HOME": "/tmp",
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in base["volumeMounts"]}
    assert mounts == {"dbt-profiles": "/etc/dbt", "dbt-scratch": "/tmp"}
    assert {volume["name"] for volume in pod["spec"]["volumes"]} == set(mounts)


def test_its_pods_reach_the_warehouse_and_dns_and_nothing_else() -> None:
    server = PodGroup(name="warehouse", namespace="data", labels={"cnpg.io/cluster": "warehouse"})
    targets: dict[str, DbtPostgres | DbtTarget] = {
        "a": replace(WAREHOUSE, peer=server),
        "b": replace(WAREHOUSE, peer=server, schema="other"),
        "c": DbtTarget(type="redshift", settings={"host": "w.example.com", "port": 5439}),
        "d": DbtTarget(type="bigquery", settings={}),
    }
    profiles = made(
        new_chart(),
        profiles={"w": DbtProfile(targets=targets, default="a")},
        image=Image("registry.example.com/data/dbt", tag="1.0.0"),
    )
    traffic = profiles.traffic
    (pods,) = traffic.workloads
    assert (pods.namespace, pods.labels) == ("airflow", {"cdk8s-airflow/dbt-profiles": "dbt-profiles"})
    assert all(flow.source == pods for flow in traffic.flows)
    assert [(flow.target, flow.port, flow.protocol) for flow in traffic.flows] == [
        (ClusterComponent(role="dns"), 53, "UDP"),
        (ClusterComponent(role="dns"), 53, "TCP"),
        (server, 5432, "TCP"),
        (ExternalPeer(name="w.example.com"), 5439, "TCP"),
        (UnlocatedPeer(name="bigquery of dbt-profiles"), 443, "TCP"),
    ]
    places = {"bigquery of dbt-profiles": PeerEndpoint(peer=ExternalPeer(name="bigquery.googleapis.com"))}
    assert assert_exact(isolation([traffic], [], places, FACTS), FACTS, places)


def test_without_a_pod_of_its_own_it_has_no_traffic() -> None:
    assert made(new_chart()).traffic == Traffic()


def test_a_digest_says_which_image_it_is() -> None:
    digest = "sha256:" + "a" * 64
    pod = files(image=Image("registry.example.com/data/dbt", tag="1.0.0", digest=digest))["pod.yaml"]
    assert pod["spec"]["containers"][0]["image"] == f"registry.example.com/data/dbt@{digest}"


def test_a_pod_gets_the_files_and_only_a_pod_that_runs_dbt_the_secrets() -> None:
    profiles = made(new_chart())
    pod = TaskPod(
        env={"A": "1"}, volumes=[{"name": "x", "emptyDir": {}}], volume_mounts=[{"name": "x", "mountPath": "/x"}]
    )
    mounted, running = profiles.mounted_in(pod), profiles.running_in(pod)
    assert mounted.env == {"A": "1"}
    assert dict(running.env) == {**profiles.env, "A": "1"}
    assert running.env[PASSWORD] == SecretKey("dbt-warehouse", "password")
    for changed in (mounted, running):
        assert list(changed.volumes) == [
            {"name": "x", "emptyDir": {}},
            {"name": "dbt-profiles", "configMap": {"name": "dbt-profiles"}},
        ]
        assert list(changed.volume_mounts) == [
            {"name": "x", "mountPath": "/x"},
            {"name": "dbt-profiles", "mountPath": "/profiles", "readOnly": True},
        ]


PROD = {"prod": WAREHOUSE}


@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        ({"profiles": {}}, "dbt/empty", "profiles"),
        ({"profiles": {"w": DbtProfile(targets={})}}, "dbt/empty", "profiles['w'].targets"),
        ({"profiles": {"w": DbtProfile(targets={**PROD, "b": WAREHOUSE})}}, "dbt/default", "profiles['w'].default"),
        ({"profiles": {"w": DbtProfile(targets=PROD, default="dev")}}, "dbt/default", "profiles['w'].default"),
        ({"profiles": {"a b": DbtProfile(targets=PROD)}}, "dbt/name", "profiles"),
        ({"folder": "profiles"}, "dbt/path", "folder"),
        ({"folder": "/tmp/profiles"}, "dbt/path", "folder"),
        ({"folder": "/a/../b"}, "dbt/path", "folder"),
        ({"env": {"DBT_PROFILES_DIR": "/x"}}, "dbt/env", "env.DBT_PROFILES_DIR"),
        ({"env": {"DBT_ENV_SECRET_X": "hunter2"}}, "dbt/env", "env.DBT_ENV_SECRET_X"),
        ({"env": {"X": "{{ y }}"}}, "components/template", "env.X"),
        (
            {"profiles": {"w": DbtProfile(targets={"A": WAREHOUSE, "a": WAREHOUSE}, default="a")}},
            "dbt/variable-twice",
            "profiles",
        ),
    ],
)
def test_refuses(changes: dict[str, Any], rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as error:
        made(new_chart(), **changes)
    (finding,) = error.value.findings
    assert (finding.rule, finding.path) == (rule, "chart/dbt")
    assert finding.at.startswith(at.split("[")[0])
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"password": "hunter2"}, "dbt/literal-secret"),
        ({"token": "hunter2"}, "dbt/literal-secret"),
        ({"private_key": "hunter2"}, "dbt/literal-secret"),
        ({"keyfile_json": "hunter2"}, "dbt/literal-secret"),
        ({"connection": "hunter2"}, "dbt/literal-secret"),
        ({"host": "postgres://u:hunter2@h"}, "dbt/literal-secret"),
        ({"host": "{{ env_var('hunter2') }}"}, "dbt/template"),
        ({"type": "redshift"}, "dbt/setting"),
    ],
)
def test_no_setting_of_any_adapter_takes_a_secret_as_text(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(PlatformError) as error:
        made(new_chart(), profiles={"w": DbtProfile(targets={"x": DbtTarget(type="redshift", settings=settings)})})
    (finding,) = error.value.findings
    assert finding.rule == rule
    assert "hunter2" not in str(error.value)


def test_authorities_are_files_in_the_pods_that_run_dbt() -> None:
    one, two = SecretKey("ca", "root.pem"), ConfigMapKey("lab-ca", "ca.crt")
    checked = replace(WAREHOUSE, tls="verify-full", ca=one)
    targets: dict[str, DbtPostgres | DbtTarget] = {
        "a": checked,
        "b": replace(checked, ca=two),
        "c": checked,
    }
    chart = new_chart()
    profiles = made(
        chart,
        profiles={"w": DbtProfile(targets=targets, default="a")},
        image=Image("registry.example.com/data/dbt", tag="1.0.0"),
    )
    (manifest,) = emitted(chart)
    outputs = yaml.safe_load(manifest["data"]["profiles.yml"])["w"]["outputs"]
    files = [output["sslrootcert"] for output in outputs.values()]
    assert files == [f"/etc/dbt-authorities/{number}/ca.crt" for number in (0, 1, 0)]
    pod = yaml.safe_load(manifest["data"]["pod.yaml"])
    assert_accepted([{**pod, "metadata": {**pod["metadata"], "namespace": "airflow"}}])
    volumes = [
        {"name": "dbt-authority-0", "secret": {"secretName": "ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
        {"name": "dbt-authority-1", "configMap": {"name": "lab-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    assert pod["spec"]["volumes"][2:] == volumes
    mounts = [
        {"name": f"dbt-authority-{n}", "mountPath": f"/etc/dbt-authorities/{n}", "readOnly": True} for n in (0, 1)
    ]
    assert pod["spec"]["containers"][0]["volumeMounts"][2:] == mounts
    running = profiles.running_in(TaskPod())
    assert (list(running.volumes)[1:], list(running.volume_mounts)[1:]) == (volumes, mounts)
    assert len(profiles.mounted_in(TaskPod()).volumes) == 1
    assert ("airflow", "ca") in registry_of(chart).secrets


def test_a_certificate_is_checked_against_something() -> None:
    target = replace(WAREHOUSE, tls="verify-ca")
    with pytest.raises(PlatformError, match="dbt/tls") as error:
        made(new_chart(), profiles={"w": DbtProfile(targets={"x": target})})
    assert [finding.at.rpartition(".")[2] for finding in error.value.findings] == ["ca"]


def test_authorities_that_nobody_asks_are_refused() -> None:
    target = DbtPostgres(
        host="h", database="d", schema="s", user="u", password=SecretKey("p", "p"), tls="require", ca="/ca.pem"
    )
    with pytest.raises(PlatformError, match="dbt/tls"):
        made(new_chart(), profiles={"w": DbtProfile(targets={"x": target})})


def test_an_unsound_one_changes_no_pod() -> None:
    pods: list[object] = []

    def build() -> None:
        with collecting():
            profiles = made(new_chart(), profiles={})
            pods.extend((profiles.mounted_in(TaskPod()), profiles.running_in(TaskPod()), profiles.env))

    with pytest.raises(PlatformError, match="dbt/empty"):
        build()
    assert pods == [TaskPod(), TaskPod(), {}]


def test_paths_of_key_files_are_no_secrets() -> None:
    settings = {"keyfile": "/etc/keys/bq.json", "private_key_path": "/etc/keys/snow.pem"}
    read = files(profiles={"w": DbtProfile(targets={"x": DbtTarget(type="bigquery", settings=settings)})})
    assert read["profiles.yml"]["w"]["outputs"]["x"] == {"type": "bigquery", **settings}

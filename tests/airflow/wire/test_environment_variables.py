"""Variables, connections, proxy, authorities and the secrets backend: what each says, in every dialect."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.environment_variables import CaBundle, HttpProxy, KubernetesSecretsBackend
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.secret_literals import literal_findings
from cdk8s_airflow.airflow.task_pods import TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.duplicate_names import duplicate_variable_rules
from cdk8s_airflow.airflow.wire.environment_variables import (
    ENVIRONMENT,
    backend_readers,
    environment_needs,
    environment_notes,
    environment_objects,
    environment_rules,
    literal,
    no_proxy,
)
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.secret_reference import ConfigMapKey, ExistingConfigMap, ExistingSecret, SecretKey
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release, values_of
from tests.truth import kinds

NEWEST = ("1.22.0", "3.2.2")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)
CA = CaBundle(ConfigMapKey("roots", "all.pem"))
MOUNT = {"name": "ca-bundle", "mountPath": "/etc/ca-bundle", "readOnly": True}
VOLUME = {"name": "ca-bundle", "configMap": {"name": "roots", "items": [{"key": "all.pem", "path": "ca.crt"}]}}


def rules(**changes: Any) -> list[tuple[str, str]]:
    pair = changes.pop("pair", NEWEST)
    return [(finding.rule, finding.at) for finding in environment_rules(release(pair, **changes))]


@every_pair
def test_each_kind_of_variable_goes_where_the_chart_takes_it(pair: Pair) -> None:
    changed = release(
        pair,
        env={"A": "1", "B": SecretKey("s", "b"), "C": ConfigMapKey("m", "c")},
        env_from=[ExistingSecret("whole"), ExistingConfigMap("all")],
        connections={"lake": SecretKey("s", "lake")},
        variables={"Stage": "lab", "api": SecretKey("s", "api")},
    )
    values = values_of(ENVIRONMENT, changed)
    assert yaml.safe_load(values.pop("extraEnv")) == [
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "c"}}}
    ]
    assert yaml.safe_load(values.pop("extraEnvFrom")) == [
        {"secretRef": {"name": "whole"}},
        {"configMapRef": {"name": "all"}},
    ]
    assert values == {
        "env": [{"name": "A", "value": "1"}, {"name": "AIRFLOW_VAR_STAGE", "value": "lab"}],
        "secret": [
            {"envName": "B", "secretName": "s", "secretKey": "b"},
            {"envName": "AIRFLOW_CONN_LAKE", "secretName": "s", "secretKey": "lake"},
            {"envName": "AIRFLOW_VAR_API", "secretName": "s", "secretKey": "api"},
        ],
    }


@every_pair
def test_nothing_asked_for_is_nothing_said(pair: Pair) -> None:
    assert values_of(ENVIRONMENT, release(pair, dags=git())) == {}
    assert environment_objects(release(pair)) == {}
    assert list(environment_needs(release(pair))) == []
    assert list(environment_notes(release(pair))) == []


def expanded(text: str) -> str:
    """What the kubelet makes of a value in which no variable is known: its rules, not ours."""
    result, index = "", 0
    while index < len(text):
        if text[index] == "$" and index + 1 < len(text) and text[index + 1] == "$":
            result, index = result + "$", index + 2
        elif text[index : index + 2] == "$(" and ")" in text[index:]:
            raise AssertionError(f"a reference is left: {text}")
        else:
            result, index = result + text[index], index + 1
    return result


@settings(derandomize=True, max_examples=300, deadline=None)
@given(text=st.text(alphabet="$()aX {}"))
def test_a_plain_text_arrives_as_it_was_written(text: str) -> None:
    assert expanded(literal(text)) == text


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("HTTP_PROXY", "proxy="),
        ("no_proxy", "proxy="),
        ("SSL_CERT_FILE", "ca="),
        ("AIRFLOW_CONN_LAKE", "connections="),
        ("AIRFLOW_VAR_STAGE", "variables="),
        ("AIRFLOW__CORE__PARALLELISM", "config="),
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "database="),
        ("AIRFLOW_CONN_AIRFLOW_DB", "database="),
        ("PGSSLMODE", "database="),
        ("AIRFLOW__KUBERNETES_SECRETS__A", "env="),
        ("_PIP_ADDITIONAL_REQUIREMENTS", "image="),
        ("_AIRFLOW_WWW_USER_CREATE", "admin="),
        ("_AIRFLOW_DB_MIGRATE", "Remove it"),
        ("AIRFLOW_HOME", "Remove it"),
        ("KUBERNETES_SERVICE_HOST", "Remove it"),
        ("CONNECTION_CHECK_MAX_COUNT", "Remove it"),
    ],
)
@pytest.mark.parametrize("value", ["x", SecretKey("s", "k")], ids=["text", "secret"])
def test_a_variable_that_is_somebody_elses_names_whose(name: str, fix: str, value: Any) -> None:
    (finding,) = environment_rules(release(NEWEST, env={name: value}))
    assert (finding.rule, finding.at, finding.seen) == ("environment/owned", f"env.{name}", "")
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_PASSWORD", "abc"),
        ("API_TOKEN", "abc"),
        ("SECRET", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "abc"),
        ("api_key", "abc"),
        ("CREDENTIALS", "abc"),
        ("WAREHOUSE", "postgresql://ann:hunter2@db/x"),
        ("BROKER", "redis://:hunter2@r/0"),
    ],
)
def test_what_looks_like_a_secret_is_refused_and_not_shown(name: str, value: str) -> None:
    for changes in ({"env": {name: value}}, {"variables": {name: value}}):
        (finding,) = environment_rules(release(NEWEST, **changes))
        assert finding.rule == "environment/clear-text"
        assert value not in str(finding)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_URL", "https://login.example.com/token"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("PASSWORD_FILE", "/run/secret"),
        ("PRIMARY_KEY", "id"),
        ("KEYBOARD", "de"),
        ("PASSENGERS", "12"),
        ("TOKEN", ""),
        ("WAREHOUSE", "postgresql://db/x"),
        ("CONTACT", "https://example.com/@ann"),
    ],
)
def test_what_only_sounds_like_one_is_not(name: str, value: str) -> None:
    assert rules(env={name: value}) == []


def test_a_secret_by_reference_may_be_called_one() -> None:
    assert rules(env={"API_TOKEN": SecretKey("s", "k"), "KEY": ConfigMapKey("m", "k")}) == []


@every_pair
def test_a_proxy_is_set_in_upper_and_lower_case_for_airflow_and_git_sync(pair: Pair) -> None:
    changed = release(pair, dags=git(), proxy=HttpProxy(http="http://p:1", https="http://p:2"))
    exceptions = no_proxy(changed)
    told = [
        {"name": name, "value": value}
        for upper, value in (("HTTP_PROXY", "http://p:1"), ("HTTPS_PROXY", "http://p:2"), ("NO_PROXY", exceptions))
        for name in (upper, upper.lower())
    ]
    assert values_of(ENVIRONMENT, changed) == {"env": told}
    assert compile_release(changed).values["dags"]["gitSync"]["env"] == told


def test_exceptions_name_services_networks_and_the_users_own_once() -> None:
    facts = ClusterFacts(cluster_domain="lab.local", pod_networks=["10.42.0.0/16", "fd00::/48"])
    entries = no_proxy(
        release(NEWEST, facts=facts, proxy=HttpProxy(http="http://p:1", no_proxy=[".svc", "a.b"]))
    ).split(",")
    assert len(entries) == len(set(entries))
    assert entries[:3] == ["localhost", "127.0.0.1", "$(KUBERNETES_SERVICE_HOST)"]
    assert {"lab-api-server", ".airflow-lab", ".svc", ".lab.local", "10.42.0.0/16", "a.b"} <= set(entries)
    assert "fd00::/48" not in entries


@every_pair
def test_a_proxy_from_a_secret_needs_a_git_sync_that_reads_one(pair: Pair) -> None:
    proxy = HttpProxy(http="http://p:1", https=SecretKey("proxy", "url"))
    expected = [("environment/proxy", "proxy.https")] if pair[0] == "1.15.0" else []
    assert rules(pair=pair, dags=git(), proxy=proxy) == expected
    assert rules(pair=pair, proxy=proxy) == []


@every_pair
def test_authorities_are_one_volume_and_one_path(pair: Pair) -> None:
    names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"]
    everywhere = {
        "env": [{"name": name, "value": "/etc/ca-bundle/ca.crt"} for name in names],
        "volumes": [VOLUME],
        "volumeMounts": [MOUNT],
    }
    for_git = {
        "env": [{"name": "GIT_SSL_CAINFO", "value": "/etc/ca-bundle/ca.crt"}],
        "extraVolumeMounts": [MOUNT],
    }
    assert values_of(ENVIRONMENT, release(pair, ca=CA)) == everywhere
    sync = compile_release(release(pair, ca=CA, dags=git())).values["dags"]["gitSync"]
    assert {key: sync[key] for key in for_git} == for_git
    own = compile_release(release(pair, ca=CA, dags=git(ca=ConfigMapKey("own", "ca.crt")))).values["dags"]["gitSync"]
    assert own["env"] != for_git["env"]
    assert MOUNT not in own["extraVolumeMounts"]


@pytest.mark.parametrize(
    ("pair", "backend", "own_image", "refused"),
    [
        (("1.15.0", "2.9.3"), {}, False, True),
        (("1.18.0", "2.10.5"), {"provider_version": "10.13.0"}, True, True),
        (("1.22.0", "2.11.0"), {}, False, True),
        (("1.22.0", "2.11.0"), {"provider_version": "10.13.0"}, False, True),
        (("1.22.0", "2.11.0"), {}, True, True),
        (("1.22.0", "2.11.0"), {"provider_version": "10.13.0"}, True, False),
        (("1.20.0", "3.1.8"), {}, False, True),
        (("1.20.0", "3.1.8"), {"provider_version": "10.17.0"}, True, False),
        (NEWEST, {}, False, False),
        (NEWEST, {"namespace": "connections"}, False, False),
    ],
)
def test_the_backend_needs_a_provider_that_has_it(pair: Pair, backend: Any, own_image: bool, refused: bool) -> None:
    image = Image("registry.lab/airflow", tag="1") if own_image else None
    found = rules(pair=pair, secrets_backend=KubernetesSecretsBackend(**backend), image=image)
    assert found == ([("environment/provider", "secrets_backend")] if refused else [])


def test_readers_of_the_backend_may_list_secrets_in_its_namespace_alone() -> None:
    changed = release(NEWEST, secrets_backend=KubernetesSecretsBackend(namespace="connections"))
    objects = environment_objects(changed)
    for manifest in objects.values():
        kinds.assert_accepted(manifest)
        assert manifest["metadata"] == {"name": "lab-secrets-backend", "namespace": "connections"}
    assert objects["secrets-backend-role"]["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
    ]
    binding = objects["secrets-backend-role-binding"]
    assert binding["roleRef"]["name"] == "lab-secrets-backend"
    assert [(s["name"], s["namespace"]) for s in binding["subjects"]] == [
        (f"lab-airflow-{component}", "airflow-lab")
        for component in ("scheduler", "api-server", "triggerer", "dag-processor", "worker")
    ]
    assert values_of(ENVIRONMENT, changed)["config"]["secrets"]["backend_kwargs"] == '{"namespace": "connections"}'


def test_a_task_that_runs_as_somebody_else_may_read_too() -> None:
    pods = TaskPods(templates={"a": TaskPod(service_account="lake"), "b": TaskPod(service_account="lake")})
    changed = release(NEWEST, secrets_backend=KubernetesSecretsBackend(), task_pods=pods)
    binding = environment_objects(changed)["secrets-backend-role-binding"]
    assert [subject["name"] for subject in binding["subjects"]][-2:] == ["lab-airflow-worker", "lake"]


def test_who_is_not_there_reads_nothing() -> None:
    backend = KubernetesSecretsBackend()
    assert backend_readers(release(("1.22.0", "2.11.0"), secrets_backend=backend, triggerer=None)) == [
        "scheduler",
        "webserver",
        "worker",
    ]
    with_processor = release(("1.22.0", "2.11.0"), secrets_backend=backend, dag_processor=DagProcessor())
    assert "dag-processor" in backend_readers(with_processor)
    assert (
        compile_release(with_processor).values_from_arguments["dagProcessor"]["serviceAccount"][
            "automountServiceAccountToken"
        ]
        is True
    )
    without = release(("1.22.0", "2.11.0"), dag_processor=DagProcessor())
    assert (
        compile_release(without).values_from_arguments["dagProcessor"]["serviceAccount"]["automountServiceAccountToken"]
        is False
    )


def test_the_summary_warns_of_connections_in_the_namespace_of_airflows_keys() -> None:
    shared = list(environment_notes(release(NEWEST, secrets_backend=KubernetesSecretsBackend())))
    apart = list(environment_notes(release(NEWEST, secrets_backend=KubernetesSecretsBackend(namespace="c"))))
    assert len(shared) == len(apart) + 1
    assert any("can read all Secrets in namespace airflow-lab" in note for note in shared)


def test_every_key_of_a_secret_is_needed_once() -> None:
    changed = release(
        NEWEST,
        env={"A": SecretKey("s", "a"), "B": SecretKey("s", "a")},
        env_from=[ExistingSecret("whole")],
        connections={"lake": SecretKey("s", "lake")},
        proxy=HttpProxy(http=SecretKey("proxy", "url")),
        ca=CaBundle(SecretKey("roots", "all.pem")),
    )
    found = [(need.name, tuple(need.keys), need.awaited) for need in environment_needs(changed)]
    assert found == [
        ("s", ("a",), True),
        ("s", ("lake",), True),
        ("proxy", ("url",), True),
        ("whole", ("*",), True),
        ("roots", ("all.pem",), False),
    ]


def test_a_secret_that_the_databases_operator_makes_is_nobodys_task() -> None:
    database = DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab")
    changed = release(NEWEST, database=database, env={"PGUSER": SecretKey("pg-app", "username")})
    assert list(environment_needs(changed)) == []


def test_required_config_maps_are_in_the_notes() -> None:
    changed = release(
        NEWEST,
        env={"A": ConfigMapKey("m", "b"), "B": ConfigMapKey("m", "a")},
        env_from=[ExistingConfigMap("all")],
        ca=CA,
    )
    notes = "\n".join(environment_notes(changed))
    assert "ConfigMap m with a, b in namespace" in notes
    assert "ConfigMap all in namespace" in notes
    assert "ConfigMap roots with all.pem" in notes


def twice(values: dict[str, Any] | None = None, pair: Pair = NEWEST, **changes: Any) -> list[tuple[str, str]]:
    changed = release(pair, **changes)
    whole = overlay(compile_release(changed).values_from_arguments, values or {})
    return [
        (finding.at, finding.problem.split()[3].rstrip(","))
        for finding in duplicate_variable_rules(changed, whole, values or {})
    ]


@every_pair
def test_nothing_stands_twice_by_itself(pair: Pair) -> None:
    everything = {
        "env": {"A": "1", "B": SecretKey("s", "b"), "C": ConfigMapKey("m", "c")},
        "connections": {"lake": SecretKey("s", "lake")},
        "proxy": HttpProxy(http="http://p:1"),
        "ca": CA,
        "dags": git(),
    }
    assert twice(pair=pair, **everything) == []
    own = DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab")
    assert twice(pair=pair, database=own, **everything) == []


def test_two_names_that_differ_in_case_only_are_one_variable() -> None:
    connections = {"lake": SecretKey("s", "a"), "LAKE": SecretKey("s", "b")}
    assert twice(connections=connections) == [("connections.lake", "AIRFLOW_CONN_LAKE")]


def test_values_that_say_it_again_are_found() -> None:
    assert twice({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}) == [("values.env", "A")]
    assert twice({"env": [{"name": "A", "value": "1"}]}, env={"A": SecretKey("s", "k")}) == [("env.A", "A")]
    assert twice({"extraEnv": "- name: A\n  value: x\n"}, env={"A": "1"}) == [("values.extraEnv", "A")]
    assert twice({"scheduler": {"env": [{"name": "A", "value": "1"}]}}, env={"A": "1"}) == [("scheduler.env", "A")]
    fernet = {"secret": [{"envName": "AIRFLOW__CORE__FERNET_KEY", "secretName": "s", "secretKey": "k"}]}
    assert twice(fernet) == [("values.secret", "AIRFLOW__CORE__FERNET_KEY")]


@every_pair
def test_what_this_version_does_not_set_is_free(pair: Pair) -> None:
    values = {"env": [{"name": "AIRFLOW__API__SECRET_KEY", "value": "x"}]}
    expected = [("values.env", "AIRFLOW__API__SECRET_KEY")] if pair in WITH_AIRFLOW_3 else []
    assert twice(values, pair=pair) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("USE_TOKEN_AUTH", "true"),
        ("SECRET_SCANNING", "enabled"),
        ("PASSWORD_POLICY", "strict"),
        ("TOKEN_ENDPOINT", "https://sso.acme.lab/token"),
        ("PASSWORD_MIN_LENGTH", "12"),
    ],
)
def test_a_switch_or_a_setting_about_secrets_is_none(name: str, text: str) -> None:
    assert list(literal_findings(f"env.{name}", name, text)) == []


def test_a_short_text_that_is_no_switch_still_is_one() -> None:
    (finding,) = literal_findings("env.USE_TOKEN", "USE_TOKEN", "trueish")
    assert finding.rule == "environment/clear-text"

"""Variables, proxies and backends that are refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import CaBundle, ClusterFacts, HttpProxy, KubernetesSecretsBackend, PlatformError, SecretKey
from tests import test_spoiled as spoiled
from tests.making import emitted, make_airflow, make_dags, new_chart
from tests.test_spoiled import airflow, case

PROXY = "http://proxy.lab:3128"

CASES = [
    case("a password in a variable", airflow(env={"MAIL_PASSWORD": "hunter2"}), "env.MAIL_PASSWORD", "", "SecretKey("),
    case("a password in a URL", airflow(env={"DB": "postgresql://a:hunter2@h/d"}), "env.DB", "", "SecretKey("),
    case(
        "a password in a variable of Airflow",
        airflow(variables={"api_token": "hunter2"}),
        "variables.api_token",
        "",
        "SecretKey(",
    ),
    case("a connection as text", airflow(connections={"lake": "s3://hunter2"}), "connections.lake", "", "SecretKey("),
    case(
        "a connection that no variable can name",
        airflow(connections={"my-lake": SecretKey("s", "k")}),
        "connections (key)",
        "",
        "secrets_backend=",
    ),
    case("a name with a dash", airflow(env={"MY-NAME": "x"}), "env (key)", "", "underscores"),
    case("a number for a text", airflow(env={"RETRIES": 3}), "env.RETRIES", "an int", "SecretKey("),
    case(
        "an option of airflow.cfg",
        airflow(env={"AIRFLOW__CORE__PARALLELISM": "8"}),
        "env.AIRFLOW__CORE__PARALLELISM",
        "",
        "config=",
    ),
    case(
        "the database's URL",
        airflow(env={"AIRFLOW_CONN_AIRFLOW_DB": SecretKey("s", "k")}),
        "env.AIRFLOW_CONN_AIRFLOW_DB",
        "",
        "database=",
    ),
    case("a proxy by hand", airflow(env={"HTTPS_PROXY": PROXY}), "env.HTTPS_PROXY", "", "proxy="),
    case("whole Secrets by name", airflow(env_from=["vendor"]), "env_from[0]", "", "ExistingSecret("),
    case(
        "a proxy with a password",
        airflow(proxy=HttpProxy(http="http://ann:hunter2@proxy.lab:3128")),
        "proxy.http",
        "",
        "SecretKey(",
    ),
    case("a proxy without a scheme", airflow(proxy=HttpProxy(http="proxy.lab:3128")), "proxy.http", "", "http://"),
    case("a proxy with a path", airflow(proxy=HttpProxy(http="http://proxy.lab/pac")), "proxy.http", "", "http://"),
    case("no proxy at all", airflow(proxy=HttpProxy(no_proxy=["a.lab"])), "proxy.http", "None", "remove proxy="),
    case(
        "an exception with a star",
        airflow(proxy=HttpProxy(http=PROXY, no_proxy=["*.lab"])),
        "proxy.no_proxy[0]",
        "'*.lab'",
        ".example.com",
    ),
    case(
        "a network of IPv6",
        airflow(proxy=HttpProxy(http=PROXY, no_proxy=["fd00::/8"])),
        "proxy.no_proxy[0]",
        "'fd00::/8'",
        "IPv4",
    ),
    case(
        "exceptions in one text",
        airflow(proxy=HttpProxy(http=PROXY, no_proxy=["a.lab,b.lab"])),
        "proxy.no_proxy[0]",
        "'a.lab,b.lab'",
        "host",
    ),
    case(
        "a network that is none",
        airflow(facts=ClusterFacts(pod_networks=["10.42.0.0"])),
        "facts.pod_networks[0]",
        "'10.42.0.0'",
        "10.0.0.0/8",
    ),
    case(
        "a certificate as text", airflow(ca=CaBundle("-----BEGIN CERTIFICATE-----")), "ca.source", "", "ConfigMapKey("
    ),  # type: ignore[arg-type]
    case(
        "an old provider",
        airflow(secrets_backend=KubernetesSecretsBackend(provider_version="10.12.4")),
        "secrets_backend.provider_version",
        "'10.12.4'",
        "newer",
    ),
    case(
        "the backend with an old Airflow",
        airflow(chart_version="1.15.0", airflow_version="2.9.3", secrets_backend=KubernetesSecretsBackend()),
        "secrets_backend",
        "2.9.3",
        "connections=",
    ),
    case(
        "the backend with an image that lacks it",
        airflow(chart_version="1.20.0", airflow_version="3.1.8", secrets_backend=KubernetesSecretsBackend()),
        "secrets_backend",
        "provider_version=None",
        "10.13.0",
    ),
    case(
        "a backend by its class",
        airflow(secrets_backend="vault"),
        "secrets_backend",
        "'vault'",
        "KubernetesSecretsBackend(",
    ),
    case(
        "one connection twice",
        airflow(connections={"lake": SecretKey("s", "a"), "LAKE": SecretKey("s", "b")}),
        "connections.lake",
        "",
        "Remove one",
    ),
    case(
        "a variable twice by values",
        airflow(env={"STAGE": "lab"}, values={"secret": [{"envName": "STAGE", "secretName": "s", "secretKey": "k"}]}),
        "values.secret",
        "",
        "env={",
    ),
]


@pytest.mark.parametrize(("spoil", "at", "seen", "fix"), CASES)
def test_it_is_refused_before_anything_is_written(spoil: Any, at: str, seen: str, fix: str) -> None:
    spoiled.test_invalid_input_is_rejected_and_nothing_is_emitted(spoil, at, seen, fix)


def test_a_proxy_from_a_secret_is_refused_where_git_sync_reads_none() -> None:
    def spoil(chart: Any) -> None:
        make_airflow(
            chart,
            chart_version="1.15.0",
            airflow_version="2.9.3",
            dags=make_dags(chart),
            proxy=HttpProxy(https=SecretKey("proxy", "url")),
        )

    spoiled.test_invalid_input_is_rejected_and_nothing_is_emitted(spoil, "proxy.https", "", "1.18.0")


def test_the_role_of_the_secrets_backend_is_emitted() -> None:
    chart = new_chart()
    make_airflow(chart, secrets_backend=KubernetesSecretsBackend(namespace="connections"))
    kinds = {manifest["kind"]: manifest["metadata"]["namespace"] for manifest in emitted(chart)}
    assert kinds["Role"] == kinds["RoleBinding"] == "connections"


def test_a_secret_in_a_variable_of_another_argument_is_one_finding_at_the_argument() -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), env={"AIRFLOW_CONN_LAKE": "https://ci:hunter2@lake.acme.lab"})
    assert [(finding.rule, finding.at) for finding in caught.value.findings] == [
        ("environment/owned", "env.AIRFLOW_CONN_LAKE")
    ]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("chart_version", "argument"),
    [("1.22.0", 'connections={"smtp_default"'), ("1.15.0", 'config={"smtp": {"smtp_password"')],
)
def test_login_of_the_mail_server_as_a_variable_names_the_argument_that_this_version_accepts(
    chart_version: str, argument: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(
            new_chart(), chart_version=chart_version, env={"AIRFLOW__SMTP__SMTP_PASSWORD": SecretKey("s", "k")}
        )
    assert [finding.fix.startswith(f"Use {argument}") for finding in caught.value.findings] == [True]

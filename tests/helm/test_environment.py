"""What real Helm makes of variables, a proxy, authorities and the secrets backend, with every pair of chart and Airflow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk8s_airflow import (
    CaBundle,
    ClusterFacts,
    ConfigMapKey,
    DagProcessor,
    DagRepoSync,
    ExistingConfigMap,
    ExistingSecret,
    HttpProxy,
    Image,
    KubernetesSecretsBackend,
    SecretKey,
)
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Container, Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

CA_VARIABLES = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"}
PROXIES = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}


def rendered(pair: tuple[str, str], change: Any = None, **settings: Any) -> Rendered:
    result = render_release(helm_chart(release(change, chart_version=pair[0], airflow_version=pair[1], **settings)))
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def by_git(chart: Any) -> dict[str, Any]:
    return {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main")}


def airflow_pods(result: Rendered) -> set[str]:
    """Components that run Airflow: the task pod and the migration among them."""
    return {container.pod.component for container in result.containers("airflow")}


def source(container: Container, name: str) -> Any:
    entry = container.env[name]
    return entry["valueFrom"] if "valueFrom" in entry else entry["value"]


def test_every_airflow_container_has_each_variable_from_its_source(pair: tuple[str, str]) -> None:
    result = rendered(
        pair,
        by_git,
        env={
            "STAGE": "lab",
            "TEMPLATE": "{{ ds }} $(HOME) $$ 1e3",
            "SMTP_LOGIN": SecretKey("mail", "login"),
            "REGION": ConfigMapKey("site", "region"),
        },
        env_from=[ExistingSecret("vendor"), ExistingConfigMap("site-variables")],
        connections={"lake": SecretKey("connections", "lake")},
        variables={"bucket": "raw", "api": SecretKey("connections", "api")},
    )
    assert {"scheduler", "triggerer", "worker", "run-airflow-migrations"} <= airflow_pods(result)
    for container in result.containers("airflow"):
        assert source(container, "STAGE") == "lab"
        assert source(container, "TEMPLATE") == "{{ ds }} $$(HOME) $$$$ 1e3"
        assert source(container, "SMTP_LOGIN") == {"secretKeyRef": {"name": "mail", "key": "login"}}
        assert source(container, "REGION") == {"configMapKeyRef": {"name": "site", "key": "region"}}
        assert source(container, "AIRFLOW_CONN_LAKE") == {"secretKeyRef": {"name": "connections", "key": "lake"}}
        assert source(container, "AIRFLOW_VAR_BUCKET") == "raw"
        assert source(container, "AIRFLOW_VAR_API") == {"secretKeyRef": {"name": "connections", "key": "api"}}
        assert container.spec["envFrom"] == [
            {"secretRef": {"name": "vendor"}},
            {"configMapRef": {"name": "site-variables"}},
        ], container.where
    for container in result.containers("git-sync"):
        assert "STAGE" not in container.env


def test_the_migration_waits_for_every_secret_that_a_variable_comes_from(pair: tuple[str, str]) -> None:
    result = rendered(
        pair,
        env={"SMTP_LOGIN": SecretKey("mail", "login")},
        env_from=[ExistingSecret("vendor")],
        connections={"lake": SecretKey("mail", "lake")},
    )
    waiter = result.pod("run-airflow-migrations").container("wait-for-secrets")
    script = waiter.spec["command"][-1]
    assert {"mail/login", "mail/lake"} <= set(script.replace(";", " ").split())
    assert "for name in vendor;" in script
    mounted = {mount["mountPath"].rpartition("/")[2] for mount in waiter.spec["volumeMounts"]}
    assert {"mail", "vendor"} <= mounted


def test_the_proxy_reaches_every_airflow_container_and_git_sync_in_both_forms(pair: tuple[str, str]) -> None:
    result = rendered(
        pair,
        by_git,
        proxy=HttpProxy(http="http://proxy.lab:3128", https="http://proxy.lab:3129", no_proxy=[".lab", "10.1.0.0/16"]),
        facts=ClusterFacts(pod_networks=["10.42.0.0/16", "fd00::/56"], service_networks=["10.43.0.0/16"]),
        dag_processor=DagProcessor(),
    )
    seen = result.containers("airflow", "git-sync")
    assert any(container.pod.component == "worker" and container.role == "git-sync" for container in seen)
    for container in seen:
        told = {name: container.text_env(name) for name in PROXIES}
        assert told["HTTP_PROXY"] == told["http_proxy"] == "http://proxy.lab:3128", container.where
        assert told["HTTPS_PROXY"] == told["https_proxy"] == "http://proxy.lab:3129"
        assert told["NO_PROXY"] == told["no_proxy"]
    text = result.pod("scheduler").container("scheduler").text_env("NO_PROXY")
    assert text is not None
    entries = set(text.split(","))
    services = {str(service["metadata"]["name"]) for service in result.find("Service")}
    assert services <= entries
    assert {"localhost", "127.0.0.1", "$(KUBERNETES_SERVICE_HOST)", ".svc", ".cluster.local", ".airflow"} <= entries
    assert {".lab", "10.1.0.0/16", "10.42.0.0/16", "10.43.0.0/16"} <= entries
    assert not any("::" in entry for entry in entries)
    for container in result.containers("statsd"):
        assert PROXIES.isdisjoint(container.env)


def test_tasks_of_airflow_3_call_a_server_that_is_reached_without_the_proxy(pair: tuple[str, str]) -> None:
    if pair[1] < "3":
        pytest.skip("tasks of Airflow 2 call no server")
    result = rendered(pair, proxy=HttpProxy(http="http://proxy.lab:3128"))
    host = result.airflow_cfg.get("core", "execution_api_server_url").partition("://")[2].partition(":")[0]
    told = result.pod("worker").container("base").text_env("NO_PROXY")
    assert told is not None
    assert host in told.split(",")


def test_a_proxy_with_a_password_comes_from_its_secret_where_git_sync_can_read_one(pair: tuple[str, str]) -> None:
    change = by_git if pair[0] != "1.15.0" else None
    result = rendered(pair, change, proxy=HttpProxy(https=SecretKey("proxy", "url")))
    containers = result.containers("airflow", "git-sync")
    assert len(containers) > 4
    for container in containers:
        for name in ("HTTPS_PROXY", "https_proxy"):
            assert source(container, name) == {"secretKeyRef": {"name": "proxy", "key": "url"}}, container.where
        assert "HTTP_PROXY" not in container.env
    assert (change is None) is (result.containers("git-sync") == [])


@pytest.mark.parametrize("ca", [ConfigMapKey("roots", "all.pem"), SecretKey("roots", "all.pem")], ids=["map", "secret"])
def test_containers_with_variables_for_ca_certificates_mount_them(pair: tuple[str, str], ca: Any) -> None:
    result = rendered(pair, by_git, ca=CaBundle(ca))
    for container in result.containers("airflow"):
        assert {container.text_env(name) for name in CA_VARIABLES} == {"/etc/ca-bundle/ca.crt"}, container.where
    for container in result.containers("git-sync"):
        assert container.text_env("GIT_SSL_CAINFO") == "/etc/ca-bundle/ca.crt"
    for container in result.containers("airflow", "git-sync"):
        (mount,) = (m for m in container.spec["volumeMounts"] if m["mountPath"] == "/etc/ca-bundle")
        (volume,) = (v for v in container.pod.spec["volumes"] if v["name"] == mount["name"])
        found = volume.get("configMap") or volume["secret"]
        assert found.get("name", found.get("secretName")) == "roots"
        assert found["items"] == [{"key": "all.pem", "path": "ca.crt"}]
        assert mount["readOnly"] is True


def test_an_authority_of_the_repository_wins_over_that_of_all(pair: tuple[str, str]) -> None:
    def with_ca(chart: Any) -> dict[str, Any]:
        ca = ConfigMapKey("git-ca", "ca.crt")
        return {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main", ca=ca)}

    result = rendered(pair, with_ca, ca=CaBundle(ConfigMapKey("roots", "ca.crt")))
    assert {c.text_env("GIT_SSL_CAINFO") for c in result.containers("git-sync")} == {"/etc/git-ca/ca.crt"}


def test_the_secrets_backend_is_configured_and_its_readers_may_list_there_and_nowhere_else(
    pair: tuple[str, str],
) -> None:
    if pair[1] in ("2.9.3", "2.10.5"):
        pytest.skip("refused before Airflow 2.11, which tests/airflow/test_environment_variables.py shows")
    own = Image("registry.lab/airflow", tag="1")
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        image=own,
        secrets_backend=KubernetesSecretsBackend(namespace="connections", provider_version="10.17.0"),
        dag_processor=DagProcessor(),
    )
    result = render_release(helm_chart(manifests))
    assert result.airflow_cfg.get("secrets", "backend").endswith(".KubernetesSecretsBackend")
    assert json.loads(result.airflow_cfg.get("secrets", "backend_kwargs")) == {"namespace": "connections"}
    (role,) = (m for m in manifests if m["kind"] == "Role")
    (binding,) = (m for m in manifests if m["kind"] == "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "connections"
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    allowed = {subject["name"] for subject in binding["subjects"]}
    jobs = {"run-airflow-migrations", "create-user-job"}
    readers = {
        str(container.pod.spec["serviceAccountName"]): container.pod
        for container in result.containers("airflow")
        if container.pod.component not in jobs
    }
    assert allowed == set(readers)
    accounts = {str(account["metadata"]["name"]): account for account in result.find("ServiceAccount")}
    for name, pod in readers.items():
        has_token = accounts[name].get("automountServiceAccountToken", True)
        own_volume = any("projected" in volume for volume in pod.spec.get("volumes", []))
        assert pod.spec.get("automountServiceAccountToken", has_token) or own_volume, name


@pytest.mark.parametrize("name", ["lab", "my-airflow"])
def test_the_readers_are_called_what_the_chart_calls_them(pair: tuple[str, str], name: str) -> None:
    if pair[1] < "3.1":
        pytest.skip("the names are the same in all versions; the backend is not in all")
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        release=name,
        image=Image("registry.lab/airflow", tag="1"),
        secrets_backend=KubernetesSecretsBackend(provider_version="10.17.0"),
    )
    result = render_release(helm_chart(manifests))
    (binding,) = (m for m in manifests if m["kind"] == "RoleBinding")
    accounts = {str(account["metadata"]["name"]) for account in result.find("ServiceAccount")}
    assert {subject["name"] for subject in binding["subjects"]} <= accounts

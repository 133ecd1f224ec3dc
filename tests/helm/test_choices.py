"""What real Helm makes of each choice that the HomeLab does not take, with every pair of chart and Airflow."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    ApiServer,
    ClusterFacts,
    ConfigMapKey,
    DagProcessor,
    DagRepoSync,
    DsnSecret,
    ExternalDatabase,
    GitSshSecret,
    Ingress,
    IngressTls,
    Logs,
    Scheduler,
    SecretKey,
    Triggerer,
    Volume,
)
from tests.helm.expectations import (
    assert_database_from,
    assert_env_once,
    assert_git_sync,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

KNOWN_HOSTS = "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"


def rendered(pair: tuple[str, str], change: Any = None, **settings: Any) -> Rendered:
    chart, airflow = pair
    manifest = helm_chart(release(change, chart_version=chart, airflow_version=airflow, **settings))
    result = render_release(manifest)
    assert_env_once(result)
    assert_no_bundled(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def test_in_the_databases_namespace_every_variable_comes_from_the_operators_secret(pair: tuple[str, str]) -> None:
    assert_database_from(rendered(pair), "airflow-pg-app", "uri")


def test_an_external_database_is_read_from_its_secret(pair: tuple[str, str]) -> None:
    database = ExternalDatabase(url=DsnSecret("warehouse"), tls="prefer").connection()
    result = rendered(pair, database=database)
    assert_database_from(result, "warehouse", "connection")
    modes = {c.text_env("PGSSLMODE") for c in result.containers() if "AIRFLOW_CONN_AIRFLOW_DB" in c.env}
    assert modes == {"prefer"}


@pytest.mark.parametrize("ref", ["main", "v1.4.0", "0123456789abcdef0123456789abcdef01234567"])
def test_git_over_ssh_checks_the_host_and_fetches_any_kind_of_ref(pair: tuple[str, str], ref: str) -> None:
    result = rendered(
        pair,
        lambda chart: {
            "dags": DagRepoSync(
                chart,
                "dags",
                repo="git@git.example.com:data/dags.git",
                ref=ref,
                interval="90s",
                depth=3,
                max_failures=4,
                container_name="dags",
                credentials=GitSshSecret("git-key"),
                known_hosts=KNOWN_HOSTS,
            )
        },
    )
    assert_git_sync(
        result,
        repo="git@git.example.com:data/dags.git",
        ref=ref,
        sub_path="",
        interval="90s",
        depth=3,
        max_failures=4,
        container_name="dags",
        ssh_key_secret="git-key",
    )
    known = result.get("ConfigMap", "airflow-config")["data"]["known_hosts"]
    assert known.strip() == KNOWN_HOSTS
    for container in result.containers("git-sync"):
        assert container.text_env("GITSYNC_SSH_KNOWN_HOSTS") == "true"


@pytest.mark.parametrize(
    "ca", [ConfigMapKey("git-ca", "root.pem"), SecretKey("git-ca", "root.pem")], ids=["ConfigMap", "Secret"]
)
def test_a_private_authority_reaches_every_git_sync_container(pair: tuple[str, str], ca: Any) -> None:
    result = rendered(
        pair, lambda chart: {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main", ca=ca)}
    )
    containers = result.containers("git-sync")
    template = result.pod_template
    assert template is not None
    assert any("git-sync" in c["name"] for c in template["spec"]["initContainers"])
    for container in containers:
        path = container.text_env("GIT_SSL_CAINFO")
        assert path is not None
        folder, _, name = path.rpartition("/")
        (mount,) = (m for m in container.spec["volumeMounts"] if m["mountPath"] == folder)
        assert mount["readOnly"] is True
        (volume,) = (v for v in container.pod.spec["volumes"] if v["name"] == mount["name"])
        source = volume.get("configMap") or volume["secret"]
        assert source.get("name", source.get("secretName")) == "git-ca"
        assert source["items"] == [{"key": "root.pem", "path": name}]


def test_without_a_source_of_dags_there_is_no_git_sync(pair: tuple[str, str]) -> None:
    assert rendered(pair).containers("git-sync") == []


def test_logs_never_change_a_volume_claim_template(pair: tuple[str, str]) -> None:
    facts = ClusterFacts(rwx_classes={"nfs"})
    choices = {
        "ephemeral": rendered(pair),
        "claim": rendered(pair, logs=Logs.claim(Volume("5Gi", storage_class="nfs")), facts=facts),
        "existing": rendered(pair, logs=Logs.existing_claim("shared-logs")),
    }
    for result in choices.values():
        assert {kind for kind, _ in result.names} & {"StatefulSet", "PersistentVolumeClaim"} == set()
    assert _claims(choices["ephemeral"]) == set()
    assert _claims(choices["claim"]) == {"airflow-logs"}
    assert _claims(choices["existing"]) == {"shared-logs"}


def _claims(result: Rendered) -> set[str]:
    return {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in result.pods
        for volume in pod.spec.get("volumes", [])
        if "persistentVolumeClaim" in volume
    }


def test_what_is_switched_off_is_not_rendered(pair: tuple[str, str]) -> None:
    result = rendered(pair, triggerer=None, statsd=None)
    assert {pod.component for pod in result.pods} & {"triggerer", "statsd"} == set()


def test_the_dag_processor_runs_where_it_is_asked_for_or_needed(pair: tuple[str, str]) -> None:
    components = {pod.component for pod in rendered(pair).pods}
    assert ("dag-processor" in components) is (pair[1] >= "3")
    assert "dag-processor" in {pod.component for pod in rendered(pair, dag_processor=DagProcessor()).pods}


def test_two_of_each_get_disruption_budgets_and_prefer_different_nodes(pair: tuple[str, str]) -> None:
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        scheduler=Scheduler(replicas=2),
        api_server=ApiServer(replicas=2),
        triggerer=Triggerer(replicas=2),
        dag_processor=DagProcessor(replicas=2),
    )
    result = render_release(helm_chart(manifests))
    budgets = [*result.find("PodDisruptionBudget"), *(m for m in manifests if m["kind"] == "PodDisruptionBudget")]
    server = "webserver" if pair[1] < "3" else "api-server"
    for component in ("scheduler", server, "triggerer", "dag-processor"):
        pod = result.pod(component)
        (constraint,) = pod.spec["topologySpreadConstraints"]
        assert constraint["labelSelector"]["matchLabels"].items() <= pod.labels.items()
        matching = [b for b in budgets if b["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()]
        assert [b["spec"]["maxUnavailable"] for b in matching] == [1], component


def test_a_new_rotation_text_reaches_every_airflow_pod(pair: tuple[str, str]) -> None:
    result = rendered(pair, rotation="2026-11")
    pods = [pod for pod in result.pods if any("airflow:" in c.image for c in pod.containers)]
    assert len(pods) >= 4
    for pod in pods:
        if pod.kind != "Job":
            assert pod.annotations.get("cdk8s-airflow/rotation") == "2026-11", pod.where


def test_the_ui_without_ingress_is_a_cluster_ip(pair: tuple[str, str]) -> None:
    result = rendered(pair)
    assert result.find("Ingress") == []
    server = "webserver" if pair[1] < "3" else "api-server"
    assert result.get("Service", f"airflow-{server}")["spec"]["type"] == "ClusterIP"


def test_an_ingress_without_tls_is_plain_and_an_issuer_of_the_namespace_is_named(pair: tuple[str, str]) -> None:
    plain = rendered(pair, ui=Ingress(host="airflow.lab", annotations={"example.com/a": "b"}))
    (ingress,) = plain.find("Ingress")
    assert "tls" not in ingress["spec"]
    assert "ingressClassName" not in ingress["spec"]
    assert ingress["metadata"]["annotations"] == {"example.com/a": "b"}
    section = "webserver" if pair[1] < "3" else "api"
    assert plain.airflow_cfg.get(section, "base_url") == "http://airflow.lab"
    issued = rendered(pair, ui=Ingress(host="airflow.lab", tls=IngressTls("cert", issuer="own", issuer_kind="Issuer")))
    assert issued.find("Ingress")[0]["metadata"]["annotations"] == {"cert-manager.io/issuer": "own"}


def test_values_are_laid_over_ours(pair: tuple[str, str]) -> None:
    result = rendered(
        pair,
        values={"scheduler": {"revisionHistoryLimit": 3}},
        unchecked_values={"config": {"core": {"parallelism": "77"}}},
    )
    assert result.get("Deployment", "airflow-scheduler")["spec"]["revisionHistoryLimit"] == 3
    assert result.airflow_cfg.get("core", "parallelism") == "77"


def test_another_release_name_runs_through_every_name(pair: tuple[str, str]) -> None:
    name = "a" * 40
    result = rendered(pair, release=name)
    for manifest in result.manifests:
        assert manifest["metadata"]["name"].startswith(name)
        if manifest["kind"] in ("Deployment", "Job", "Service"):
            assert len(manifest["metadata"]["name"]) <= 63

"""Executor, keys, database, DAGs, logs, exposure, security and delivery: what each says, in every dialect."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.exposure import Ingress, IngressTls
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.wire.dags import DAGS, dag_needs
from cdk8s_airflow.airflow.wire.database import DATABASE, database_needs, database_rules
from cdk8s_airflow.airflow.wire.delivery import delivery_rules
from cdk8s_airflow.airflow.wire.executors import EXECUTOR
from cdk8s_airflow.airflow.wire.exposure import EXPOSURE, exposure_needs
from cdk8s_airflow.airflow.wire.keys import KEYS, key_needs, key_rules
from cdk8s_airflow.airflow.wire.logs import LOGS, log_objects, log_rules
from cdk8s_airflow.airflow.wire.security import SECURITY
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import (
    AirflowKeys,
    ConfigMapKey,
    FernetKeySecret,
    GitSshSecret,
    GitTokenSecret,
    SecretKey,
)
from cdk8s_airflow.model.volume import Volume
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, git, release, values_of

NEWEST = ("1.22.0", "3.2.2")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


@every_pair
def test_the_executor_has_no_broker_and_task_pods_have_resources(pair: Pair) -> None:
    common = {
        "executor": "KubernetesExecutor",
        "redis": {"enabled": False},
        "data": {"brokerUrlSecretName": "lab-no-broker"},
    }
    workers = (
        {"kubernetes": {"resources": SMALL_WIRE}} if pair[0] in ("1.20.0", "1.22.0") else {"resources": SMALL_WIRE}
    )
    settings = release(pair, executor=KubernetesExecutor(task_resources=SMALL))
    assert values_of(EXECUTOR, settings) == {**common, "workers": workers}


@every_pair
def test_keys_are_named_and_nobody_gets_the_well_known_user(pair: Pair) -> None:
    session = (
        {"apiSecretKeySecretName": "k-api-secret-key", "jwtSecretName": "k-jwt-secret"}
        if pair in WITH_AIRFLOW_3
        else {"webserverSecretKeySecretName": "k-webserver-secret-key"}
    )
    user = (
        {"createUserJob": {"enabled": False}}
        if pair[0] in ("1.20.0", "1.22.0")
        else {"webserver": {"defaultUser": {"enabled": False}}}
    )
    assert values_of(KEYS, release(pair)) == {"fernetKeySecretName": "k-fernet-key", **session, **user}


@every_pair
def test_a_key_that_the_version_reads_and_nobody_named_is_found(pair: Pair) -> None:
    found = list(key_rules(release(pair, keys=AirflowKeys(fernet=FernetKeySecret("f")))))
    expected = ["keys.api", "keys.jwt"] if pair in WITH_AIRFLOW_3 else ["keys.webserver"]
    assert [(finding.rule, finding.at) for finding in found] == [("secrets/key-missing", at) for at in expected]
    assert list(key_rules(release(pair))) == []


@every_pair
def test_the_secrets_with_keys_are_made_at_random(pair: Pair) -> None:
    made = {need.name: dict(need.keys) for need in key_needs(release(pair))}
    expected = (
        {"k-api-secret-key": ["api-secret-key"], "k-jwt-secret": ["jwt-secret"]}
        if pair in WITH_AIRFLOW_3
        else {"k-webserver-secret-key": ["webserver-secret-key"]}
    )
    assert {name: list(keys) for name, keys in made.items()} == {"k-fernet-key": ["fernet-key"], **expected}


@every_pair
@pytest.mark.parametrize("tls", ["disable", "prefer", "require"])
def test_a_url_under_the_charts_own_key_is_wired_by_the_chart(pair: Pair, tls: Any) -> None:
    assert values_of(DATABASE, release(pair, database=DatabaseConnection(secret="metadata", tls=tls))) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "metadata"},
        "env": [{"name": "PGSSLMODE", "value": tls}],
    }


@every_pair
def test_a_url_under_another_key_is_wired_by_us_and_by_nobody_else(pair: Pair) -> None:
    off = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": False, "AIRFLOW_CONN_AIRFLOW_DB": False}
    if pair[0] in ("1.15.0", "1.18.0"):
        off["AIRFLOW__CORE__SQL_ALCHEMY_CONN"] = False
    assert values_of(DATABASE, release(pair, database=DatabaseConnection(secret="pg-app", secret_key="uri"))) == {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": "pg-app"},
        "env": [{"name": "PGSSLMODE", "value": "require"}],
        "enableBuiltInSecretEnvVars": off,
        "secret": [
            {"envName": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "secretName": "pg-app", "secretKey": "uri"},
            {"envName": "AIRFLOW_CONN_AIRFLOW_DB", "secretName": "pg-app", "secretKey": "uri"},
        ],
    }


@pytest.mark.parametrize(
    ("database", "rules"),
    [
        (DatabaseConnection(secret="a"), []),
        (DatabaseConnection(secret="a", secret_namespace="airflow-lab"), []),
        (DatabaseConnection(secret="a", secret_namespace="elsewhere"), ["database/needs-bridge"]),
        (DatabaseConnection(secret="a", postgres_major=13), ["versions/postgres"]),
    ],
    ids=["same-release", "same-namespace", "elsewhere", "old-postgres"],
)
def test_whether_airflow_can_read_the_url(database: DatabaseConnection, rules: list[str]) -> None:
    assert [finding.rule for finding in database_rules(release(NEWEST, database=database))] == rules


def test_an_error_about_a_missing_bridge_names_every_way() -> None:
    (finding,) = database_rules(release(NEWEST, database=DatabaseConnection(secret="a", secret_namespace="elsewhere")))
    for way in (
        "connection(bridge=",
        "by hand",
        "SecretBridge",
        "SecretBootstrap",
        "create the database in 'airflow-lab'",
    ):
        assert way in finding.fix


def test_a_url_that_the_operator_writes_is_nobodys_task() -> None:
    there = DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab")
    assert list(database_needs(release(NEWEST, database=there))) == []


def test_a_url_is_made_from_the_password_where_that_is_known_and_typed_otherwise() -> None:
    known = DatabaseConnection(secret="m", url=("postgresql://a:", "@h:5432/a"), password=("data", "pg-app"))
    (copied,) = database_needs(release(NEWEST, database=known))
    assert "kubectl -n data get secret pg-app" in copied.command
    (typed,) = database_needs(release(NEWEST, database=DatabaseConnection(secret="m")))
    assert typed.command.startswith("read -rsp 'Database URL: ' ")
    assert (copied.name, copied.namespace) == (typed.name, typed.namespace) == ("m", "airflow-lab")


@every_pair
def test_git_sync_has_the_same_ref_in_every_key(pair: Pair) -> None:
    assert values_of(DAGS, release(pair, dags=git())) == {
        "dags": {
            "gitSync": {
                "enabled": True,
                "repo": "https://git.example.com/dags.git",
                "ref": "v1",
                "branch": "v1",
                "rev": "HEAD",
                "subPath": "flows",
                "period": "2m",
                "depth": 3,
                "maxFailures": 7,
                "containerName": "pull",
                "resources": SMALL_WIRE,
                "credentialsSecret": "git-token",
                "securityContexts": {"container": {"runAsUser": 65533, **CONTAINER}},
            }
        }
    }


def test_git_without_credentials_names_no_secret() -> None:
    sync = values_of(DAGS, release(NEWEST, dags=git(credentials=None)))["dags"]["gitSync"]
    assert {"credentialsSecret", "sshKeySecret", "knownHosts"}.isdisjoint(sync)
    assert list(dag_needs(release(NEWEST, dags=git(credentials=None)))) == []


def test_git_over_ssh_has_a_key_and_host_keys_that_end_in_one_line_break() -> None:
    ssh = git(repo="git@h:d.git", credentials=GitSshSecret("git-ssh"), known_hosts="h ssh-ed25519 AAAA\n\n")
    sync = values_of(DAGS, release(NEWEST, dags=ssh))["dags"]["gitSync"]
    assert sync["sshKeySecret"] == "git-ssh"
    assert sync["knownHosts"] == "h ssh-ed25519 AAAA\n"
    assert "credentialsSecret" not in sync
    (need,) = dag_needs(release(NEWEST, dags=ssh))
    assert list(need.keys) == ["gitSshKey"]


@pytest.mark.parametrize(
    ("ca", "source"),
    [
        (
            SecretKey("ca", "root.pem"),
            {"secret": {"secretName": "ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
        ),
        (
            ConfigMapKey("ca", "root.pem"),
            {"configMap": {"name": "ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
        ),
    ],
    ids=["secret", "config-map"],
)
@every_pair
def test_a_private_authority_reaches_every_git_sync_by_a_global_volume(
    pair: Pair, ca: SecretKey | ConfigMapKey, source: dict[str, object]
) -> None:
    values = values_of(DAGS, release(pair, dags=git(ca=ca)))
    assert values["volumes"] == [{"name": "git-ca", **source}]
    sync = values["dags"]["gitSync"]
    assert sync["env"] == [{"name": "GIT_SSL_CAINFO", "value": "/etc/git-ca/ca.crt"}]
    assert sync["extraVolumeMounts"] == [{"name": "git-ca", "mountPath": "/etc/git-ca", "readOnly": True}]


def test_no_dag_source_leaves_nothing() -> None:
    assert values_of(DAGS, release(NEWEST)) == {}
    assert list(dag_needs(release(NEWEST))) == []


@pytest.mark.parametrize(
    ("logs", "persistence"),
    [
        (Logs.ephemeral(), {"enabled": False}),
        (Logs.existing_claim("kept"), {"enabled": True, "existingClaim": "kept"}),
        (Logs.claim(Volume("1Gi")), {"enabled": True, "existingClaim": "lab-logs"}),
    ],
    ids=["ephemeral", "existing", "claim"],
)
@every_pair
def test_logs_name_a_claim_or_none(pair: Pair, logs: Logs, persistence: dict[str, object]) -> None:
    assert values_of(LOGS, release(pair, logs=logs)) == {"logs": {"persistence": persistence}}


def test_the_claim_for_logs_is_ours_kept_and_has_a_mode_that_the_class_can_do() -> None:
    logs = Logs.claim(Volume("20Gi", storage_class="longhorn"))
    many = release(NEWEST, logs=logs, facts=ClusterFacts(rwx_classes={"longhorn"}))
    assert list(log_rules(many)) == []
    claim = log_objects(many)["logs"]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "20Gi"}},
        "storageClassName": "longhorn",
    }
    assert (claim["kind"], claim["metadata"]["name"], claim["metadata"]["namespace"]) == (
        "PersistentVolumeClaim",
        "lab-logs",
        "airflow-lab",
    )
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    one = release(NEWEST, logs=logs, facts=ClusterFacts(nodes=1))
    assert log_objects(one)["logs"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    (finding,) = log_rules(release(NEWEST, logs=logs))
    assert finding.rule == "storage/not-shared"


@pytest.mark.parametrize("logs", [Logs.ephemeral(), Logs.existing_claim("kept")], ids=["ephemeral", "existing"])
def test_other_logs_make_no_object_and_break_no_rule(logs: Logs) -> None:
    assert log_objects(release(NEWEST, logs=logs)) == {}
    assert list(log_rules(release(NEWEST, logs=logs))) == []


@every_pair
def test_without_an_ingress_there_is_a_service_in_the_cluster(pair: Pair) -> None:
    server = "apiServer" if pair in WITH_AIRFLOW_3 else "webserver"
    assert values_of(EXPOSURE, release(pair)) == {server: {"service": {"type": "ClusterIP"}}}
    assert list(exposure_needs(release(pair))) == []


@every_pair
def test_an_ingress_has_the_host_with_its_own_tls_and_the_base_url_follows(pair: Pair) -> None:
    ui = Ingress(
        host="a.example.com",
        class_name="nginx",
        tls=IngressTls("cert", issuer="lab-ca"),
        annotations={"x.io/size": "8m"},
    )
    ingress = {
        "enabled": True,
        "hosts": [{"name": "a.example.com", "tls": {"enabled": True, "secretName": "cert"}}],
        "path": "/",
        "pathType": "Prefix",
        "ingressClassName": "nginx",
        "annotations": {"x.io/size": "8m", "cert-manager.io/cluster-issuer": "lab-ca"},
    }
    if pair in WITH_AIRFLOW_3:
        expected = {
            "apiServer": {"service": {"type": "ClusterIP"}},
            "ingress": {"apiServer": ingress},
            "config": {"api": {"base_url": "https://a.example.com"}},
        }
    else:
        expected = {
            "webserver": {"service": {"type": "ClusterIP"}},
            "ingress": {"web": ingress},
            "config": {"webserver": {"base_url": "https://a.example.com"}},
        }
    assert values_of(EXPOSURE, release(pair, ui=ui)) == expected
    assert list(exposure_needs(release(pair, ui=ui))) == []


def test_a_plain_ingress_says_no_more_than_it_knows() -> None:
    values = values_of(EXPOSURE, release(NEWEST, ui=Ingress(host="a.example.com")))
    assert values["ingress"]["apiServer"] == {
        "enabled": True,
        "hosts": [{"name": "a.example.com"}],
        "path": "/",
        "pathType": "Prefix",
    }
    assert values["config"]["api"]["base_url"] == "http://a.example.com"


def test_an_issuer_in_the_namespace_has_another_annotation() -> None:
    ui = Ingress(host="a.example.com", tls=IngressTls("cert", issuer="own", issuer_kind="Issuer"))
    assert values_of(EXPOSURE, release(NEWEST, ui=ui))["ingress"]["apiServer"]["annotations"] == {
        "cert-manager.io/issuer": "own"
    }


def test_a_certificate_without_an_issuer_has_to_be_made() -> None:
    (need,) = exposure_needs(release(NEWEST, ui=Ingress(host="a.example.com", tls=IngressTls("cert"))))
    assert (need.name, need.type, list(need.keys)) == ("cert", "kubernetes.io/tls", ["tls.crt", "tls.key"])


CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@every_pair
def test_every_pod_is_restricted(pair: Pair) -> None:
    seccomp = {"seccompProfile": {"type": "RuntimeDefault"}}
    assert values_of(SECURITY, release(pair, dags=git())) == {
        "securityContexts": {
            "pod": {"runAsNonRoot": True, "runAsUser": 50000, "fsGroup": 0, **seccomp},
            "containers": CONTAINER,
        },
        "statsd": {
            "securityContexts": {
                "pod": {"runAsNonRoot": True, "runAsUser": 65534, **seccomp},
                "container": CONTAINER,
            }
        },
    }


def test_what_is_not_there_is_not_restricted_either() -> None:
    assert set(values_of(SECURITY, release(NEWEST, statsd=None))) == {"securityContexts"}


@pytest.mark.parametrize(
    ("delivery", "facts", "rules"),
    [
        (K3sHelmChart(), ClusterFacts(), []),
        (K3sHelmChart(namespace="airflow-lab"), ClusterFacts(), ["delivery/shared-namespace"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.16.24"), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.16.25"), []),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.17.5"), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.18.0"), []),
        (K3sHelmChart(failure_policy="reinstall"), ClusterFacts(), []),
    ],
    ids=["default", "shared", "unknown", "old", "new", "old-of-next", "next", "reinstall"],
)
def test_delivery_and_cluster_fit_together(delivery: K3sHelmChart, facts: ClusterFacts, rules: list[str]) -> None:
    assert [finding.rule for finding in delivery_rules(release(NEWEST, delivery=delivery, facts=facts))] == rules


def test_one_secret_for_two_contracts_is_found_once_for_each_further_one() -> None:
    settings = release(
        NEWEST,
        database=DatabaseConnection(secret="k-fernet-key"),
        dags=git(credentials=GitTokenSecret("k-fernet-key")),
        ui=Ingress(host="a.example.com", tls=IngressTls("other")),
    )
    assert [(finding.rule, finding.at) for finding in shared_secret_rules(settings)] == [
        ("secrets/shared", "database"),
        ("secrets/shared", "dags.credentials"),
    ]
    assert list(shared_secret_rules(release(NEWEST, dags=git()))) == []

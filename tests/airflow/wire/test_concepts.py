"""All concepts of a release together: no two of them write one key, and the chart accepts the keys of all."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, Scheduler, Triggerer
from cdk8s_airflow.airflow.exposure import Ingress, IngressTls
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.pod_parts import config_option_values, pod_part_values
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release

EVERYTHING = {
    "dags": git(ca=SecretKey("git-ca", "ca.crt")),
    "database": DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab"),
    "logs": Logs.claim(Volume("1Gi")),
    "ui": Ingress(
        host="a.example.com", class_name="nginx", tls=IngressTls("tls", issuer="ca"), annotations={"a/b": "c"}
    ),
    "scheduler": Scheduler(replicas=2),
    "api_server": ApiServer(replicas=2),
    "triggerer": Triggerer(replicas=2),
    "dag_processor": DagProcessor(replicas=2),
    "rotation": "7",
    "facts": ClusterFacts(nodes=1),
}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_no_two_concepts_own_one_key_and_the_chart_takes_all_of_them(pair: Pair, changes: dict[str, object]) -> None:
    compiled = compile_release(release(pair, **changes))
    values = compiled.values_from_arguments
    assert check_values(values, chart_version=pair[0], airflow_version=pair[1], executor="KubernetesExecutor") == []
    assert compiled.setting_findings == ()
    alone = [
        *(concept.values(compiled.settings) for concept in compiled.concepts),
        *(concept.values_from(compiled.shared) for concept in compiled.concepts),
        pod_part_values(compiled.shared.parts),
        config_option_values(compiled.shared.config),
    ]
    from_every_release = {"config"} if pair in WITH_AIRFLOW_3 else set()
    assert set(values) == {key for tree in alone for key in tree} | from_every_release


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_roots_of_the_values_are_exactly_these(pair: Pair) -> None:
    roots = set(compile_release(release(pair)).values_from_arguments)
    everywhere = {
        "airflowLocalSettings",
        "airflowVersion",
        "data",
        "defaultAirflowTag",
        "env",
        "executor",
        "fernetKeySecretName",
        "images",
        "logs",
        "migrateDatabaseJob",
        "postgresql",
        "redis",
        "scheduler",
        "securityContexts",
        "statsd",
        "triggerer",
        "workers",
    }
    if pair in WITH_AIRFLOW_3:
        own = {"apiSecretKeySecretName", "apiServer", "config", "dagProcessor", "jwtSecretName"}
    else:
        own = {"dagProcessor", "webserver", "webserverSecretKeySecretName"}
    if pair[0] in ("1.20.0", "1.22.0"):
        own |= {"createUserJob"}
    elif pair in WITH_AIRFLOW_3:
        own |= {"webserver"}
    if pair[0] == "1.22.0":
        own |= {"enableServiceLinks"}
    assert roots == everywhere | own


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_objects_of_everything_are_the_claim_and_the_budgets_that_the_chart_lacks(pair: Pair) -> None:
    expected = {"logs"}
    if pair[0] in ("1.15.0", "1.18.0"):
        expected |= {"triggerer-disruption-budget", "dag-processor-disruption-budget"}
    assert set(compile_release(release(pair, **EVERYTHING)).objects) == expected
    assert compile_release(release(pair)).objects == {}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_secrets_of_a_release_are_those_that_its_version_reads(pair: Pair) -> None:
    names = [need.name for need in compile_release(release(pair, dags=git())).needs]
    if pair in WITH_AIRFLOW_3:
        keys = ["k-fernet-key", "k-api-secret-key", "k-jwt-secret"]
    else:
        keys = ["k-fernet-key", "k-webserver-secret-key"]
    assert names == [*keys, "metadata", "git-token"]
    assert {need.namespace for need in compile_release(release(pair)).needs} == {"airflow-lab"}

"""CnpgPooler: what the operator reads, what it would refuse, and the way through it."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdk8s_airflow import (
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CnpgCluster,
    CnpgPooler,
    ConfigMapKey,
    DisruptionBudget,
    DsnSecret,
    ExistingSecret,
    ExternalBroker,
    Namespace,
    Placement,
    PlatformError,
    PoolerMonitoring,
    PullSecret,
    RegistryMirror,
    Resources,
    ResultBackendSecret,
    SecretBootstrap,
    SecretKey,
    Toleration,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.database.connection import DatabaseAddress
from cdk8s_airflow.database.wire.pooler import (
    ALLOWED,
    HAS_ARGUMENT,
    PoolerSettings,
    pooler_manifest,
    pooler_objects,
    pooler_pods,
)
from cdk8s_airflow.database.wire.traffic import instances
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.schemas import check_manifest
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.truth import assert_accepted


def make_pooler(chart: Any, **changes: Any) -> CnpgPooler:
    cluster = changes.pop("cluster", None) or make_cluster(chart)
    return CnpgPooler(chart, "pooler", cluster=cluster, **changes)


def poolers(chart: Any) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in emitted(chart) if each["kind"] != "Cluster"}


def refused(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as caught:
        make_pooler(new_chart(), **changes)
    return [(finding.rule, finding.at) for finding in caught.value.findings]


def test_defaults() -> None:
    chart = new_chart()
    make_pooler(chart)
    assert poolers(chart) == {
        "Pooler": {
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Pooler",
            "metadata": {"name": "airflow-pg-pooler", "namespace": "airflow-data"},
            "spec": {
                "cluster": {"name": "airflow-pg"},
                "instances": 1,
                "type": "rw",
                "pgbouncer": {
                    "poolMode": "transaction",
                    "parameters": {
                        "max_client_conn": "100",
                        "default_pool_size": "10",
                        "max_prepared_statements": "200",
                    },
                },
                "template": {
                    "metadata": {"labels": {"cnpg.io/poolerName": "airflow-pg-pooler"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "pgbouncer",
                                "resources": {
                                    "requests": {"cpu": "50m", "memory": "64Mi"},
                                    "limits": {"memory": "128Mi"},
                                },
                            }
                        ]
                    },
                },
            },
        }
    }
    assert_accepted(emitted(chart))


def test_everything_said() -> None:
    chart = new_chart()
    make_pooler(
        chart,
        name="front",
        max_clients=400,
        pool_size=20,
        mode="session",
        instances=3,
        parameters={"server_idle_timeout": "300"},
        image="ghcr.io/cloudnative-pg/pgbouncer:1.25.1",
        mirror=RegistryMirror("registry.acme.lab/mirror"),
        pull_secret=PullSecret("registry"),
        resources=Resources(cpu="1", memory="1Gi"),
        placement=Placement(node_selector={"disk": "ssd"}, tolerations=[Toleration(key="data")]),
        spread=(),
        disruption_budget=DisruptionBudget(min_available=2),
        monitoring=PoolerMonitoring(labels={"release": "kps"}, interval="1m"),
        facts=ClusterFacts(architecture="arm64"),
    )
    made = poolers(chart)
    assert_accepted(emitted(chart))
    spec = made["Pooler"]["spec"]
    assert spec["instances"] == 3
    assert spec["pgbouncer"] == {
        "poolMode": "session",
        "parameters": {"max_client_conn": "400", "default_pool_size": "20", "server_idle_timeout": "300"},
    }
    pod = spec["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.acme.lab/mirror/ghcr.io/cloudnative-pg/pgbouncer:1.25.1"
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64", "disk": "ssd"}
    assert pod["tolerations"] == [{"operator": "Exists", "key": "data"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert "topologySpreadConstraints" not in pod
    labels = {"cnpg.io/poolerName": "front"}
    assert made["PodDisruptionBudget"]["spec"] == {"minAvailable": 2, "selector": {"matchLabels": labels}}
    monitor = made["PodMonitor"]
    assert monitor["metadata"]["labels"] == {"release": "kps"}
    assert monitor["spec"] == {
        "selector": {"matchLabels": labels},
        "podMetricsEndpoints": [{"port": "metrics", "interval": "60s"}],
    }
    needed = registry_of(chart).secrets
    assert list(needed) == [("airflow-data", "registry")]
    assert "podmonitors.monitoring.coreos.com" in registry_of(chart).crds
    (note,) = (note for note in registry_of(chart).notes if "front" in note)
    assert note.endswith("ghcr.io/cloudnative-pg/pgbouncer:1.25.1")


def test_nothing_is_emitted_that_an_older_operator_would_drop() -> None:
    since = json.loads((Path(__file__).parents[1] / "truth" / "crds" / "cnpg_since.json").read_text(encoding="utf-8"))
    chart = new_chart()
    image = "ghcr.io/cloudnative-pg/pgbouncer:1.25.1"
    make_pooler(chart, instances=3, image=image, monitoring=PoolerMonitoring(), facts=ClusterFacts(cnpg="1.26.0"))
    pooler = poolers(chart)["Pooler"]
    for path in since["Pooler"]:
        found: Any = [pooler]
        for step in path.split("."):
            found = [each[step.removesuffix("[]")] for each in found if step.removesuffix("[]") in each]
            found = [inner for each in found for inner in each] if step.endswith("[]") else found
        assert found == [], path


def test_instances_prefer_different_nodes_and_one_of_them_may_go() -> None:
    chart = new_chart()
    make_pooler(chart, instances=2, monitoring=PoolerMonitoring())
    made = poolers(chart)
    assert made["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    (constraint,) = made["Pooler"]["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "labels" not in made["PodMonitor"]["metadata"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"parameters": {"pool_mode": "session"}}, ("database/pooler-parameter", "parameters.pool_mode")),
        ({"parameters": {"max_client_conn": "7"}}, ("database/pooler-parameter", "parameters.max_client_conn")),
        ({"parameters": {"verbose": 1}}, ("argument/type", "parameters.verbose")),
        ({"name": "airflow-pg"}, ("database/name", "name")),
        ({"name": "airflow-pg-rw"}, ("database/name", "name")),
        ({"name": "airflow-pg-ro"}, ("database/name", "name")),
        ({"name": "airflow-pg-r"}, ("database/name", "name")),
        ({"name": "a.b"}, ("database/name", "name")),
        ({"mode": "statement"}, ("argument/choice", "mode")),
        ({"instances": 0}, ("argument/range", "instances")),
        ({"pool_size": 0}, ("argument/range", "pool_size")),
        ({"mirror": RegistryMirror("registry.acme.lab/mirror")}, ("database/image", "mirror")),
        ({"disruption_budget": DisruptionBudget(min_available=1)}, ("scheduling/budget", "disruption_budget")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_the_operator_would_refuse_is_refused(changes: dict[str, Any], found: tuple[str, str]) -> None:
    assert refused(**changes) == [found]


@pytest.mark.parametrize(("parameter", "argument"), HAS_ARGUMENT.items())
def test_the_finding_for_a_parameter_names_the_argument_that_sets_it(parameter: str, argument: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make_pooler(new_chart(), parameters={parameter: "7"})
    assert f"parameters.{parameter} is set by {argument}" in str(caught.value)
    name = re.fullmatch(r"CnpgPooler\((\w+)=\)", argument)
    assert name
    assert name[1] in inspect.signature(CnpgPooler).parameters


def test_a_cluster_with_a_long_name_leaves_no_room_for_a_name_made_of_it() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, name="a" * 50)
    assert make_pooler(chart, cluster=cluster).host == f"{'a' * 50}-pooler.airflow-data.svc"


@settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mode=st.sampled_from(["transaction", "session"]),
    count=st.integers(1, 50),
    clients=st.integers(1, 10_000),
    pool=st.integers(1, 500),
    parameters=st.dictionaries(st.sampled_from(sorted(ALLOWED - HAS_ARGUMENT.keys())), st.text("ab1 ", min_size=1)),
    monitoring=st.none()
    | st.builds(
        PoolerMonitoring,
        labels=st.dictionaries(st.sampled_from(["release", "team"]), st.sampled_from(["a", "b"])),
        interval=st.sampled_from([None, "30s", "1h30m"]),
    ),
    architecture=st.sampled_from([None, "amd64"]),
)
def test_the_definition_accepts_any_settings(
    mode: Any, count: int, clients: int, pool: int, parameters: dict[str, str], monitoring: Any, architecture: Any
) -> None:
    given_ = PoolerSettings(
        name="pooler",
        namespace="data",
        cluster="pg",
        instances=count,
        mode=mode,
        max_clients=clients,
        pool_size=pool,
        resources=Resources(cpu="1", memory="1Gi"),
        parameters=parameters,
        monitoring=monitoring,
        disruption_budget=DisruptionBudget(),
        architecture=architecture,
    )
    made = pooler_objects(given_)
    assert [finding for manifest in made.values() for finding in check_manifest(manifest)] == []
    told = pooler_manifest(given_)["spec"]["pgbouncer"]["parameters"]
    assert parameters.items() <= told.items()
    assert (told["max_client_conn"], told["default_pool_size"]) == (str(clients), str(pool))
    assert json.loads(json.dumps(made)) == made


# ------------------------------------------------------------------------------------------------ the way through it


def test_in_airflows_namespace_the_url_is_composed_with_the_operators_password() -> None:
    chart = new_chart()
    cluster = make_cluster(chart)
    connection = make_pooler(chart, cluster=cluster).connection()
    assert (connection.secret, connection.secret_key, connection.secret_namespace) == (
        "airflow-pg-app",
        "password",
        "airflow-data",
    )
    user = {"port": 5432, "database": "airflow", "user": "airflow"}
    assert connection.address == DatabaseAddress(host="airflow-pg-pooler.airflow-data.svc", **user)
    assert connection.direct == DatabaseAddress(host=cluster.host, **user)
    assert connection.direct_peer == instances("airflow-pg", "airflow-data")
    assert connection.peer == pooler_pods("airflow-pg-pooler", "airflow-data")
    assert (connection.tls, connection.ca, connection.results) == ("require", None, None)


def test_own_credentials_have_the_password_too() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, owner="me", credentials=BasicAuthSecret("login"))
    connection = make_pooler(chart, cluster=cluster).connection()
    assert (connection.secret, connection.address and connection.address.user) == ("login", "me")


@pytest.mark.parametrize("bridge", [ExistingSecret("metadata"), DsnSecret("metadata")])
def test_a_bridge_has_the_whole_url_through_the_pooler(bridge: Any) -> None:
    connection = make_pooler(new_chart()).connection(bridge=bridge)
    assert (connection.secret, connection.secret_key, connection.secret_namespace) == ("metadata", "connection", None)
    assert connection.address is None
    assert connection.url == ("postgresql://airflow:", "@airflow-pg-pooler.airflow-data.svc:5432/airflow")
    assert connection.password == ("airflow-data", "airflow-pg-app")
    assert connection.direct is not None


def test_the_cluster_s_own_authority_is_trusted_unless_another_is_named() -> None:
    pooler = make_pooler(new_chart())
    own = pooler.connection(tls="verify-ca")
    assert (own.ca, own.ca_namespace) == (SecretKey("airflow-pg-ca", "ca.crt"), "airflow-data")
    other = pooler.connection(tls="verify-ca", ca=ConfigMapKey("ca", "ca.crt"))
    assert (other.ca, other.ca_namespace) == (ConfigMapKey("ca", "ca.crt"), None)


def connected(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as caught:
        make_pooler(new_chart()).connection(**changes)
    return [(finding.rule, finding.at) for finding in caught.value.findings]


def test_what_cannot_work_through_a_pooler_is_refused() -> None:
    assert connected(tls="verify-full") == [("database/authority", "connection.tls")]
    assert connected(ca=ConfigMapKey("ca", "ca.crt")) == [("database/authority", "connection.ca")]
    assert connected(tls="always") == [("argument/choice", "connection.tls")]


def test_results_have_a_pooler_of_their_own_in_front_of_the_same_cluster() -> None:
    chart = new_chart()
    cluster = make_cluster(chart)
    results = CnpgPooler(chart, "results", cluster=cluster, name="results", pool_size=5)
    pooler = make_pooler(chart, cluster=cluster)
    connection = pooler.connection(results=results)
    assert connection.results == DatabaseAddress(
        host="results.airflow-data.svc", port=5432, database="airflow", user="airflow"
    )
    with pytest.raises(PlatformError, match="has one URL"):
        pooler.connection(results=results, bridge=DsnSecret("metadata"))
    for arguments in ({"results": results}, {"bridge": DsnSecret("metadata")}):
        with pytest.raises(PlatformError, match="results_bridge is ignored without"):
            pooler.connection(**arguments, results_bridge=ResultBackendSecret("results"))
    other = CnpgPooler(chart, "other", cluster=make_cluster(chart, "db2", name="other-pg"), name="other")
    with pytest.raises(PlatformError, match="must be a pooler of the same Cluster"):
        pooler.connection(results=other)


CELERY = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))


def test_results_next_to_a_bridge_have_a_secret_that_is_made_from_the_password() -> None:
    chart = new_chart()
    cluster = make_cluster(chart)
    results = CnpgPooler(chart, "results", cluster=cluster, name="results", pool_size=5)
    connection = make_pooler(chart, cluster=cluster).connection(
        bridge=DsnSecret("metadata"), results=results, results_bridge=ResultBackendSecret("results")
    )
    release = make_airflow(chart, database=connection, executor=CELERY)
    (manifest,) = (each for each in emitted(chart) if each["kind"] == "HelmChart")
    data = yaml.safe_load(manifest["spec"]["valuesContent"])["data"]
    assert data == {
        "metadataSecretName": "metadata",
        "brokerUrlSecretName": "broker",
        "resultBackendSecretName": "results",
    }
    needs = {need.name: need for need in registry_of(chart).missing}
    assert "jsonpath='{.data.password}'" in needs["results"].command
    assert "db+postgresql://airflow:%s@results.airflow-data.svc:5432/airflow" in needs["results"].command
    assert needs["results"].sources == needs["metadata"].sources == {("airflow-data", "airflow-pg-app")}
    SecretBootstrap(chart, "bootstrap", namespace=Namespace.existing("setup"), generate_for=[release])
    assert {("airflow", "results"), ("airflow", "metadata")} <= registry_of(chart).provided.keys()


def test_results_without_celery_are_refused() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, namespace=Namespace.existing("airflow"))
    results = CnpgPooler(chart, "results", cluster=cluster, name="results", pool_size=5)
    database = make_pooler(chart, cluster=cluster).connection(results=results)
    with pytest.raises(PlatformError, match=r"has results= in its connection, which is ignored"):
        make_airflow(chart, database=database)


def test_pods_of_a_pooler_have_other_labels_than_instances() -> None:
    chart = new_chart()
    traffic = make_pooler(chart).traffic
    (pods,) = traffic.workloads
    assert pods.labels == {"cnpg.io/poolerName": "airflow-pg-pooler"}
    assert {(flow.port, flow.purpose) for flow in traffic.flows if flow.source == pods and flow.port != 53} == {
        (6443, "the Kubernetes API"),
        (5432, "the database"),
    }


def test_consequences_of_a_broken_cluster_are_not_reported() -> None:
    chart = new_chart("lab")

    @collecting()
    def program() -> None:
        cluster = CnpgCluster(chart, "db", name="Not A Name", namespace="x", storage="1Gi")  # type: ignore[arg-type]
        pooler = CnpgPooler(chart, "pooler", cluster=cluster)
        assert not pooler.sound
        assert pooler.connection().secret == "unsound"
        assert pooler.traffic.workloads == ()

    with pytest.raises(PlatformError) as caught:
        program()
    assert {finding.path for finding in caught.value.findings} == {"lab/db"}

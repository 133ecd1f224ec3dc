"""Policies as Kubernetes evaluates them: exactly the flows of a platform are allowed."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DatabaseCleanup,
    ExternalBroker,
    Flower,
    FlowerAuthSecret,
    Ingress,
    Keda,
    KubernetesExecutor,
    LoadBalancer,
    LocalExecutor,
    Logs,
    MultipleExecutors,
    NodePort,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    WorkerSet,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.database.wire.traffic import cluster_traffic, instances
from cdk8s_airflow.network import ClusterDns, ExternalPeer, HostNetwork, PeerEndpoint, PodGroup, TrafficFlow
from cdk8s_airflow.network.wire.network_policy import Isolation, isolation
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release
from tests.everything import everything
from tests.network.matrix import FACTS, assert_exact

DATABASE = DatabaseConnection(secret="metadata", peer=instances("pg", "airflow-data"))
REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"))
FEWER = dataclasses.replace(
    FACTS,
    pod_networks=["10.42.0.0/16"],
    node_networks=["192.168.1.0/24"],
    service_networks=[],
    api_server=dataclasses.replace(FACTS.api_server, networks=["192.168.1.10/32"]),  # type: ignore[type-var]
)

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def executors(pair: Pair) -> dict[str, Any]:
    """The executors that a version pair supports."""
    celery = CeleryExecutor(broker=REDIS, workers=CeleryWorkers(scaling=Keda(max_replicas=3)))
    found: dict[str, Any] = {"kubernetes": KubernetesExecutor(), "local": LocalExecutor(), "celery": celery}
    if pair not in WITH_AIRFLOW_3:
        found["celery-kubernetes"] = CeleryKubernetesExecutor(broker=REDIS)
    if pair[0] != "1.15.0" and not pair[1].startswith("2.9."):
        found["several"] = MultipleExecutors(LocalExecutor(), KubernetesExecutor(), celery)
    if pair[0] in ("1.20.0", "1.22.0"):
        found["sets"] = CeleryExecutor(broker=REDIS, sets=[WorkerSet(name="gpu", queues=["gpu"])])
    return found


def isolated(pair: Pair, *flows: TrafficFlow, facts: Any = FACTS, places: Any = None, **settings: Any) -> Isolation:
    each = release(pair, **{"database": DATABASE, "ui": Ingress(host="a.example.com"), **settings})
    return isolation([compile_release(each).traffic, cluster_traffic("pg", "airflow-data")], flows, places or {}, facts)


@every_pair
@pytest.mark.parametrize("name", ["kubernetes", "local", "celery", "celery-kubernetes", "several", "sets"])
def test_every_executor_with_every_version_pair(pair: Pair, name: str) -> None:
    executor = executors(pair).get(name)
    if executor is None:
        return
    flower = Flower(credentials=FlowerAuthSecret("flower")) if "celery" in name else None
    assert assert_exact(
        isolated(
            pair,
            executor=executor,
            dags=git(),
            flower=flower,
            cleanup=PodCleanup(),
            database_cleanup=DatabaseCleanup(),
            logs=Logs.s3("logs"),
        )
    )


@every_pair
def test_all_settings_together(pair: Pair) -> None:
    settings, _ = everything(pair)
    places = {
        "metadata database of airflow": PeerEndpoint(peer=ExternalPeer(name="rds", networks=("198.51.100.7/32",))),
        "results of airflow": PeerEndpoint(peer=ExternalPeer(name="rds", networks=("198.51.100.7/32",)), port=5433),
        "proxy.example.com": PeerEndpoint(peer=ExternalPeer(name="proxy", networks=("198.51.100.8/32",))),
    }
    if settings.otel_collector is not None:
        places["tempo.monitoring"] = PeerEndpoint(
            peer=PodGroup(name="Tempo", namespace="monitoring", labels={"app": "tempo"})
        )
    given = isolation([compile_release(settings).traffic], [], places, FACTS)
    assert assert_exact(given, FACTS, places)


def test_task_pods_in_other_namespaces_reach_the_api_server_and_accept_nothing() -> None:
    given = isolated(PAIRS[-1], task_namespaces=("team-a", "team-b"), logs=Logs.s3("logs"), dags=git())
    assert assert_exact(given)
    assert set(given.namespaces) == {"airflow-lab", "airflow-data", "team-a", "team-b"}


@pytest.mark.parametrize(
    "ui",
    [NodePort(port=30080), LoadBalancer(), LoadBalancer(source_ranges=["198.51.100.0/24"])],
    ids=["node-port", "anybody", "some"],
)
def test_users_who_connect_through_the_nodes(ui: Any) -> None:
    given = isolated(PAIRS[-1], ui=ui)
    assert assert_exact(given)
    assert ("people of lab" in given.everywhere) is not bool(getattr(ui, "source_ranges", ()))


def test_ingress_controller_on_the_host_network_and_node_local_dns() -> None:
    facts = dataclasses.replace(
        FACTS,
        ingress_controller=HostNetwork("ingress-nginx"),
        dns=ClusterDns(port=5353, node_local=["169.254.20.10/32"]),
    )
    assert assert_exact(isolated(PAIRS[-1], facts=facts), facts)


def test_external_broker_and_a_repository_at_a_known_address() -> None:
    places = {
        "broker of lab": PeerEndpoint(
            peer=PodGroup(name="RabbitMQ", namespace="queues", labels={"app": "rabbitmq"}), port=5672
        ),
        "git.example.com": PeerEndpoint(peer=ExternalPeer(name="GitLab", networks=("198.51.100.7/32",))),
    }
    executor = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))
    given = isolated(PAIRS[-1], executor=executor, dags=git(), places=places)
    assert assert_exact(given, FACTS, places)
    assert not given.everywhere


def test_broker_in_an_isolated_namespace_gets_a_policy() -> None:
    broker = PodGroup(name="RabbitMQ", namespace="airflow-lab", labels={"app": "rabbitmq"})
    places = {"broker of lab": PeerEndpoint(peer=broker, port=5672)}
    executor = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))
    given = isolated(PAIRS[-1], executor=executor, places=places)
    assert assert_exact(given, FACTS, places)
    assert "airflow-lab-rabbitmq" in given.manifests


def test_flows_of_tasks_and_of_pods_that_tasks_create() -> None:
    tasks = PodGroup(
        name="pods that tasks start",
        namespace="airflow-lab",
        labels={"kubernetes_pod_operator": "True"},
    )
    warehouse = PodGroup(name="warehouse", namespace="data", labels={"app": "warehouse"})
    api = ExternalPeer(name="api.example.com", networks=("198.51.100.9/32",))
    given = isolated(
        PAIRS[-1],
        TrafficFlow(source=tasks, target=warehouse, port=5439, purpose="the warehouse"),
        TrafficFlow(source=tasks, target=api, port=443, purpose="prices"),
    )
    assert assert_exact(given)
    assert given.one_sided == (warehouse,)


@every_pair
def test_single_stack_policies_do_not_name_the_other_address_family(pair: Pair) -> None:
    facts = dataclasses.replace(FEWER, ip_families=["IPv4"])
    given = isolated(pair, dags=git(), logs=Logs.s3("logs", connection=None), facts=facts)
    assert not given.findings
    text = repr(given.manifests)
    assert "0.0.0.0/0" in text
    assert "::" not in text


def _spoiled(spoil: Any) -> Isolation:
    given = isolated(PAIRS[-1], dags=git())
    manifests = copy.deepcopy(dict(given.manifests))
    spoil(manifests)
    return dataclasses.replace(given, manifests=manifests)


def _drop(manifests: dict[str, Any], policy: str, direction: str) -> None:
    del manifests[policy]["spec"][direction][0]


SCHEDULER, SERVER = "airflow-lab-scheduler-of-lab", "airflow-lab-api-server-of-lab"
SPOILS: dict[str, Any] = {
    "a way out is missing": lambda made: _drop(made, SCHEDULER, "egress"),
    "a way in is missing": lambda made: _drop(made, SERVER, "ingress"),
    "nothing is denied": lambda made: made.pop("airflow-lab-default-deny"),
    "a whole policy is missing": lambda made: made.pop("airflow-data-pg-instances"),
    "a rule names nobody": lambda made: made[SERVER]["spec"]["ingress"][0].pop("from"),
    "a rule names no port": lambda made: made[SCHEDULER]["spec"]["egress"][0].pop("ports"),
    "another port": lambda made: made[SERVER]["spec"]["ingress"][0]["ports"][0].update(port=8081),
    "another protocol": lambda made: made[SERVER]["spec"]["ingress"][0]["ports"][0].update(protocol="UDP"),
    "another namespace": lambda made: made["airflow-data-pg-instances"]["spec"]["ingress"][0]["from"][0].pop(
        "namespaceSelector"
    ),
    "pods are not left out": lambda made: _all_of_the_world(made),
    "one direction only": lambda made: made[SCHEDULER]["spec"].update(policyTypes=["Ingress"]),
}


def _all_of_the_world(manifests: dict[str, Any]) -> None:
    for manifest in manifests.values():
        for rule in manifest["spec"].get("egress", ()):
            for peer in rule.get("to", ()):
                if "except" in peer.get("ipBlock", {}):
                    del peer["ipBlock"]["except"]


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_fault_in_the_policies_is_detected(spoil: Any) -> None:
    given = _spoiled(spoil)
    with pytest.raises(AssertionError, match=r"is allowed without a flow|is denied, but a flow needs it"):
        assert_exact(given)

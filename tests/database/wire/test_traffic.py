"""Network traffic of a Cluster: the flows that CloudNativePG documents, and no others."""

from __future__ import annotations

from cdk8s_airflow.database.wire.traffic import cluster_traffic, instances, jobs
from cdk8s_airflow.model.traffic import ClusterComponent, Peer
from cdk8s_airflow.network.wire.network_policy import isolation
from tests.making import make_cluster, new_chart
from tests.network.matrix import FACTS, assert_exact


def _named(end: Peer) -> str:
    return f"<{end.role}>" if isinstance(end, ClusterComponent) else end.name.removeprefix("pg ")


def test_instances_talk_to_each_other_to_kubernetes_and_to_whoever_looks_after_them() -> None:
    flows = cluster_traffic("pg", "data").flows
    assert sorted(f"{_named(f.source)} {_named(f.target)} {f.port} {f.protocol}" for f in flows) == [
        "<cnpg-operator> instances 5432 TCP",
        "<cnpg-operator> instances 8000 TCP",
        "<monitoring> instances 9187 TCP",
        "instances <api-server> 6443 TCP",
        "instances <dns> 53 TCP",
        "instances <dns> 53 UDP",
        "instances instances 5432 TCP",
        "instances instances 8000 TCP",
        "jobs <api-server> 6443 TCP",
        "jobs <dns> 53 TCP",
        "jobs <dns> 53 UDP",
        "jobs instances 5432 TCP",
    ]


def test_instances_poolers_and_jobs_of_a_cluster_have_different_labels() -> None:
    assert instances("pg", "data").labels == {"cnpg.io/cluster": "pg", "cnpg.io/podRole": "instance"}
    assert jobs("pg", "data").without == ("cnpg.io/podRole",)


def test_a_cluster_offers_its_traffic_and_its_instances_as_where_its_clients_connect_to() -> None:
    db = make_cluster(new_chart())
    assert db.traffic.workloads == cluster_traffic("airflow-pg", "airflow-data").workloads
    assert all(flow in db.traffic.flows for flow in cluster_traffic("airflow-pg", "airflow-data").flows)
    assert db.connection().peer == instances("airflow-pg", "airflow-data")


def test_the_policies_of_a_cluster_let_through_its_flows_and_nothing_else() -> None:
    assert assert_exact(isolation([cluster_traffic("pg", "data")], [], {}, FACTS))

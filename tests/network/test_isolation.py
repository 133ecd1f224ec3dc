"""``NetworkIsolation``: its policies, its findings, and its section in the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    ClusterFacts,
    CnpgCluster,
    CnpgPooler,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    Ingress,
    Namespace,
    NetworkIsolation,
    PlatformError,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.network import (
    CloudIdentity,
    ClusterDns,
    ExternalPeer,
    HostNetwork,
    KubernetesApiAddress,
    NotInstalled,
    PeerEndpoint,
    PodGroup,
    Traffic,
    TrafficFlow,
)
from cdk8s_airflow.report.details import details
from cdk8s_airflow.validation.arguments import check_value
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart
from tests.network.matrix import FACTS, assert_exact
from tests.truth import assert_accepted

WAREHOUSE = PodGroup(name="warehouse", namespace="warehouse", labels={"app": "warehouse"})


def policies(chart: Any) -> dict[str, dict[str, Any]]:
    return {
        f"{made['metadata']['namespace']}/{made['metadata']['name']}": made
        for made in emitted(chart)
        if made["kind"] == "NetworkPolicy"
    }


def platform(chart: Any, **changes: Any) -> tuple[Any, CnpgCluster]:
    db = make_cluster(chart)
    settings = {"database": db.connection(bridge=ExistingSecret("m")), "ui": Ingress(host="a.example.com"), **changes}
    return make_airflow(chart, **settings), db


def test_each_kind_of_pod_gets_a_policy_and_each_namespace_a_default_deny() -> None:
    chart = new_chart()
    NetworkIsolation(chart, "isolation", traffic=platform(chart), facts=FACTS)
    made = policies(chart)
    assert set(made) == {
        "airflow/default-deny",
        *(
            f"airflow/{name}-of-airflow"
            for name in ("scheduler", "api-server", "triggerer", "dag-processor", "task-pods", "statsd", "migration")
        ),
        "airflow-data/default-deny",
        "airflow-data/airflow-pg-instances",
        "airflow-data/airflow-pg-jobs",
    }
    assert_accepted(list(made.values()))


def test_traffic_goes_through_the_pooler_except_the_migration() -> None:
    chart = new_chart()
    db = make_cluster(chart)
    pooler = CnpgPooler(chart, "pooler", cluster=db)
    airflow = make_airflow(chart, database=pooler.connection(bridge=ExistingSecret("m")))
    isolation = NetworkIsolation(chart, "isolation", traffic=[airflow, pooler, db], facts=FACTS)
    assert isolation._isolation is not None
    assert assert_exact(isolation._isolation)
    reaching = {
        flow.source.name
        for flow in isolation.flows
        if isinstance(flow.source, PodGroup)
        and isinstance(flow.target, PodGroup)
        and flow.target.name.endswith("instances")
    }
    assert reaching == {"migration of airflow", "airflow-pg instances", "airflow-pg jobs", _name(pooler)}


def _name(given: Any) -> str:
    (pods,) = given.traffic.workloads
    return str(pods.name)


def test_flows_and_endpoints_of_the_user() -> None:
    chart = new_chart()
    airflow, db = platform(chart, dags=make_dags(chart))
    NetworkIsolation(
        chart,
        "isolation",
        traffic=[airflow, db],
        flows=[
            TrafficFlow(source=pods, target=WAREHOUSE, port=5439, purpose="sales") for pods in airflow.traffic.tasks
        ],
        endpoints={"gitlab.acme.lab": PeerEndpoint(peer=ExternalPeer(name="GitLab", networks=("198.51.100.7/32",)))},
        facts=FACTS,
    )
    made = policies(chart)
    ports = [rule["ports"][0]["port"] for rule in made["airflow/task-pods-of-airflow"]["spec"]["egress"]]
    assert 5439 in ports
    assert "198.51.100.7/32" in str(made["airflow/dag-processor-of-airflow"])
    assert "0.0.0.0/0" not in str(made)


def test_traffic_accepts_a_hand_written_traffic() -> None:
    chart = new_chart()
    web = PodGroup(name="web", namespace="lab", labels={"app": "web"})
    flow = TrafficFlow(source=web, target=WAREHOUSE, port=5439, purpose="sales")
    isolation = NetworkIsolation(chart, "isolation", traffic=[Traffic(workloads=(web,), flows=(flow,))], facts=FACTS)
    assert set(policies(chart)) == {"lab/default-deny", "lab/web"}
    assert isolation.flows == (flow,)


def test_namespace_with_default_deny_gets_no_second_policy() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "namespace", name="airflow", default_deny=True)
    airflow, db = platform(chart, namespace=namespace)
    NetworkIsolation(chart, "isolation", traffic=[airflow, db], facts=FACTS)
    assert "airflow/default-deny" in policies(chart)


def test_report_lists_connections_and_peers_with_unknown_addresses(tmp_path: Path) -> None:
    chart = new_chart()
    airflow, db = platform(chart, dags=make_dags(chart))
    NetworkIsolation(
        chart,
        "isolation",
        traffic=[airflow, db],
        flows=[
            TrafficFlow(source=pods, target=WAREHOUSE, port=5439, purpose="sales") for pods in airflow.traffic.tasks
        ],
        facts=FACTS,
    )
    text = "\n".join((*details(registry_of(chart), tmp_path), *registry_of(chart).notes)) + "\n"
    assert "In namespaces airflow and airflow-data only these connections are allowed:\n" in text
    assert (
        "  to gitlab.acme.lab at 443 TCP (DAG files)\n    from DAG processor of airflow, triggerer of airflow, " in text
    )
    assert "EVERY address outside the cluster is allowed at their ports" in text
    assert "\n  gitlab.acme.lab: 443/TCP (DAG files)\n" in text
    assert "policies there must allow the connections as well: warehouse in warehouse\n" in text


def test_report_lists_the_port_of_the_api_server_that_the_facts_name() -> None:
    chart = new_chart("platform")
    airflow, db = platform(chart)
    facts = dataclasses.replace(FACTS, api_server=KubernetesApiAddress(networks=["192.168.1.10/32"], port=443))
    NetworkIsolation(chart, "isolation", traffic=[airflow, db], facts=facts)
    text = "\n".join(registry_of(chart).notes)
    assert "to the Kubernetes API server at 443 TCP" in text
    assert "6443" not in text


def test_report_without_isolation_lists_no_connections(tmp_path: Path) -> None:
    chart = new_chart()
    platform(chart)
    assert "connections are allowed" not in "\n".join(details(registry_of(chart), tmp_path))


def test_all_missing_facts_are_reported_at_once() -> None:
    chart = new_chart("lab")
    with pytest.raises(PlatformError) as caught:
        NetworkIsolation(chart, "isolation", traffic=platform(chart, dags=make_dags(chart)))
    asked = {finding.at for finding in caught.value.findings}
    assert asked == {
        f"facts.{fact}"
        for fact in (
            "network_plugin",
            "dns",
            "api_server",
            "pod_networks",
            "monitoring",
            "ingress_controller",
            "cnpg_operator",
        )
    }
    assert all(finding.path == "lab/isolation" for finding in caught.value.findings)
    assert not policies(chart)


def test_connection_between_two_isolations_must_be_in_both() -> None:
    chart = new_chart()
    airflow, db = platform(chart)
    NetworkIsolation(chart, "airflow-only", traffic=[airflow], facts=FACTS)
    with pytest.raises(PlatformError) as caught:
        NetworkIsolation(chart, "db-only", traffic=[db], facts=FACTS)
    assert {finding.rule for finding in caught.value.findings} == {"network/half-open"}
    assert "scheduler of airflow may connect to" in caught.value.findings[0].problem


def test_connection_between_two_isolations_that_is_in_both_is_accepted() -> None:
    chart = new_chart()
    airflow, db = platform(chart)
    first = NetworkIsolation(chart, "airflow-only", traffic=[airflow], facts=FACTS)
    shared = [
        flow for flow in first.flows if isinstance(flow.target, PodGroup) and flow.target.namespace == "airflow-data"
    ]
    assert shared
    NetworkIsolation(chart, "db-only", traffic=[db], flows=shared, facts=FACTS)


def test_unlocated_peer_is_reported_once() -> None:
    chart = new_chart()
    airflow = make_airflow(chart, database=ExternalDatabase(url=DsnSecret("elsewhere")).connection())
    with pytest.raises(PlatformError) as caught:
        NetworkIsolation(chart, "isolation", traffic=[airflow], facts=FACTS)
    assert [finding.problem.partition(",")[0] for finding in caught.value.findings if finding.at == "endpoints"] == [
        "must contain the location of 'metadata database of airflow'"
    ]


def test_service_ip_is_rejected_as_api_server_address() -> None:
    chart = new_chart()
    facts = dataclasses.replace(FACTS, api_server=KubernetesApiAddress(networks=["10.43.0.1/32"], port=443))
    with pytest.raises(PlatformError) as caught:
        NetworkIsolation(chart, "isolation", traffic=platform(chart), facts=facts)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.seen) == ("network/service-address", "'10.43.0.1/32'")
    assert "endpointslices" in finding.fix


def test_network_plugin_choices_include_the_cilium_class() -> None:
    facts = dataclasses.replace(FACTS, network_plugin="cilium")  # type: ignore[arg-type]
    (finding,) = check_value(facts, ClusterFacts, "facts")
    assert finding.fix.startswith("Use '")
    assert finding.fix.endswith(", or Cilium()")


def test_findings_that_follow_from_a_broken_release_are_not_reported() -> None:
    chart = new_chart("lab")
    made: list[Any] = []

    def build() -> None:
        with collecting():
            made.append(make_airflow(chart, release="NO"))
            made.append(NetworkIsolation(chart, "isolation", traffic=made, facts=FACTS))

    with pytest.raises(PlatformError) as caught:
        build()
    assert [finding.at for finding in caught.value.findings] == ["release"]
    airflow, isolation = made
    assert airflow.traffic == Traffic()
    assert not isolation.flows


@pytest.mark.parametrize(
    ("changes", "at", "words"),
    [
        ({"traffic": []}, "traffic", "at least one construct"),
        ({"traffic": ["airflow"]}, "traffic[0]", "must be"),
        ({"flows": [TrafficFlow(source=WAREHOUSE, target=WAREHOUSE, port=0, purpose="x")]}, "flows[0].port", "must be a port"),
        ({"endpoints": {"x": WAREHOUSE}}, "endpoints.x", "must be a PeerEndpoint"),
        ({"endpoints": {"nobody": PeerEndpoint(peer=WAREHOUSE)}}, "endpoints.nobody", "must be the name of a peer of a flow"),
        ({"facts": dataclasses.replace(FACTS, network_plugin="flannel")}, "facts.network_plugin", "must be a plugin that enforces"),
        ({"facts": ClusterFacts(network_plugin="cilium")}, "facts.network_plugin", "must be one of"),  # type: ignore[arg-type]
        ({"endpoints": {"x": PeerEndpoint(peer=ExternalPeer(name="x", networks=("0.0.0.0/0",)))}}, "endpoints.x.peer.networks[0]", "smaller than /0"),
    ],
    ids=["nothing", "a-name", "port", "no-place", "unused", "flannel", "plugin", "everything"],
)  # fmt: skip
def test_invalid_argument_is_rejected(changes: dict[str, Any], at: str, words: str) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as caught:
        NetworkIsolation(chart, "isolation", **{"traffic": platform(chart), "facts": FACTS, **changes})
    found = [finding for finding in caught.value.findings if finding.at == at]
    assert found, [str(finding) for finding in caught.value.findings]
    assert words in found[0].problem
    assert found[0].fix


@pytest.mark.parametrize(
    ("changes", "at", "words"),
    [
        ({"api_server": "192.168.1.10"}, "facts.api_server", "must be a KubernetesApiAddress"),
        ({"api_server": KubernetesApiAddress(networks=[])}, "facts.api_server.networks", "is empty"),
        (
            {"api_server": KubernetesApiAddress(networks=["192.168.1.10"])},
            "facts.api_server.networks[0]",
            "must be a network",
        ),
        ({"api_server": KubernetesApiAddress(networks=["0.0.0.0/0"])}, "facts.api_server.networks[0]", "every address"),
        (
            {"api_server": KubernetesApiAddress(networks="192.168.1.10/32")},
            "facts.api_server.networks",
            "must be a list",
        ),
        ({"dns": True}, "facts.dns", "must be a ClusterDns"),
        ({"dns": ClusterDns(port=0)}, "facts.dns.port", "must be a port"),
        ({"dns": ClusterDns(node_local=["::/0"])}, "facts.dns.node_local[0]", "every address"),
        ({"monitoring": "prometheus"}, "facts.monitoring", "must be a PodGroup or a NotInstalled"),
        ({"monitoring": NotInstalled}, "facts.monitoring", "must be a PodGroup or a NotInstalled"),
        ({"ingress_controller": HostNetwork("")}, "facts.ingress_controller.name", "not empty"),
        ({"ip_families": "IPv4"}, "facts.ip_families", "must be a list"),
        ({"ip_families": ["IPv5"]}, "facts.ip_families[0]", "must be one of"),
        ({"node_networks": ["10.0.0.1/8"]}, "facts.node_networks[0]", "must be a network"),
        (
            {"cloud_identity": CloudIdentity(networks=["0.0.0.0/0"])},
            "facts.cloud_identity.networks[0]",
            "every address",
        ),
        (
            {"keda": PodGroup(name="KEDA", namespace="keda", labels={"app": "x"}, without=("app",))},
            "facts.keda.labels.app",
            "conflicts with without=",
        ),
    ],
)
def test_invalid_network_fact_is_rejected(changes: dict[str, Any], at: str, words: str) -> None:
    (finding,) = check_value(dataclasses.replace(FACTS, **changes), ClusterFacts, "facts")
    assert finding.at == at
    assert words in finding.problem
    assert finding.fix

"""Policies from flows, and findings for missing facts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cdk8s_airflow import ClusterFacts, Finding
from cdk8s_airflow.model.traffic import Peer, UnlocatedPeer, resolves_names
from cdk8s_airflow.network import (
    Cilium,
    ClusterComponent,
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
from cdk8s_airflow.network.wire.network_policy import Isolation, isolation, policy_name
from cdk8s_airflow.validation import check_setting
from tests.network.matrix import FACTS
from tests.truth import assert_accepted

WEB = PodGroup(name="web of lab", namespace="lab", labels={"app": "web"})
STORE = PodGroup(name="store", namespace="lab", labels={"app": "store"}, without=("old",))
AFAR = PodGroup(name="afar", namespace="elsewhere", labels={"app": "afar"})


def worked_out(*flows: TrafficFlow, facts: ClusterFacts = FACTS, endpoints: Any = None, more: Any = ()) -> Isolation:
    return isolation([Traffic(workloads=(WEB, STORE), flows=flows)], more, endpoints or {}, facts)


def to(target: Peer, port: int = 443, source: Peer = WEB) -> TrafficFlow:
    return TrafficFlow(source=source, target=target, port=port, purpose="a test")


def asked(given: Isolation) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in given.findings]


def facts(**changes: Any) -> ClusterFacts:
    return dataclasses.replace(FACTS, **changes)


def test_isolation_creates_a_policy_per_pod_group_and_a_default_deny_per_namespace() -> None:
    given = worked_out(to(STORE, 6379), to(AFAR, 80), to(WEB, 8080, ClusterComponent(role="ingress-controller")))
    assert list(given.manifests) == ["lab-default-deny", "lab-web-of-lab", "lab-store"]
    assert given.manifests["lab-default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert given.manifests["lab-web-of-lab"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web-of-lab", "namespace": "lab"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {
                            "podSelector": {"matchLabels": {"app": "nginx"}},
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}},
                        }
                    ],
                    "ports": [{"port": 8080, "protocol": "TCP"}],
                }
            ],
            "egress": [
                {
                    "to": [
                        {
                            "podSelector": {
                                "matchLabels": {"app": "store"},
                                "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}],
                            }
                        }
                    ],
                    "ports": [{"port": 6379, "protocol": "TCP"}],
                },
                {
                    "to": [
                        {
                            "podSelector": {"matchLabels": {"app": "afar"}},
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}},
                        }
                    ],
                    "ports": [{"port": 80, "protocol": "TCP"}],
                },
            ],
        },
    }
    assert "egress" not in given.manifests["lab-store"]["spec"]
    assert given.one_sided == (AFAR,)
    assert_accepted(list(given.manifests.values()))


def test_unknown_external_address_allows_everything_but_pods_services_and_link_local() -> None:
    given = worked_out(to(ExternalPeer(name="git.example.com")))
    assert given.manifests["lab-web-of-lab"]["spec"]["egress"] == [
        {
            "to": [
                {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.42.0.0/16", "10.43.0.0/16", "169.254.0.0/16"]}},
                {"ipBlock": {"cidr": "::/0", "except": ["fd42::/48", "fd43::/112", "fe80::/10", "fd00:ec2::/32"]}},
            ],
            "ports": [{"port": 443, "protocol": "TCP"}],
        }
    ]
    assert list(given.everywhere) == ["git.example.com"]
    known = worked_out(to(ExternalPeer(name="git.example.com", networks=("198.51.100.7/32",))))
    assert "0.0.0.0/0" not in str(known.manifests)
    assert not known.everywhere


def test_external_network_that_contains_pods_excepts_them() -> None:
    given = worked_out(to(WEB, source=ExternalPeer(name="people", networks=("10.0.0.0/8", "198.51.100.0/24"))))
    assert given.manifests["lab-web-of-lab"]["spec"]["ingress"][0]["from"] == [
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.42.0.0/16", "10.43.0.0/16"]}},
        {"ipBlock": {"cidr": "198.51.100.0/24"}},
    ]


def test_duplicate_flow_is_ignored() -> None:
    given = worked_out(to(STORE), to(STORE), to(dataclasses.replace(STORE, name="the same pods")))
    assert len(given.flows) == 1
    assert str(given.manifests["lab-web-of-lab"]).count("'port': 443") == 1


@pytest.mark.parametrize(
    ("fact", "flow"),
    [
        ("network_plugin", to(STORE)),
        ("api_server", to(ClusterComponent(role="api-server"))),
        ("dns", resolves_names(WEB)[0]),
        ("ingress_controller", to(WEB, source=ClusterComponent(role="ingress-controller"))),
        ("monitoring", to(WEB, source=ClusterComponent(role="monitoring"))),
        ("cnpg_operator", to(WEB, source=ClusterComponent(role="cnpg-operator"))),
        ("keda", to(WEB, source=ClusterComponent(role="keda"))),
        ("cloud_identity", to(ClusterComponent(role="cloud-identity"))),
        ("node_networks", to(WEB, source=ClusterComponent(role="nodes"))),
        ("pod_networks", to(ExternalPeer(name="git.example.com"))),
    ],
)
def test_missing_fact_is_reported(fact: str, flow: TrafficFlow) -> None:
    given = worked_out(flow, facts=facts(**{fact: () if fact.endswith("networks") else None}))
    assert asked(given) == [("network/question", f"facts.{fact}")]
    (finding,) = given.findings
    assert f"ClusterFacts({fact}=" in finding.fix
    assert not worked_out(flow).findings


def test_fact_that_no_flow_requires_is_not_reported() -> None:
    assert not worked_out(to(STORE), facts=ClusterFacts(network_plugin="calico")).findings


def test_monitoring_not_installed_allows_no_metrics_flow() -> None:
    given = worked_out(
        to(WEB, 9102, ClusterComponent(role="monitoring")), to(STORE), facts=facts(monitoring=NotInstalled())
    )
    assert not given.findings
    assert "ingress" not in given.manifests["lab-web-of-lab"]["spec"]
    assert len(given.flows) == 1


@pytest.mark.parametrize(
    "target",
    [UnlocatedPeer(name="broker of lab"), ExternalPeer(name="store.storage"), ExternalPeer(name="store.storage.svc")],
    ids=["secret", "maybe", "service"],
)
def test_unlocated_peer_is_reported_and_located_by_name(target: Any) -> None:
    (finding,) = worked_out(to(target, 6379)).findings
    assert (finding.rule, finding.at) == ("network/question", "endpoints")
    assert f"endpoints={{'{target.name}': PeerEndpoint(" in finding.fix
    placed = worked_out(to(target, 6379), endpoints={target.name: PeerEndpoint(peer=AFAR, port=6380)})
    assert not placed.findings
    assert placed.manifests["lab-web-of-lab"]["spec"]["egress"][0]["ports"] == [{"port": 6380, "protocol": "TCP"}]


def test_pods_that_open_user_flows_may_use_dns_and_others_may_not() -> None:
    own = PodGroup(name="own", namespace="lab", labels={"app": "own"})
    given = worked_out(more=[to(AFAR, source=own)])
    assert [rule["ports"][0]["port"] for rule in given.manifests["lab-own"]["spec"]["egress"]] == [443, 53]
    assert "egress" not in worked_out(more=[to(own, source=AFAR)]).manifests["lab-own"]["spec"]


def test_external_peer_of_the_user_is_external_whatever_its_name() -> None:
    given = worked_out(more=[to(ExternalPeer(name="mainframe"))])
    assert not given.findings
    assert list(given.everywhere) == ["mainframe"]


def test_role_can_be_located_and_its_isolated_pods_get_a_policy() -> None:
    scraper = PodGroup(name="scraper", namespace="lab", labels={"app": "scraper"})
    flow = to(WEB, 9102, ClusterComponent(role="monitoring"))
    given = worked_out(
        flow, facts=facts(monitoring=NotInstalled()), endpoints={"monitoring": PeerEndpoint(peer=scraper)}
    )
    assert given.manifests["lab-scraper"]["spec"]["egress"][0]["ports"] == [{"port": 9102, "protocol": "TCP"}]
    (finding,) = worked_out(to(ClusterComponent(role="helm-controller"))).findings
    assert "'helm-controller'" in finding.fix


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (worked_out(to(STORE), endpoints={"git": PeerEndpoint(peer=AFAR)}), "network/unused-place"),
        (worked_out(to(STORE), facts=facts(network_plugin="flannel")), "network/not-enforced"),
        (worked_out(to(dataclasses.replace(AFAR, namespace="lab"))), "network/not-given"),
        (worked_out(more=[to(dataclasses.replace(AFAR, name="Web.of/Lab", namespace="lab"))]), "network/same-name"),
        (worked_out(more=[to(dataclasses.replace(AFAR, name="default deny", namespace="lab"))]), "network/same-name"),
        (worked_out(more=[to(ClusterComponent(role="dns"), source=ExternalPeer(name="x.example.com"))]), "network/no-pods"),
        (worked_out(to(ExternalPeer(name="x.example.com", networks=("10.42.7.0/24",)))), "network/not-outside"),
        (worked_out(to(ExternalPeer(name="x.example.com", networks=("10.43.0.1/32",)))), "network/not-outside"),
        (
            worked_out(to(WEB, source=ClusterComponent(role="monitoring")), facts=facts(monitoring=dataclasses.replace(AFAR, namespace="lab"))),
            "network/not-given",
        ),
        (
            worked_out(to(ExternalPeer(name="x.example.com")), facts=facts(pod_networks=["10.42.0.0/16"], ip_families=["IPv4", "IPv6"])),
            "network/question",
        ),
    ],
)  # fmt: skip
def test_policy_without_effect_is_rejected(given: Isolation, rule: str) -> None:
    assert {finding.rule for finding in given.findings} == {rule}
    assert all(finding.fix for finding in given.findings)


def test_external_peer_in_the_pod_network_is_allowed_with_in_pod_network() -> None:
    peer = ExternalPeer(name="rds.example.com", networks=("10.42.7.0/24",), in_pod_network=True)
    made = worked_out(to(peer))
    assert not made.findings
    (policy,) = [each for each in made.manifests.values() if "10.42.7.0/24" in str(each)]
    assert {"ipBlock": {"cidr": "10.42.7.0/24"}} in [end for rule in policy["spec"]["egress"] for end in rule["to"]]
    (finding,) = worked_out(to(dataclasses.replace(peer, in_pod_network=False))).findings
    assert "in_pod_network=True" in finding.fix
    assert [each.at for each in check_setting(dataclasses.replace(peer, networks=()), "peer")] == [
        "peer.in_pod_network"
    ]


def test_node_addresses_are_rejected_with_cilium_unless_it_matches_nodes() -> None:
    flows = (
        to(ClusterComponent(role="api-server")),
        *resolves_names(WEB),
        to(WEB, source=ClusterComponent(role="ingress-controller")),
    )
    on_nodes = {
        "dns": ClusterDns(node_local=["169.254.20.10/32"]),
        "ingress_controller": HostNetwork("nginx"),
        "network_plugin": Cilium(),
    }
    given = worked_out(*flows, facts=facts(**on_nodes))
    assert sorted(asked(given)) == [
        ("network/cilium-nodes", f"facts.{fact}") for fact in ("api_server", "dns", "node_networks")
    ]
    assert not worked_out(*flows, facts=facts(**{**on_nodes, "network_plugin": Cilium(matches_nodes=True)})).findings
    assert not worked_out(*flows, facts=facts(**{**on_nodes, "network_plugin": "calico"})).findings
    managed = KubernetesApiAddress(networks=["198.51.100.1/32"], port=443, on_nodes=False)
    assert not worked_out(flows[0], facts=facts(network_plugin=Cilium(), api_server=managed)).findings


def test_cilium_does_not_require_pod_networks() -> None:
    given = worked_out(
        to(ExternalPeer(name="x.example.com")),
        facts=facts(network_plugin=Cilium(), pod_networks=(), service_networks=()),
    )
    assert not given.findings
    assert "'except': ['169.254.0.0/16']" in str(given.manifests)


def test_questions_of_traffic_are_passed_on() -> None:
    question = Finding(rule="network/unseen", at="values.x", problem="p", fix="f")
    given = isolation([Traffic(workloads=(WEB,), questions=(question,))], [], {}, FACTS)
    assert given.findings == (question,)


def test_flow_between_other_pods_requires_no_facts() -> None:
    given = worked_out(to(UnlocatedPeer(name="database"), source=ClusterComponent(role="keda")), facts=facts(keda=None))
    assert not given.findings
    assert not given.flows


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DAG processor of lab", "dag-processor-of-lab"),
        ("§§", "pods"),
        ("a" * 80, "a" * 63),
        ("x" * 62 + " y", "x" * 62),
    ],
)
def test_policy_name_is_derived_from_the_pod_group(name: str, expected: str) -> None:
    assert policy_name(dataclasses.replace(WEB, name=name)) == expected

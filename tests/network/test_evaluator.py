"""The evaluator with the examples of the Kubernetes documentation of network policies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.evaluator import NAME_LABEL, Spot, Verdict, selects

DB = Spot("db", ("10.42.0.1", "fd42::1"), "default", {"role": "db"})
FRONT = Spot("front", ("10.42.0.2", "fd42::2"), "default", {"role": "frontend"})
OTHER = Spot("other", ("10.42.0.3",), "myproject", {"role": "frontend"})
LONE = Spot("lone", ("10.42.0.4",), "elsewhere", {"role": "frontend"})
WORLD = Spot("world", ("172.17.5.5", "2001:db8::5"))
NEAR = Spot("near", ("172.17.1.1",))
SPOTS = [DB, FRONT, OTHER, LONE, WORLD, NEAR]


def policy(namespace: str = "default", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"podSelector": {}, **spec},
    }


DOCUMENTED = policy(
    podSelector={"matchLabels": {"role": "db"}},
    policyTypes=["Ingress", "Egress"],
    ingress=[
        {
            "from": [
                {"ipBlock": {"cidr": "172.17.0.0/16", "except": ["172.17.1.0/24"]}},
                {"namespaceSelector": {"matchLabels": {NAME_LABEL: "myproject"}}},
                {"podSelector": {"matchLabels": {"role": "frontend"}}},
            ],
            "ports": [{"protocol": "TCP", "port": 6379}],
        }
    ],
    egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 5978}]}],
)


@pytest.mark.parametrize(
    ("source", "target", "port", "protocol", "family", "passes"),
    [
        (FRONT, DB, 6379, "TCP", 4, True),
        (FRONT, DB, 6379, "TCP", 6, True),
        (OTHER, DB, 6379, "TCP", 4, True),
        (WORLD, DB, 6379, "TCP", 4, True),
        (LONE, DB, 6379, "TCP", 4, False),
        (NEAR, DB, 6379, "TCP", 4, False),
        (WORLD, DB, 6379, "TCP", 6, False),
        (FRONT, DB, 6380, "TCP", 4, False),
        (FRONT, DB, 6379, "UDP", 4, False),
        (DB, FRONT, 6379, "TCP", 4, False),
        (FRONT, LONE, 1, "TCP", 4, True),
        (DB, DB, 1, "TCP", 4, True),
        (LONE, WORLD, 1, "TCP", 6, False),
    ],
)
def test_documented_policy_allows_the_documented_connections(
    source: Spot, target: Spot, port: int, protocol: str, family: int, passes: bool
) -> None:
    assert Verdict([DOCUMENTED], SPOTS).allows(source, target, port, protocol, family) is passes


def test_no_policy_allows_everything_and_an_empty_policy_nothing() -> None:
    assert Verdict([], SPOTS).allows(LONE, DB, 1)
    cut = Verdict([policy(policyTypes=["Ingress", "Egress"])], SPOTS)
    assert not cut.allows(LONE, DB, 1)
    assert not cut.allows(DB, LONE, 1)
    assert cut.allows(LONE, WORLD, 1)


def test_policies_add_up_and_empty_peers_or_ports_match_all() -> None:
    deny = policy(policyTypes=["Ingress"])
    assert Verdict([deny, policy(ingress=[{}])], SPOTS).allows(WORLD, DB, 12345, "UDP")
    assert Verdict([deny], SPOTS).allows(DB, WORLD, 1)
    both = Verdict(
        [deny, policy(ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 1, "endPort": 9}]}])], SPOTS
    )
    assert both.allows(FRONT, DB, 5)
    assert not both.allows(FRONT, DB, 10)
    assert not both.allows(OTHER, DB, 5)


def test_namespace_and_pod_selectors_in_one_peer_must_both_match() -> None:
    peers = [
        {"namespaceSelector": {"matchLabels": {NAME_LABEL: "myproject"}}, "podSelector": {"matchLabels": {"role": "x"}}}
    ]
    assert not Verdict([policy(ingress=[{"from": peers}])], SPOTS).allows(OTHER, DB, 1)
    everywhere = [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"role": "frontend"}}}]
    assert Verdict([policy(ingress=[{"from": everywhere}])], SPOTS).allows(LONE, DB, 1)
    assert not Verdict([policy(ingress=[{"from": everywhere}])], SPOTS).allows(WORLD, DB, 1)


@pytest.mark.parametrize(
    ("operator", "values", "with_it", "without_it"),
    [
        ("Exists", [], True, False),
        ("DoesNotExist", [], False, True),
        ("In", ["a"], True, False),
        ("NotIn", ["a"], False, True),
    ],
)
def test_match_expressions(operator: str, values: list[str], with_it: bool, without_it: bool) -> None:
    selector = {"matchExpressions": [{"key": "k", "operator": operator, **({"values": values} if values else {})}]}
    assert selects(selector, {"k": "a"}) is with_it
    assert selects(selector, {}) is without_it


@pytest.mark.parametrize(
    "bad",
    [
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}},
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}},
        {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}},
        {"podSelectors": {}},
    ],
)
def test_invalid_policy_is_rejected(bad: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        Verdict([policy(ingress=[{"from": [bad]}])], SPOTS)

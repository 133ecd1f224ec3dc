"""Evaluates NetworkPolicies as Kubernetes documents them, independent of how this library creates them.

A pod that no policy selects for a direction allows all traffic in that direction. A selected pod allows only what at least
one of its policies allows. A connection must be allowed by the egress of its source and the ingress of its target. An
``ipBlock`` is also compared with the addresses of pods, as a plugin may do, so a block that must not match pods has to
except them.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

address_of = functools.cache(ipaddress.ip_address)
network_of = functools.cache(ipaddress.ip_network)

NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Spot:
    """A pod, or, without a namespace, a host that is not a pod.

    Attributes:
        name: its name.
        addresses: its addresses, one of each family.
        namespace: the namespace of a pod.
        labels: the labels of a pod.
    """

    name: str
    addresses: tuple[str, ...]
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.namespace))


class Verdict:
    """The connections that a set of policies allows between some spots."""

    def __init__(self, policies: Iterable[Mapping[str, Any]], spots: Sequence[Spot]) -> None:
        self._spots = spots
        self._out: dict[Spot, list[list[tuple[set[tuple[Spot, str]], Any]]]] = {spot: [] for spot in spots}
        self._in: dict[Spot, list[list[tuple[set[tuple[Spot, str]], Any]]]] = {spot: [] for spot in spots}
        for policy in policies:
            assert (policy["apiVersion"], policy["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")
            namespace, spec = policy["metadata"]["namespace"], policy["spec"]
            unknown = set(spec) - {"podSelector", "policyTypes", "ingress", "egress"}
            assert not unknown, f"fields that the evaluator does not know: {unknown}"
            types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
            for direction, rules, peers, into in (
                ("Egress", spec.get("egress") or [], "to", self._out),
                ("Ingress", spec.get("ingress") or [], "from", self._in),
            ):
                if direction not in types:
                    continue
                read = [(self._ends(rule, peers, namespace), rule.get("ports")) for rule in rules]
                for spot in spots:
                    if spot.namespace == namespace and selects(spec["podSelector"], spot.labels):
                        into[spot].append(read)

    def _ends(self, rule: Mapping[str, Any], peers: str, namespace: str) -> set[tuple[Spot, str]]:
        unknown = set(rule) - {peers, "ports"}
        assert not unknown, f"fields that the evaluator does not know: {unknown}"
        everyone = {(spot, address) for spot in self._spots for address in spot.addresses}
        if not rule.get(peers):
            return everyone
        return {
            (spot, address)
            for spot, address in everyone
            if any(_is_peer(peer, spot, address, namespace) for peer in rule[peers])
        }

    def allows(self, source: Spot, target: Spot, port: int, protocol: str = "TCP", family: int = 4) -> bool:
        """Whether a connection is allowed between addresses of one family."""
        return (port, protocol) in self.passing(source, target, [(port, protocol)], family)

    def passing(
        self, source: Spot, target: Spot, ports: Iterable[tuple[int, str]], family: int
    ) -> set[tuple[int, str]]:
        """The ports of a list at which a connection is allowed between addresses of one family."""
        if source is target:
            return set(ports)
        start, end = _address(source, family), _address(target, family)
        if start is None or end is None:
            return set()
        outwards = _open(self._out[source], (target, end))
        inwards = _open(self._in[target], (source, start))
        if not outwards or not inwards:
            return set()
        return {
            (port, protocol)
            for port, protocol in ports
            if any(_port_fits(each, port, protocol) for each in outwards)
            and any(_port_fits(each, port, protocol) for each in inwards)
        }


def _address(spot: Spot, family: int) -> str | None:
    return next((text for text in spot.addresses if address_of(text).version == family), None)


def _open(policies: list[list[tuple[set[tuple[Spot, str]], Any]]], other: tuple[Spot, str]) -> list[Any]:
    """The port lists that are allowed to or from another end. Matches every port if no policy applies."""
    if not policies:
        return [None]
    return [ports for rules in policies for ends, ports in rules if other in ends]


def _port_fits(ports: Sequence[Mapping[str, Any]] | None, port: int, protocol: str) -> bool:
    if not ports:
        return True
    for each in ports:
        assert not isinstance(each.get("port"), str), "named ports are not evaluated"
        first = each.get("port")
        if each.get("protocol", "TCP") == protocol and (first is None or first <= port <= each.get("endPort", first)):
            return True
    return False


def _is_peer(peer: Mapping[str, Any], spot: Spot, address: str, namespace: str) -> bool:
    unknown = set(peer) - {"ipBlock", "podSelector", "namespaceSelector"}
    assert not unknown, f"fields that the evaluator does not know: {unknown}"
    if "ipBlock" in peer:
        assert set(peer) == {"ipBlock"}, "a block stands alone"
        block = peer["ipBlock"]
        for part in block.get("except", ()):
            assert network_of(part).subnet_of(network_of(block["cidr"])), f"{part} is no part of {block['cidr']}"
            assert part != block["cidr"], f"{part} is all of {block['cidr']}"
        return address_of(address) in network_of(block["cidr"]) and not any(
            address_of(address) in network_of(part) for part in block.get("except", ())
        )
    if spot.namespace is None:
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {NAME_LABEL: spot.namespace}):
            return False
    elif spot.namespace != namespace:
        return False
    return selects(peer.get("podSelector") or {}, spot.labels)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches these labels."""
    unknown = set(selector) - {"matchLabels", "matchExpressions"}
    assert not unknown, f"fields that the evaluator does not know: {unknown}"
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression["key"], expression["operator"]
        holds = {
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
            "In": labels.get(key) in expression.get("values", ()),
            "NotIn": labels.get(key) not in expression.get("values", ()),
        }[operator]
        if not holds:
            return False
    return True

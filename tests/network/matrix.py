"""Compares policies with flows: every connection of a flow is allowed, every other one is denied.

To test your own traffic: ``assert_exact(isolation([...traffic...], [], {}, FACTS), FACTS)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from cdk8s_airflow import ClusterFacts
from cdk8s_airflow.model.cluster_network import HostNetwork
from cdk8s_airflow.model.traffic import Peer
from cdk8s_airflow.network import (
    CloudIdentity,
    ClusterComponent,
    ClusterDns,
    ExternalPeer,
    KubernetesApiAddress,
    PeerEndpoint,
    PodGroup,
    TrafficFlow,
)
from cdk8s_airflow.network.wire.network_policy import Isolation
from tests.network.evaluator import Spot, Verdict, address_of, network_of

FACTS = ClusterFacts(
    network_plugin="calico",
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32", "fd00:1::10/128"], port=6443),
    dns=ClusterDns(),
    ingress_controller=PodGroup(name="ingress-nginx", namespace="ingress-nginx", labels={"app": "nginx"}),
    monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app": "prometheus"}),
    cnpg_operator=PodGroup(name="CloudNativePG", namespace="cnpg-system", labels={"app": "cnpg"}),
    keda=PodGroup(name="KEDA", namespace="keda", labels={"app": "keda-operator"}),
    cloud_identity=CloudIdentity.metadata(),
    pod_networks=["10.42.0.0/16", "fd42::/48"],
    service_networks=["10.43.0.0/16", "fd43::/112"],
    node_networks=["192.168.1.0/24", "fd00:1::/64"],
)
"""A dual-stack cluster of which every fact is known."""

_WORLD = Spot("the world", ("203.0.113.99", "2001:db8::99"))
_METADATA = Spot("the metadata server", ("169.254.169.254",))
_API_SERVER = Spot("the API server", ("192.168.1.10", "fd00:1::10"))
_NODE = Spot("a node", ("192.168.1.77", "fd00:1::77"))
_UNUSED_PORT = 22222


def assert_exact(
    given: Isolation, facts: ClusterFacts = FACTS, places: Mapping[str, PeerEndpoint] | None = None
) -> int:
    """Check every pair of spots, at each port of a flow and one more port: it is allowed exactly if a flow allows it.

    Returns:
        the number of allowed connections, so that a test can check that it tested something.
    """
    assert not given.findings, [str(finding) for finding in given.findings]
    places = places or {}
    spots = list(_spots(given, facts, places))
    verdict = Verdict(given.manifests.values(), spots)
    used = {(each.port, each.protocol) for each in given.allowed}
    ports = {(port, protocol) for port, _ in used for protocol in ("TCP", "UDP")} | {(_UNUSED_PORT, "TCP")}
    wrong: list[str] = []
    passed = 0
    expect = _Expected(given, facts, places, spots)
    for source in spots:
        for target in spots:
            if source is target or not (_isolated(source, given) or _isolated(target, given)):
                continue
            wanted = expect.between(source, target)
            for family in (4, 6):
                passes = verdict.passing(source, target, ports, family)
                needed = {(port, protocol) for port, protocol, of in wanted if of == family}
                passed += len(passes)
                for port, protocol in passes ^ needed:
                    what = (
                        "is allowed without a flow" if (port, protocol) in passes else "is denied, but a flow needs it"
                    )
                    wrong.append(f"{source.name} -> {target.name} {port}/{protocol} IPv{family} {what}")
    assert not wrong, "\n".join(wrong[:20])
    return passed


def _isolated(spot: Spot, given: Isolation) -> bool:
    return spot.namespace in given.namespaces


def _spots(given: Isolation, facts: ClusterFacts, places: Mapping[str, PeerEndpoint]) -> Iterator[Spot]:
    """A pod of each kind, a copy with the same labels in another namespace, other pods, and external hosts."""
    number = 1

    def pod(name: str, namespace: str, labels: Mapping[str, str]) -> Spot:
        nonlocal number
        number += 1
        return Spot(name, (f"10.42.{number // 250}.{number % 250}", f"fd42::{number:x}"), namespace, labels)

    peers = [end for flow in given.flows for end in (flow.source, flow.target)]
    peers += [place.peer for place in places.values()]
    peers += [fact for fact in (facts.ingress_controller, facts.monitoring, facts.cnpg_operator, facts.keda) if fact]
    dns = PodGroup(name="DNS", namespace="kube-system", labels={"k8s-app": "kube-dns"})
    kinds = {end.chosen_by: end for end in (*peers, dns) if isinstance(end, PodGroup) and end.labels}
    for kind in kinds.values():
        yield pod(f"{kind.name} in {kind.namespace}", kind.namespace, {**kind.labels, "noise": "yes"})
        yield pod(f"a double of {kind.name}", "somewhere-else", dict(kind.labels))
    namespaces = {kind.namespace for kind in kinds.values()} | set(given.namespaces)
    for namespace in sorted(namespaces):
        yield pod(f"a bystander in {namespace}", namespace, {"app": "bystander"})
    yield from (_WORLD, _METADATA, _API_SERVER, _NODE)
    networks = {network for end in peers if isinstance(end, ExternalPeer) for network in end.networks}
    networks |= set(facts.dns.node_local) if facts.dns else set()
    for network in sorted(networks):
        yield Spot(f"an address in {network}", (str(network_of(network)[0]),))


class _Expected:
    """The connections that the flows allow."""

    def __init__(
        self, given: Isolation, facts: ClusterFacts, places: Mapping[str, PeerEndpoint], spots: Sequence[Spot]
    ) -> None:
        self._facts, self._places = facts, places
        self._found: dict[tuple[Spot, Spot], set[tuple[int, str, int]]] = {}
        for flow in given.flows:
            for family in (4, 6):
                sources = [spot for spot in spots if self._is(spot, flow.source, flow, family)]
                targets = [
                    (spot, port)
                    for spot in spots
                    if self._is(spot, flow.target, flow, family) and (port := self._port(spot, flow)) is not None
                ]
                for source in sources:
                    for target, port in targets:
                        self._found.setdefault((source, target), set()).add((port, flow.protocol, family))

    def between(self, source: Spot, target: Spot) -> set[tuple[int, str, int]]:
        """Port, protocol and family of all allowed connections."""
        return self._found.get((source, target), set())

    def _port(self, target: Spot, flow: TrafficFlow) -> int | None:
        facts, end = self._facts, flow.target
        if isinstance(end, PodGroup):
            return flow.port
        place = self._places.get(end.role if isinstance(end, ClusterComponent) else end.name)
        if place is not None:
            return place.port or flow.port
        if isinstance(end, ClusterComponent) and end.role == "api-server":
            return facts.api_server.port if facts.api_server else None
        if isinstance(end, ClusterComponent) and end.role == "dns":
            assert facts.dns is not None
            return facts.dns.port if target.namespace else 53
        if isinstance(end, ClusterComponent) and end.role == "cloud-identity":
            return facts.cloud_identity.port if facts.cloud_identity else None
        return flow.port

    def _is(self, spot: Spot, end: Peer, flow: TrafficFlow, family: int) -> bool:
        address = next((text for text in spot.addresses if address_of(text).version == family), None)
        if address is None:
            return False
        if not isinstance(end, PodGroup):
            place = self._places.get(end.role if isinstance(end, ClusterComponent) else end.name)
            end = place.peer if place is not None else end
        if isinstance(end, PodGroup):
            return (
                spot.namespace == end.namespace
                and all(spot.labels.get(key) == value for key, value in end.labels.items())
                and not any(key in spot.labels for key in end.without)
            )
        if isinstance(end, ExternalPeer):
            if end.networks:
                return spot.namespace is None and _within(address, end.networks)
            return spot.namespace is None and not address_of(address).is_link_local
        assert isinstance(end, ClusterComponent), end
        return self._is_known(spot, address, end, flow, family)

    def _is_known(self, spot: Spot, address: str, end: ClusterComponent, flow: TrafficFlow, family: int) -> bool:
        facts = self._facts
        by_network: Mapping[str, Callable[[], Sequence[str]]] = {
            "api-server": lambda: facts.api_server.networks if facts.api_server else (),
            "nodes": lambda: facts.node_networks,
        }
        if end.role in by_network:
            return _within(address, by_network[end.role]())
        if end.role == "cloud-identity":
            assert facts.cloud_identity is not None
            place = ExternalPeer(name="identity", networks=tuple(facts.cloud_identity.networks))
            return self._is(spot, place, flow, family)
        if end.role == "dns":
            assert facts.dns is not None
            pods = PodGroup(name="DNS", namespace=facts.dns.namespace, labels=facts.dns.labels)
            return _within(address, facts.dns.node_local) or self._is(spot, pods, flow, family)
        fact = getattr(facts, end.role.replace("-", "_"))
        if isinstance(fact, HostNetwork):
            return _within(address, facts.node_networks)
        return self._is(spot, fact, replace(flow), family)


def _within(address: str, networks: Sequence[str]) -> bool:
    return any(address_of(address) in network_of(network) for network in networks)

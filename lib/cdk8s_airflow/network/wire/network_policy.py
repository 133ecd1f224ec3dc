"""From flows to NetworkPolicies. Pure: what no policy can know comes from the facts, or is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, TypeAlias

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.cluster_network import Cilium, HostNetwork, NotInstalled
from cdk8s_airflow.model.traffic import (
    ClusterComponent,
    ExternalPeer,
    Peer,
    PodGroup,
    Traffic,
    TrafficFlow,
    UnlocatedPeer,
    resolves_names,
)
from cdk8s_airflow.model.url_host import looks_inside
from cdk8s_airflow.namespaces.wire.namespace import default_deny_manifest
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import PortNumber
from cdk8s_airflow.validation.frozen import frozen

NEVER_OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "IPv4": ("169.254.0.0/16",),
    "IPv6": ("fe80::/10", "fd00:ec2::/32"),
}
"""Addresses of the link, by which nodes and the metadata server of clouds are reached: no place in the world has them."""

EVERYWHERE: Mapping[str, str] = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}

_NOT_IN_NAMES = regex(r"[^a-z0-9]+")
_HOST = regex(r"[A-Za-z0-9.-]+")


@frozen
class PeerEndpoint:
    """Where something is that a flow only names.

    Attributes:
        peer: its pods, or its addresses outside the cluster.
        port: the port of the pods, or of what is outside. Default: the one that the flow has.
    """

    how_to_write = 'PeerEndpoint(peer=ExternalPeer(name="gitlab.acme.lab", networks=("203.0.113.7/32",)))'

    peer: PodGroup | ExternalPeer
    port: PortNumber | None = None


@frozen
class Block:
    """A network, but for some parts of it."""

    cidr: str
    excepted: tuple[str, ...] = ()


End: TypeAlias = PodGroup | Block
"""What a policy can name."""


@frozen
class Allowed:
    """A flow between two things that policies can name; of several, when the parts of a flow have several places."""

    source: End
    target: End
    port: int
    protocol: str
    flow: TrafficFlow


@frozen
class Isolation:
    """Everything that follows from the flows.

    Attributes:
        manifests: id -> policy.
        allowed: what the policies allow, end by end.
        flows: the flows, in the order they were given, each once.
        namespaces: those that are cut off but for the flows.
        everywhere: name of each place of which only everything outside the cluster could be allowed -> the flows to it.
        one_sided: pods in namespaces that are not isolated here, to which something is allowed on our side only.
        findings: what has to be said first.
    """

    manifests: Mapping[str, dict[str, Any]]
    allowed: tuple[Allowed, ...]
    flows: tuple[TrafficFlow, ...]
    namespaces: tuple[str, ...]
    everywhere: Mapping[str, tuple[TrafficFlow, ...]]
    one_sided: tuple[PodGroup, ...]
    findings: tuple[Finding, ...]


def isolation(
    traffic: Sequence[Traffic],
    more: Sequence[TrafficFlow],
    places: Mapping[str, PeerEndpoint],
    facts: ClusterFacts,
) -> Isolation:
    """Policies that allow all flows and nothing else, in both directions.

    Args:
        traffic: the parts of the platform.
        more: further flows, of which the platform does not know. Pods of isolated namespaces that open them resolve names too.
        places: name of something that flows only name, or role of a part of the cluster -> where it is.
        facts: what is known of the cluster.
    """
    flows = _all_flows(traffic, more, places, facts)
    workloads = _isolated_pods(traffic, more, places)
    namespaces = _isolated_namespaces(traffic)
    resolver = _Resolver(facts, places)
    resolved = [(flow, tuple(resolver.allowed(flow))) for flow in flows]
    allowed = tuple(each for _, ends in resolved for each in ends)
    strangers = _strangers(allowed, workloads)
    found = [
        *(question for each in traffic for question in each.questions),
        *plugin_findings(facts),
        *_name_findings(workloads),
        *_place_findings(places, flows),
        *_own_findings(more, places),
        *resolver.findings.values(),
        *_stranger_findings(strangers, namespaces),
    ]
    placed = {pods.chosen_by for pods in resolver.placed}
    return Isolation(
        manifests=_manifests(namespaces, workloads, allowed),
        allowed=allowed,
        flows=tuple(flow for flow, ends in resolved if ends),
        namespaces=namespaces,
        everywhere={name: tuple(to_it) for name, to_it in resolver.everywhere.items()},
        one_sided=tuple(p for p in strangers if p.namespace not in namespaces and p.chosen_by not in placed),
        findings=tuple(found),
    )


def _all_flows(
    traffic: Sequence[Traffic],
    more: Sequence[TrafficFlow],
    places: Mapping[str, PeerEndpoint],
    facts: ClusterFacts,
) -> list[TrafficFlow]:
    """Each flow once, without those of parts that the cluster does not have."""
    namespaces = _isolated_namespaces(traffic)
    sources = [flow.source for flow in more]
    callers = [pods for pods in sources if isinstance(pods, PodGroup) and pods.namespace in namespaces]
    known = [_doubted(flow, facts) for each in traffic for flow in each.flows]
    flows = _once([*known, *more, *resolves_names(*callers)])
    return [flow for flow in flows if not _left_out(flow, facts, places)]


def _isolated_namespaces(traffic: Sequence[Traffic]) -> tuple[str, ...]:
    """The namespaces of the pods of the platform."""
    return tuple(dict.fromkeys(pods.namespace for each in traffic for pods in each.workloads))


def _isolated_pods(
    traffic: Sequence[Traffic], more: Sequence[TrafficFlow], places: Mapping[str, PeerEndpoint]
) -> list[PodGroup]:
    """The pods that get a policy: those of the platform, and those that the user names in the same namespaces."""
    namespaces = _isolated_namespaces(traffic)
    ends: list[object] = [end for flow in more for end in (flow.source, flow.target)]
    ends += [place.peer for place in places.values()]
    named = [end for end in ends if isinstance(end, PodGroup) and end.namespace in namespaces]
    return _distinct([*(pods for each in traffic for pods in each.workloads), *named])


def _strangers(allowed: Iterable[Allowed], workloads: Iterable[PodGroup]) -> list[PodGroup]:
    """The pods at an end of a flow that get no policy."""
    chosen = {pods.chosen_by for pods in workloads}
    ends = _distinct([end for each in allowed for end in (each.source, each.target) if isinstance(end, PodGroup)])
    return [pods for pods in ends if pods.chosen_by not in chosen]


def _manifests(
    namespaces: Iterable[str], workloads: Iterable[PodGroup], allowed: Sequence[Allowed]
) -> dict[str, dict[str, Any]]:
    """The policies, by id."""
    manifests = {f"{namespace}-default-deny": default_deny_manifest(namespace) for namespace in namespaces}
    for pods in workloads:
        manifests[f"{pods.namespace}-{policy_name(pods)}"] = policy(pods, allowed)
    return manifests


def half_open(one: Isolation, other: Isolation) -> Iterator[Finding]:
    """Connections that one isolation allows at its end, and the other, whose pods are at their other end, does not."""
    there = {_ends_of(each) for each in other.allowed}
    told: set[Any] = set()
    for each in one.allowed:
        source, target = each.source, each.target
        if not isinstance(source, PodGroup) or not isinstance(target, PodGroup) or _ends_of(each) in there | told:
            continue
        ends = (source.namespace, target.namespace)
        theirs = [end for end in ends if end in other.namespaces and end not in one.namespaces]
        if len(theirs) == 1:
            told.add(_ends_of(each))
            yield Finding(
                rule="network/half-open",
                at="traffic",
                problem=f"is given apart from what it connects to: {source.name} may reach {target.name} at {each.port} "
                f"at one end only, and namespace {theirs[0]} is isolated by another NetworkIsolation",
                fix="give one NetworkIsolation all of it, or say this connection in flows= of the other",
            )


def _ends_of(allowed: Allowed) -> Any:
    ends = (end.chosen_by if isinstance(end, PodGroup) else end.cidr for end in (allowed.source, allowed.target))
    return (*ends, allowed.port, allowed.protocol)


def _once(flows: Iterable[TrafficFlow]) -> list[TrafficFlow]:
    return list({_flow_key(flow): flow for flow in reversed(list(flows))}.values())[::-1]


def _flow_key(flow: TrafficFlow) -> Any:
    return _peer_key(flow.source), _peer_key(flow.target), flow.port, flow.protocol


def _peer_key(peer: Peer) -> Any:
    return peer.chosen_by if isinstance(peer, PodGroup) else repr(peer)


def _distinct(given: Iterable[PodGroup]) -> list[PodGroup]:
    found: dict[Any, PodGroup] = {}
    for pods in given:
        found.setdefault(pods.chosen_by, pods)
    return list(found.values())


def policy_name(pods: PodGroup) -> str:
    """What the policy of some pods is called."""
    return _NOT_IN_NAMES.sub("-", pods.name.lower()).strip("-")[:63].rstrip("-") or "pods"


def policy(pods: PodGroup, allowed: Iterable[Allowed]) -> dict[str, Any]:
    """The policy of some pods: what may reach them, and what they may reach."""
    incoming: list[tuple[End, int, str]] = []
    outgoing: list[tuple[End, int, str]] = []
    for each in allowed:
        if isinstance(each.target, PodGroup) and each.target.chosen_by == pods.chosen_by:
            incoming.append((each.source, each.port, each.protocol))
        if isinstance(each.source, PodGroup) and each.source.chosen_by == pods.chosen_by:
            outgoing.append((each.target, each.port, each.protocol))
    spec: dict[str, Any] = {"podSelector": selector(pods), "policyTypes": ["Ingress", "Egress"]}
    if incoming:
        spec["ingress"] = [{"from": ends, "ports": ports} for ends, ports in _rules(incoming, pods.namespace)]
    if outgoing:
        spec["egress"] = [{"to": ends, "ports": ports} for ends, ports in _rules(outgoing, pods.namespace)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": policy_name(pods), "namespace": pods.namespace},
        "spec": spec,
    }


def _rules(
    allowed: Iterable[tuple[End, int, str]], namespace: str
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Ends that are allowed the same ports, together."""
    ports: dict[str, set[tuple[int, str]]] = {}
    ends: dict[str, dict[str, Any]] = {}
    for end, port, protocol in allowed:
        wire = peer(end, namespace)
        ends.setdefault(repr(wire), wire)
        ports.setdefault(repr(wire), set()).add((port, protocol))
    grouped: dict[tuple[tuple[int, str], ...], list[dict[str, Any]]] = {}
    for key, wire in ends.items():
        grouped.setdefault(tuple(sorted(ports[key])), []).append(wire)
    for numbers, wires in grouped.items():
        yield wires, [{"port": port, "protocol": protocol} for port, protocol in numbers]


def peer(end: End, namespace: str) -> dict[str, Any]:
    """One end as a policy of a namespace names it."""
    if isinstance(end, Block):
        block: dict[str, Any] = {"cidr": end.cidr}
        if end.excepted:
            block["except"] = list(end.excepted)
        return {"ipBlock": block}
    chosen: dict[str, Any] = {"podSelector": selector(end)}
    if end.namespace != namespace:
        chosen["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": end.namespace}}
    return chosen


def selector(pods: PodGroup) -> dict[str, Any]:
    """The selector of some pods within their namespace."""
    chosen: dict[str, Any] = {}
    if pods.labels:
        chosen["matchLabels"] = dict(sorted(pods.labels.items()))
    if pods.without:
        chosen["matchExpressions"] = [{"key": key, "operator": "DoesNotExist"} for key in sorted(pods.without)]
    return chosen


def plugin_findings(facts: ClusterFacts) -> Iterator[Finding]:
    """Whether anything in the cluster enforces policies, and how it reads addresses."""
    if facts.network_plugin is None:
        yield _question(
            "network_plugin",
            "is not known, and plugins differ in what a policy's networks match: what enforces NetworkPolicies in this cluster?",
            'say ClusterFacts(network_plugin="calico"), "kube-router" for k3s, or Cilium()',
        )
    if facts.network_plugin == "flannel":
        yield Finding(
            rule="network/not-enforced",
            at="facts.network_plugin",
            problem="enforces no NetworkPolicy: everything would stay open",
            seen="'flannel'",
            fix='say what enforces them beside it: "kube-router" with k3s, "canal" with Calico',
        )


def _question(fact: str, problem: str, fix: str) -> Finding:
    return Finding(rule="network/question", at=f"facts.{fact}" if fact else "endpoints", problem=problem, fix=fix)


def families(facts: ClusterFacts) -> tuple[str, ...]:
    """The families of addresses that pods have."""
    if facts.ip_families:
        return tuple(family for family in EVERYWHERE if family in facts.ip_families)
    known = {family_of(network) for network in facts.pod_networks}
    return tuple(family for family in EVERYWHERE if not known or family in known)


def family_of(network: str) -> str:
    """``IPv4`` or ``IPv6``."""
    return f"IPv{ip_network(network).version}"


def _doubted(flow: TrafficFlow, facts: ClusterFacts) -> TrafficFlow:
    """A flow of a part of the platform, with a target that is only said to be outside and has the name of a Service taken as one
    that nobody has placed. What a user adds is believed."""
    target = flow.target
    if not isinstance(target, ExternalPeer) or target.networks or _HOST.fullmatch(target.name) is None:
        return flow
    inside = looks_inside(target.name, flow.port, facts.cluster_domain)
    return replace(flow, target=UnlocatedPeer(name=target.name)) if inside else flow


def _left_out(flow: TrafficFlow, facts: ClusterFacts, places: Mapping[str, PeerEndpoint]) -> bool:
    """Whether one end is a part that this cluster does not have."""
    return any(
        isinstance(end, ClusterComponent) and end.role == "monitoring" and isinstance(facts.monitoring, NotInstalled)
        for end in (flow.source, flow.target)
    ) and not ({"monitoring"} & set(places))


def _name_findings(workloads: Iterable[PodGroup]) -> Iterator[Finding]:
    taken: dict[tuple[str, str], PodGroup] = {}
    for pods in workloads:
        place = (pods.namespace, policy_name(pods))
        other = taken.setdefault(place, pods)
        if other is not pods or place[1] == "default-deny":
            yield Finding(
                rule="network/same-name",
                at="flows",
                problem=f"name other pods of namespace {pods.namespace} that a policy is already named after",
                seen=show(pods.name),
                fix="give these pods another name",
            )


def _place_findings(places: Mapping[str, PeerEndpoint], flows: Sequence[TrafficFlow]) -> Iterator[Finding]:
    """Whether everything that was placed is part of a flow."""
    named = {_name(end) for flow in flows for end in (flow.source, flow.target) if not isinstance(end, PodGroup)}
    for name in places:
        if name not in named:
            yield Finding(
                rule="network/unused-place",
                at=f"endpoints.{name}",
                problem="is an end of no flow",
                seen=show(name),
                fix=f"use one of {', '.join(sorted(named))}, or leave it out",
            )


def _placed(end: Peer, places: Mapping[str, PeerEndpoint]) -> Peer:
    place = None if isinstance(end, PodGroup) else places.get(_name(end))
    return end if place is None else place.peer


def _own_findings(flows: Iterable[TrafficFlow], places: Mapping[str, PeerEndpoint]) -> Iterator[Finding]:
    """Whether each flow that was added is one of some pods."""
    for index, flow in enumerate(flows):
        if not any(isinstance(_placed(end, places), PodGroup) for end in (flow.source, flow.target)):
            yield Finding(
                rule="network/no-pods",
                at=f"flows[{index}]",
                problem="begins and ends at no pods, so that no policy is about it",
                seen=show(flow.purpose),
                fix="name the pods: PodGroup(name=..., namespace=..., labels=...)",
            )


def _name(end: Peer) -> str:
    return end.role if isinstance(end, ClusterComponent) else end.name


def _stranger_findings(strangers: Iterable[PodGroup], namespaces: Sequence[str]) -> Iterator[Finding]:
    """Pods that would be cut off, because nothing is known of them but a flow of somebody else's."""
    for pods in strangers:
        if pods.namespace in namespaces:
            yield Finding(
                rule="network/not-given",
                at="traffic",
                problem=f"lacks {pods.name}, which would be cut off: its namespace {pods.namespace} is isolated",
                fix="give the construct that they belong to, too, or say all their connections in flows=",
            )


class _Resolver:
    """Turns flows into connections, collects what has to be asked first, and what could only be allowed everywhere."""

    def __init__(self, facts: ClusterFacts, places: Mapping[str, PeerEndpoint]) -> None:
        self._facts = facts
        self._places = places
        self._cilium = isinstance(facts.network_plugin, Cilium)
        self._matches_nodes = not isinstance(facts.network_plugin, Cilium) or facts.network_plugin.matches_nodes
        self.findings: dict[str, Finding] = {}
        self.everywhere: dict[str, list[TrafficFlow]] = {}
        self.placed: list[PodGroup] = []

    def allowed(self, flow: TrafficFlow) -> Iterator[Allowed]:
        """Every pair of ends a flow has; none where it begins and ends at no pods, so that no policy is about it."""
        if not any(isinstance(_placed(end, self._places), PodGroup) for end in (flow.source, flow.target)):
            return
        targets = list(self._ends(flow.target, flow, flow.port))
        for source, _ in self._ends(flow.source, flow, flow.port):
            for target, port in targets:
                yield Allowed(source=source, target=target, port=port, protocol=flow.protocol, flow=flow)

    def _ask(self, finding: Finding) -> None:
        self.findings.setdefault(f"{finding.rule} {finding.at} {finding.problem}", finding)

    def _ask_where(self, end: UnlocatedPeer, port: int, flow: TrafficFlow) -> None:
        """Asks once for each end, however many need it."""
        self.findings.setdefault(
            f"place {end.name} {port}",
            Finding(
                rule="network/question",
                at="endpoints",
                problem=f"lack {end.name!r}, which {_name(flow.source)} needs ({flow.purpose}): is it in this cluster, and which "
                f"pods is it, or where is it outside, and does it listen on port {port}?",
                fix=f"say endpoints={{{end.name!r}: PeerEndpoint(peer=PodGroup(...) or ExternalPeer(...), port={port})}}",
            ),
        )

    def _ends(self, given: Peer, flow: TrafficFlow, port: int) -> Iterator[tuple[End, int]]:
        if isinstance(given, PodGroup):
            yield given, port
            return
        place = self._places.get(_name(given))
        if place is not None:
            port = place.port or port
            if isinstance(place.peer, PodGroup):
                self.placed.append(place.peer)
                yield place.peer, port
                return
            given = place.peer
        elif isinstance(given, ClusterComponent):
            yield from self._known(given, flow, port)
            return
        if isinstance(given, ExternalPeer):
            for end in self._outside(given, flow):
                yield end, port
            return
        self._ask_where(given, port, flow)

    def _outside(self, given: ExternalPeer, flow: TrafficFlow) -> Iterator[Block]:
        if given.networks:
            for network in given.networks:
                self._inside_after_all(given, network)
                yield Block(cidr=network, excepted=tuple(part for part in self._inside if _part_of(part, network)))
            return
        self.everywhere.setdefault(given.name, []).append(flow)
        if not self._facts.pod_networks and not self._cilium:
            self._ask(
                _question(
                    "pod_networks",
                    f"are not known, and the addresses of {given.name} neither, so that a policy can only allow everything but "
                    "pods: which networks do pods have?",
                    'say ClusterFacts(pod_networks=["10.42.0.0/16"]), or the addresses of all that is outside, with endpoints=',
                )
            )
        for family in families(self._facts):
            inside = [network for network in self._inside if family_of(network) == family]
            if family not in {family_of(network) for network in self._facts.pod_networks} and self._facts.pod_networks:
                self._ask(
                    _question(
                        "pod_networks",
                        f"have none of {family}, which ip_families says pods have: which is it?",
                        "name it too, or leave that family out",
                    )
                )
            yield Block(cidr=EVERYWHERE[family], excepted=(*inside, *NEVER_OUTSIDE[family]))

    @property
    def _inside(self) -> tuple[str, ...]:
        return (*self._facts.pod_networks, *self._facts.service_networks)

    def _inside_after_all(self, given: ExternalPeer, network: str) -> None:
        inside = (("of pods", self._facts.pod_networks), ("of Services", self._facts.service_networks))
        for what, networks in inside:
            if any(network == other or _part_of(network, other) for other in networks):
                self._ask(
                    Finding(
                        rule="network/not-outside",
                        at=given.name,
                        problem=f"is said to be outside the cluster, and has addresses {what}, which change and which policies do "
                        "not see",
                        seen=show(network),
                        fix=f"name its pods: endpoints={{{given.name!r}: PeerEndpoint(peer=PodGroup(...))}}",
                    )
                )

    def _known(self, given: ClusterComponent, flow: TrafficFlow, port: int) -> Iterator[tuple[End, int]]:
        facts, role = self._facts, given.role
        if role == "api-server":
            yield from self._api_server(flow)
        elif role == "dns":
            yield from self._dns(flow)
        elif role == "nodes":
            yield from ((end, port) for end in self._nodes(_name(flow.target)))
        elif role == "cloud-identity":
            yield from self._cloud_identity(flow)
        elif role == "ingress-controller" and isinstance(facts.ingress_controller, HostNetwork):
            yield from ((end, port) for end in self._nodes(facts.ingress_controller.name))
        else:
            fact = role.replace("-", "_")
            pods = getattr(facts, fact, None)
            if isinstance(pods, PodGroup):
                self.placed.append(pods)
                yield pods, port
            elif fact in _ASKED:
                self._ask(_question(fact, _ASKED[fact][0], f"say ClusterFacts({fact}={_ASKED[fact][1]})"))
            else:
                self._ask(
                    _question(
                        "",
                        f"lack {role!r}, which is an end of a flow ({flow.purpose}): which pods is it?",
                        f"say endpoints={{{role!r}: PeerEndpoint(peer=PodGroup(...))}}",
                    )
                )

    def _api_server(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.api_server
        if given is None:
            self._ask(
                _question(
                    "api_server",
                    "is not known, and a policy sees the API server behind its Service: at which addresses and which port do pods "
                    "reach it? kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes",
                    'say ClusterFacts(api_server=KubernetesApiAddress(networks=["192.168.1.10/32"], port=6443))',
                )
            )
            return
        if given.on_nodes and not self._matches_nodes:
            self._ask(_not_with_cilium("api_server", "the API server runs on nodes", "on_nodes=False, if it does not"))
        for network in given.networks:
            if any(_part_of(network, other) for other in self._facts.service_networks):
                self._ask(
                    Finding(
                        rule="network/service-address",
                        at="facts.api_server.networks",
                        problem="has the address of a Service, and a policy sees the API server behind it: nothing would reach it",
                        seen=show(network),
                        fix="name what kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes shows",
                    )
                )
        yield from ((Block(cidr=network), given.port) for network in given.networks)

    def _dns(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.dns
        if given is None:
            self._ask(
                _question(
                    "dns",
                    "is not known: which pods resolve names, and does NodeLocal DNSCache run on the nodes? "
                    "kubectl -n kube-system get pods -l k8s-app=node-local-dns",
                    'say ClusterFacts(dns=ClusterDns()), or ClusterDns(node_local=["169.254.20.10/32"])',
                )
            )
            return
        if given.node_local and not self._matches_nodes:
            self._ask(
                _not_with_cilium(
                    "dns",
                    "NodeLocal DNSCache is part of the node",
                    "the pods to which Cilium redirects instead: ClusterDns(labels={'k8s-app': 'node-local-dns'})",
                )
            )
        pods = PodGroup(name="DNS", namespace=given.namespace, labels=given.labels)
        self.placed.append(pods)
        yield pods, given.port
        yield from ((Block(cidr=network), 53) for network in given.node_local)

    def _nodes(self, name: str) -> Iterator[Block]:
        if not self._facts.node_networks:
            self._ask(
                _question(
                    "node_networks",
                    f"are not known, and what reaches {name} by the nodes comes from their addresses: which networks do nodes have, "
                    "with the addresses that the network plugin gives them towards pods?",
                    'say ClusterFacts(node_networks=["192.168.1.0/24"])',
                )
            )
        elif not self._matches_nodes:
            self._ask(_not_with_cilium("node_networks", "what comes through the nodes has their addresses", ""))
        yield from (Block(cidr=network) for network in self._facts.node_networks)

    def _cloud_identity(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.cloud_identity
        if given is None:
            self._ask(
                _question(
                    "cloud_identity",
                    f"is not known, and {_name(flow.source)} gets its identity from the cloud: where do pods fetch it?",
                    "say ClusterFacts(cloud_identity=CloudIdentity.web()), .eks_pod_identity() or .metadata()",
                )
            )
            return
        place = ExternalPeer(name="the cloud's identity service", networks=tuple(given.networks))
        wanted = families(self._facts)
        for end in self._outside(place, replace(flow, target=place, port=given.port)):
            if family_of(end.cidr) in wanted:
                yield end, given.port


_ASKED: Mapping[str, tuple[str, str]] = {
    "ingress_controller": (
        "is not known, and people reach the UI through it: which pods serve Ingresses or Gateways, or do they run on the nodes' own "
        "network?",
        'PodGroup(name="ingress-nginx", namespace="ingress-nginx", labels={"app.kubernetes.io/name": "ingress-nginx"})), '
        'or HostNetwork("ingress-nginx"',
    ),
    "monitoring": (
        "is not known: which pods collect metrics, if any?",
        'PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"})), or NotInstalled(',
    ),
    "cnpg_operator": (
        "is not known, and without it no instance would be looked after: which pods are the CloudNativePG operator?",
        'PodGroup(name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"})',
    ),
    "keda": (
        "is not known, and it counts tasks in the database: which pods are KEDA?",
        'PodGroup(name="KEDA", namespace="keda", labels={"app": "keda-operator"})',
    ),
}


def _not_with_cilium(fact: str, why: str, otherwise: str) -> Finding:
    return Finding(
        rule="network/cilium-nodes",
        at=f"facts.{fact}",
        problem=f"cannot be allowed: {why}, and Cilium matches no node by its address unless it is told to",
        seen="Cilium()",
        fix="set policy-cidr-match-mode: nodes in Cilium and say Cilium(matches_nodes=True)"
        + (f"; or say {otherwise}" if otherwise else ""),
    )


def _part_of(part: str, whole: str) -> bool:
    """Whether a network lies within a larger one."""
    inner, outer = ip_network(part), ip_network(whole)
    if inner.version != outer.version or inner == outer:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]

"""NetworkPolicies from traffic flows. Pure functions: what a policy cannot know comes from the facts, or a finding asks
for it."""

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
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL

NEVER_OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "IPv4": ("169.254.0.0/16",),
    "IPv6": ("fe80::/10", "fd00:ec2::/32"),
}
"""Link-local addresses of nodes and cloud metadata servers. No host outside the cluster has them."""

EVERYWHERE: Mapping[str, str] = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}

_NOT_IN_NAMES = regex(r"[^a-z0-9]+")
_HOST = regex(r"[A-Za-z0-9.-]+")


@frozen
class PeerEndpoint:
    """The location of a peer that a flow identifies only by name.

    Attributes:
        peer: its pods in this cluster, or its addresses outside the cluster.
        port: the port of the pods, or of the external peer. Default: None, the port of the flow.
    """

    how_to_write = 'PeerEndpoint(peer=ExternalPeer(name="gitlab.acme.lab", networks=("203.0.113.7/32",)))'

    peer: PodGroup | ExternalPeer
    port: PortNumber | None = None


@frozen
class Block:
    """A network without some of its parts (``ipBlock``)."""

    cidr: str
    excepted: tuple[str, ...] = ()


End: TypeAlias = PodGroup | Block
"""The peers that a policy can name."""


@frozen
class Allowed:
    """A flow between two ends that policies can name. A flow whose ends have several addresses becomes several of
    these.
    """

    source: End
    target: End
    port: int
    protocol: str
    flow: TrafficFlow


@frozen
class Isolation:
    """The policies for a set of flows.

    Attributes:
        manifests: construct id -> policy.
        allowed: the connections that the policies allow.
        flows: the flows without duplicates, in their order.
        namespaces: the isolated namespaces.
        pods: the pods in these namespaces that have a policy.
        everywhere: name of each external peer with unknown addresses -> the flows to it. All external addresses are
            allowed.
        one_sided: pods in namespaces that are not isolated here; only the end in an isolated namespace is allowed.
        findings: facts that are missing, and flows that cannot be allowed.
    """

    manifests: Mapping[str, dict[str, Any]]
    allowed: tuple[Allowed, ...]
    flows: tuple[TrafficFlow, ...]
    namespaces: tuple[str, ...]
    pods: tuple[PodGroup, ...]
    everywhere: Mapping[str, tuple[TrafficFlow, ...]]
    one_sided: tuple[PodGroup, ...]
    findings: tuple[Finding, ...]


def isolation(
    traffic: Sequence[Traffic],
    more: Sequence[TrafficFlow],
    places: Mapping[str, PeerEndpoint],
    facts: ClusterFacts,
) -> Isolation:
    """Policies that allow exactly the flows, in both directions.

    Args:
        traffic: the parts of the platform.
        more: other flows. Pods of isolated namespaces that open them may use DNS.
        places: name of a peer, or role of a part of the cluster -> its location.
        facts: facts about the cluster.
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
        flows=tuple(_with_allowed_port(flow, ends) for flow, ends in resolved if ends),
        namespaces=namespaces,
        pods=tuple(workloads),
        everywhere={name: tuple(to_it) for name, to_it in resolver.everywhere.items()},
        one_sided=tuple(p for p in strangers if p.namespace not in namespaces and p.chosen_by not in placed),
        findings=tuple(found),
    )


def _with_allowed_port(flow: TrafficFlow, ends: Sequence[Allowed]) -> TrafficFlow:
    """The flow with the port that the policies allow: the facts can name another one than the flow."""
    ports = {each.port for each in ends}
    return replace(flow, port=ports.pop()) if len(ports) == 1 else flow


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
    """Connections that one set of policies allows at its end, but the other set, which isolates the other end, does
    not.
    """
    there = {_ends_of(each) for each in other.allowed}
    reported: set[Any] = set()
    for each in one.allowed:
        source, target = each.source, each.target
        if not isinstance(source, PodGroup) or not isinstance(target, PodGroup) or _ends_of(each) in there | reported:
            continue
        ends = (source.namespace, target.namespace)
        theirs = [end for end in ends if end in other.namespaces and end not in one.namespaces]
        if len(theirs) == 1:
            reported.add(_ends_of(each))
            yield Finding(
                rule="network/half-open",
                at="traffic",
                problem=f"must include both ends of a connection: {source.name} may connect to {target.name} at port "
                f"{each.port}, "
                f"but namespace {theirs[0]} is isolated by another NetworkIsolation that does not allow it",
                fix="Pass all constructs to one NetworkIsolation, or add this connection to flows= of the other one",
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
    """The name of the policy for a group of pods."""
    return _NOT_IN_NAMES.sub("-", pods.name.lower()).strip("-")[:LONGEST_LABEL].rstrip("-") or "pods"


def policy(pods: PodGroup, allowed: Iterable[Allowed]) -> dict[str, Any]:
    """The policy for a group of pods, with ingress and egress rules."""
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
    """Groups ends that have the same allowed ports."""
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
    """One end as a peer in a policy of the given namespace."""
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
    """The ``podSelector`` of a group of pods within its namespace."""
    chosen: dict[str, Any] = {}
    if pods.labels:
        chosen["matchLabels"] = dict(sorted(pods.labels.items()))
    if pods.without:
        chosen["matchExpressions"] = [{"key": key, "operator": "DoesNotExist"} for key in sorted(pods.without)]
    return chosen


def plugin_findings(facts: ClusterFacts) -> Iterator[Finding]:
    """Check that the network plugin is known and enforces policies."""
    if facts.network_plugin is None:
        yield _question(
            "network_plugin",
            "is required: network plugins differ in how they match the networks of a policy",
            'Set ClusterFacts(network_plugin="calico"), "kube-router" for k3s, or Cilium()',
        )
    if facts.network_plugin == "flannel":
        yield Finding(
            rule="network/not-enforced",
            at="facts.network_plugin",
            problem="must be a plugin that enforces network policies; flannel alone does not",
            seen="'flannel'",
            fix='Set the plugin that enforces policies next to flannel: "kube-router" in k3s, "canal" with Calico',
        )


def _question(fact: str, problem: str, fix: str) -> Finding:
    return Finding(rule="network/question", at=f"facts.{fact}" if fact else "endpoints", problem=problem, fix=fix)


def families(facts: ClusterFacts) -> tuple[str, ...]:
    """The address families of pods."""
    if facts.ip_families:
        return tuple(family for family in EVERYWHERE if family in facts.ip_families)
    known = {family_of(network) for network in facts.pod_networks}
    return tuple(family for family in EVERYWHERE if not known or family in known)


def family_of(network: str) -> str:
    """``IPv4`` or ``IPv6``."""
    return f"IPv{ip_network(network).version}"


def _doubted(flow: TrafficFlow, facts: ClusterFacts) -> TrafficFlow:
    """The flow with an external target replaced by an unlocated one if its name may be a Service of the cluster. Flows
    that the user adds are not changed.
    """
    target = flow.target
    if not isinstance(target, ExternalPeer) or target.networks or _HOST.fullmatch(target.name) is None:
        return flow
    inside = looks_inside(target.name, flow.port, facts.cluster_domain)
    return replace(flow, target=UnlocatedPeer(name=target.name)) if inside else flow


def _left_out(flow: TrafficFlow, facts: ClusterFacts, places: Mapping[str, PeerEndpoint]) -> bool:
    """Whether one end is a component that is not installed in this cluster."""
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
                problem=f"must use different names for different pods in namespace {pods.namespace}: the policy name "
                "is taken",
                seen=show(pods.name),
                fix="Use another name= for this PodGroup",
            )


def _place_findings(places: Mapping[str, PeerEndpoint], flows: Sequence[TrafficFlow]) -> Iterator[Finding]:
    """Check that each name in ``endpoints`` is an end of a flow."""
    named = {_name(end) for flow in flows for end in (flow.source, flow.target) if not isinstance(end, PodGroup)}
    for name in places:
        if name not in named:
            yield Finding(
                rule="network/unused-place",
                at=f"endpoints.{name}",
                problem="must be the name of a peer of a flow",
                seen=show(name),
                fix=f"Use one of {', '.join(sorted(named))}, or remove this entry",
            )


def _placed(end: Peer, places: Mapping[str, PeerEndpoint]) -> Peer:
    place = None if isinstance(end, PodGroup) else places.get(_name(end))
    return end if place is None else place.peer


def _own_findings(flows: Iterable[TrafficFlow], places: Mapping[str, PeerEndpoint]) -> Iterator[Finding]:
    """Check that each added flow has pods at one end."""
    for index, flow in enumerate(flows):
        if not any(isinstance(_placed(end, places), PodGroup) for end in (flow.source, flow.target)):
            yield Finding(
                rule="network/no-pods",
                at=f"flows[{index}]",
                problem="must have a PodGroup as source or target, otherwise no policy applies to it",
                seen=show(flow.purpose),
                fix="Use PodGroup(name=..., namespace=..., labels=...) for one end",
            )


def _name(end: Peer) -> str:
    return end.role if isinstance(end, ClusterComponent) else end.name


def _stranger_findings(strangers: Iterable[PodGroup], namespaces: Sequence[str]) -> Iterator[Finding]:
    """Pods in an isolated namespace that appear only as the end of a flow, and that would be denied all other
    traffic.
    """
    for pods in strangers:
        if pods.namespace in namespaces:
            yield Finding(
                rule="network/not-given",
                at="traffic",
                problem=f"must include {pods.name}: its namespace {pods.namespace} is isolated, so its other traffic "
                "is denied",
                fix="Add the construct of these pods to traffic=, or add all their connections to flows=",
            )


class _Resolver:
    """Resolves flows to connections, and collects missing facts and external peers with unknown addresses."""

    def __init__(self, facts: ClusterFacts, places: Mapping[str, PeerEndpoint]) -> None:
        self._facts = facts
        self._places = places
        self._cilium = isinstance(facts.network_plugin, Cilium)
        self._matches_nodes = not isinstance(facts.network_plugin, Cilium) or facts.network_plugin.matches_nodes
        self.findings: dict[str, Finding] = {}
        self.everywhere: dict[str, list[TrafficFlow]] = {}
        self.placed: list[PodGroup] = []

    def allowed(self, flow: TrafficFlow) -> Iterator[Allowed]:
        """All pairs of ends of a flow. None if no end is a pod, because no policy applies then."""
        if not any(isinstance(_placed(end, self._places), PodGroup) for end in (flow.source, flow.target)):
            return
        targets = list(self._ends(flow.target, flow, flow.port))
        for source, _ in self._ends(flow.source, flow, flow.port):
            for target, port in targets:
                yield Allowed(source=source, target=target, port=port, protocol=flow.protocol, flow=flow)

    def _ask(self, finding: Finding) -> None:
        self.findings.setdefault(f"{finding.rule} {finding.at} {finding.problem}", finding)

    def _ask_where(self, end: UnlocatedPeer, port: int, flow: TrafficFlow) -> None:
        """Adds one finding for each unlocated peer, however many flows use it."""
        self.findings.setdefault(
            f"place {end.name} {port}",
            Finding(
                rule="network/question",
                at="endpoints",
                problem=f"must contain the location of {end.name!r}, which {_name(flow.source)} connects to "
                f"({flow.purpose}, "
                f"usually port {port})",
                fix=f"Set endpoints={{{end.name!r}: PeerEndpoint(peer=PodGroup(...), port={port})}} for pods of this "
                "cluster, "
                "or pass peer=ExternalPeer(...)",
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
                    f"is required: the addresses of {given.name} are unknown, so the policy allows every address "
                    "except pods",
                    'Set ClusterFacts(pod_networks=["10.42.0.0/16"]), or set the addresses of all external peers in '
                    "endpoints=",
                )
            )
        for family in families(self._facts):
            inside = [network for network in self._inside if family_of(network) == family]
            if family not in {family_of(network) for network in self._facts.pod_networks} and self._facts.pod_networks:
                self._ask(
                    _question(
                        "pod_networks",
                        f"must contain an {family} network, because pods have {family} addresses according to "
                        "ip_families",
                        f"Add the {family} network of pods, or remove {family!r} from ip_families",
                    )
                )
            yield Block(cidr=EVERYWHERE[family], excepted=(*inside, *NEVER_OUTSIDE[family]))

    @property
    def _inside(self) -> tuple[str, ...]:
        return (*self._facts.pod_networks, *self._facts.service_networks)

    def _inside_after_all(self, given: ExternalPeer, network: str) -> None:
        inside = (("of pods", self._facts.pod_networks), ("of Services", self._facts.service_networks))
        for what, networks in inside:
            if what == "of pods" and given.in_pod_network:
                continue
            if any(network == other or _part_of(network, other) for other in networks):
                self._ask(
                    Finding(
                        rule="network/not-outside",
                        at=given.name,
                        problem=f"must be outside the cluster, but it has addresses {what}, which policies cannot "
                        "match",
                        seen=show(network),
                        fix=f"Select its pods: endpoints={{{given.name!r}: PeerEndpoint(peer=PodGroup(...))}}, or, if it is not a pod "
                        "but in the same network (RDS in the VPC of EKS), set ExternalPeer(..., in_pod_network=True)",
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
                self._ask(_question(fact, _ASKED[fact][0], f"Set ClusterFacts({fact}={_ASKED[fact][1]})"))
            else:
                self._ask(
                    _question(
                        "",
                        f"The flow {flow.purpose!r} has the end {role!r}, whose pods are unknown",
                        f"Set endpoints={{{role!r}: PeerEndpoint(peer=PodGroup(...))}}",
                    )
                )

    def _api_server(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.api_server
        if given is None:
            self._ask(
                _question(
                    "api_server",
                    "is required: a policy matches the addresses behind the Service kubernetes, which "
                    "kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes prints",
                    'Set ClusterFacts(api_server=KubernetesApiAddress(networks=["192.168.1.10/32"], port=6443))',
                )
            )
            return
        if given.on_nodes and not self._matches_nodes:
            self._ask(_not_with_cilium("api_server", "the API server runs on nodes", "on_nodes=False if it does not"))
        for network in given.networks:
            if any(_part_of(network, other) for other in self._facts.service_networks):
                self._ask(
                    Finding(
                        rule="network/service-address",
                        at="facts.api_server.networks",
                        problem="must be the addresses of the API server, not the cluster IP of its Service, which no "
                        "policy matches",
                        seen=show(network),
                        fix="Use what kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes "
                        "prints",
                    )
                )
        yield from ((Block(cidr=network), given.port) for network in given.networks)

    def _dns(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.dns
        if given is None:
            self._ask(
                _question(
                    "dns",
                    "is required. Check whether NodeLocal DNSCache runs on the nodes: "
                    "kubectl -n kube-system get pods -l k8s-app=node-local-dns",
                    'Set ClusterFacts(dns=ClusterDns()), or ClusterDns(node_local=["169.254.20.10/32"])',
                )
            )
            return
        if given.node_local and not self._matches_nodes:
            self._ask(
                _not_with_cilium(
                    "dns",
                    "NodeLocal DNSCache runs on the node",
                    "the pods to which Cilium redirects: ClusterDns(labels={'k8s-app': 'node-local-dns'})",
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
                    f"is required: connections to {name} through the nodes come from their addresses, including those "
                    "that the "
                    "network plugin assigns to nodes for traffic to pods",
                    'Set ClusterFacts(node_networks=["192.168.1.0/24"])',
                )
            )
        elif not self._matches_nodes:
            self._ask(_not_with_cilium("node_networks", "connections through the nodes come from their addresses", ""))
        yield from (Block(cidr=network) for network in self._facts.node_networks)

    def _cloud_identity(self, flow: TrafficFlow) -> Iterator[tuple[End, int]]:
        given = self._facts.cloud_identity
        if given is None:
            self._ask(
                _question(
                    "cloud_identity",
                    f"is required: {_name(flow.source)} gets its credentials from the cloud",
                    "Set ClusterFacts(cloud_identity=CloudIdentity.web()), .eks_pod_identity() or .metadata()",
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
        "is required: users reach the UI through the pods that serve Ingresses or Gateways, or through the host "
        "network",
        'PodGroup(name="ingress-nginx", namespace="ingress-nginx", labels={"app.kubernetes.io/name": '
        '"ingress-nginx"})), '
        'or HostNetwork("ingress-nginx"',
    ),
    "monitoring": (
        "is required: the pods that collect metrics, or NotInstalled()",
        'PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"})), or '
        "NotInstalled(",
    ),
    "cnpg_operator": (
        "is required: the pods of the CloudNativePG operator connect to every instance",
        'PodGroup(name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"})',
    ),
    "keda": (
        "is required: the pods of KEDA query the database",
        'PodGroup(name="KEDA", namespace="keda", labels={"app": "keda-operator"})',
    ),
}


def _not_with_cilium(fact: str, why: str, otherwise: str) -> Finding:
    return Finding(
        rule="network/cilium-nodes",
        at=f"facts.{fact}",
        problem=f"cannot be allowed: {why}, and Cilium does not match nodes by address by default",
        seen="Cilium()",
        fix="Set policy-cidr-match-mode: nodes in Cilium and pass Cilium(matches_nodes=True)"
        + (f", or set {otherwise}" if otherwise else ""),
    )


def _part_of(part: str, whole: str) -> bool:
    """Whether a network is part of a larger one."""
    inner, outer = ip_network(part), ip_network(whole)
    if inner.version != outer.version or inner == outer:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]

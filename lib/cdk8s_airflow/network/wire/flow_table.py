"""Text for the report: allowed connections, and peers with unknown addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cdk8s_airflow.model.traffic import ClusterComponent, Peer, PodGroup, TrafficFlow


def flow_table(namespaces: Sequence[str], flows: Iterable[TrafficFlow]) -> str:
    """The connections that are allowed to and from isolated namespaces.

    Args:
        namespaces: the isolated namespaces.
        flows: the allowed connections.
    """
    heading = f"In {_named(namespaces)} only these connections are allowed:"
    return "\n".join((heading, *(f"  {line}" for line in flow_lines(tuple(flows)))))


def flow_lines(flows: Sequence[TrafficFlow]) -> Iterator[str]:
    """Two lines for each target and port: the purpose, and the sources."""
    names = PeerNames(flows)
    targets: dict[tuple[str, int], list[TrafficFlow]] = {}
    for flow in flows:
        targets.setdefault((names.of(flow.target), flow.port), []).append(flow)
    for (target, port), given in targets.items():
        protocols = " and ".join(dict.fromkeys(flow.protocol for flow in given))
        purposes = "; ".join(dict.fromkeys(flow.purpose for flow in given))
        yield f"to {target} at {port} {protocols} ({purposes})"
        yield f"  from {', '.join(dict.fromkeys(names.of(flow.source) for flow in given))}"


class PeerNames:
    """Names of ends for the report. Groups with the same name in two namespaces get the namespace appended."""

    def __init__(self, flows: Iterable[TrafficFlow]) -> None:
        pods = [end for flow in flows for end in (flow.source, flow.target) if isinstance(end, PodGroup)]
        places = {(each.name, each.namespace) for each in pods}
        self._twice = {name for name, _ in places if sum(name == other for other, _ in places) > 1}

    def of(self, end: Peer) -> str:
        """The name of one end."""
        if isinstance(end, ClusterComponent):
            return _ROLES[end.role]
        if isinstance(end, PodGroup) and end.name in self._twice:
            return f"{end.name} in {end.namespace}"
        return end.name


_ROLES: Mapping[str, str] = {
    "api-server": "the Kubernetes API server",
    "cloud-identity": "the cloud's identity service",
    "cnpg-operator": "the CloudNativePG operator",
    "dns": "DNS",
    "external-secrets": "External Secrets",
    "helm-controller": "the helm-controller",
    "ingress-controller": "the ingress controller",
    "keda": "KEDA",
    "monitoring": "monitoring",
    "nodes": "the nodes",
}


def everywhere_note(everywhere: Mapping[str, Sequence[TrafficFlow]]) -> str:
    """External peers with unknown addresses, for which every address outside the cluster is allowed. Empty if there are
    none.
    """
    if not everywhere:
        return ""
    lines = [
        f"  {name}: {', '.join(dict.fromkeys(f'{flow.port}/{flow.protocol}' for flow in flows))} "
        f"({'; '.join(dict.fromkeys(flow.purpose for flow in flows))})"
        for name, flows in everywhere.items()
    ]
    return "\n".join(
        (
            "The addresses of these peers are unknown, so EVERY address outside the cluster is allowed at their ports; "
            "set the addresses with NetworkIsolation(endpoints=...):",
            *lines,
        )
    )


def one_sided_note(pods: Sequence[PodGroup]) -> str:
    """Pods in other namespaces whose own policies must allow the connections too. Empty if there are none."""
    if not pods:
        return ""
    names = ", ".join(f"{each.name} in {each.namespace}" for each in pods)
    return (
        f"If the namespaces of these pods are isolated too, policies there must allow the connections as well: {names}"
    )


def _named(namespaces: Sequence[str]) -> str:
    if len(namespaces) == 1:
        return f"namespace {namespaces[0]}"
    return f"namespaces {', '.join(namespaces[:-1])} and {namespaces[-1]}"

"""A picture of a platform as data: components in their namespaces, stores, and connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cdk8s_airflow.airflow.logs import ClaimLogs
from cdk8s_airflow.airflow.pipeline import CompiledRelease
from cdk8s_airflow.airflow.wire.logs import log_claim_name
from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.footprint import Footprint
from cdk8s_airflow.model.traffic import ClusterComponent, Peer, PodGroup, TrafficFlow

ENTRY, COMPONENTS, STORES = 0, 1, 2
"""The columns of the picture."""

_ENTRIES = {"ingress-controller": "ingress controller", "nodes": "NodePort"}
"""Parts of the cluster through which users connect. Other parts of the cluster are left out of the picture."""

_JOBS = ("migration of ", "account job of ", "database cleanup of ", "pod cleanup of ", "cleanup of ")
"""Pods that run now and then."""

_OUTSIDE = "outside the cluster"
_USERS = "users"


@dataclass(frozen=True)
class Node:
    """One box.

    Attributes:
        id: a short id, unique in the picture.
        name: what it is.
        detail: how many, or which port.
        group: the namespace, or where it is.
        column: its column.
        is_store: whether it keeps data.
    """

    id: str
    name: str
    detail: str
    group: str
    column: int
    is_store: bool = False


@dataclass(frozen=True)
class Link:
    """All connections to one node.

    Attributes:
        target: the id of the node.
        sources: the ids of the nodes that connect to it.
        port: the ports.
        purpose: what for.
    """

    target: str
    sources: tuple[str, ...]
    port: str
    purpose: str


@dataclass(frozen=True)
class Picture:
    """Nodes and the links between them, in a fixed order."""

    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()

    def groups(self, column: int) -> list[tuple[str, list[Node]]]:
        """The groups of a column and their nodes."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.column == column:
                found.setdefault(node.group, []).append(node)
        return list(found.items())


@dataclass
class _Draft:
    key: str
    name: str
    group: str
    is_store: bool = False
    opens: bool = False
    from_entry: bool = False
    ports: list[str] = field(default_factory=list)


def picture_of(
    flows: Iterable[TrafficFlow], footprint: Footprint, registry: Registry, releases: Sequence[CompiledRelease]
) -> Picture:
    """The picture of a platform.

    Left out are DNS, the API server, operators, monitoring and Jobs: they would connect to nearly everything.

    Args:
        flows: its connections.
        footprint: its pods, for their numbers.
        registry: what the constructs of the app have recorded.
        releases: its releases.
    """
    drafts: dict[str, _Draft] = {}
    links: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for flow in flows:
        source, target = _draft(flow.source), _draft(flow.target)
        if source is None or target is None or isinstance(flow.target, ClusterComponent):
            continue
        source, target = (drafts.setdefault(each.key, each) for each in (source, target))
        source.opens = True
        target.from_entry |= not isinstance(flow.source, PodGroup)
        sources, ports, purposes = links.setdefault(target.key, ([], [], []))
        sources.append(source.key)
        ports.append(str(flow.port))
        purposes.append(flow.purpose)
    for draft in drafts.values():
        if draft.group == _OUTSIDE and draft.key not in links:
            draft.group = _USERS
    for key, name, namespace, users in _claims(releases, drafts):
        drafts[key] = _Draft(key, name, f"namespace {namespace}", is_store=True)
        links[key] = (users, [], ["task logs"])
    own = {f"{each.namespace}/{each.name}" for release in releases for each in release.traffic.workloads}
    counts = _counts(footprint)
    stateful = {f"{namespace}/{name}" for _, namespace, name in registry.state}
    nodes = []
    for number, draft in enumerate(sorted(drafts.values(), key=lambda each: _order(each, own))):
        port = ", ".join(dict.fromkeys(links[draft.key][1])) if draft.key in links else ""
        count = counts.get(_normal(draft.key), "")
        place = draft.group.removeprefix("namespace ")
        store = draft.is_store or any(f"{place}/{draft.name.removesuffix(' instances')}" == each for each in stateful)
        detail = " · ".join(part for part in (count, f"port {port}" if port else "") if part)
        nodes.append(Node(f"n{number}", draft.name, detail, draft.group, _column(draft, own), is_store=store))
        draft.ports.append(f"n{number}")
    ids = {draft.key: draft.ports[-1] for draft in drafts.values()}
    return Picture(
        tuple(nodes),
        tuple(
            Link(
                ids[key],
                tuple(dict.fromkeys(ids[source] for source in sources)),
                ", ".join(dict.fromkeys(ports)),
                "; ".join(dict.fromkeys(purposes)),
            )
            for key, (sources, ports, purposes) in sorted(links.items(), key=lambda item: int(ids[item[0]][1:]))
        ),
    )


def _draft(peer: Peer) -> _Draft | None:
    if isinstance(peer, ClusterComponent):
        name = _ENTRIES.get(peer.role)
        return None if name is None else _Draft(f"role/{peer.role}", name, _USERS)
    if isinstance(peer, PodGroup):
        if peer.name.startswith(_JOBS):
            return None
        return _Draft(f"{peer.namespace}/{peer.name}", peer.name, f"namespace {peer.namespace}")
    return _Draft(f"outside/{peer.name}", peer.name, _OUTSIDE)


def _claims(
    releases: Sequence[CompiledRelease], drafts: dict[str, _Draft]
) -> Iterator[tuple[str, str, str, list[str]]]:
    """The volume claims for logs, and the pods that mount them."""
    for release in releases:
        settings = release.settings
        if isinstance(settings.logs, ClaimLogs):
            name = log_claim_name(settings.release)
            users = [
                key
                for each in release.traffic.workloads
                if (key := f"{each.namespace}/{each.name}") in drafts
                and each.name.split(" ")[0] not in ("StatsD", "Redis", "PgBouncer", "Flower")
            ]
            yield f"{settings.namespace}/claim {name}", f"volume claim {name}", settings.namespace, users


def _column(draft: _Draft, own: set[str]) -> int:
    if draft.group == _USERS:
        return ENTRY
    if draft.from_entry or (draft.key in own and draft.opens):
        return COMPONENTS
    return STORES


def _order(draft: _Draft, own: set[str]) -> tuple[int, bool, str, int]:
    """Nodes by column and group; within a group in the order in which an operator thinks of them."""
    usual = ("ingress", "api-server", "webserver", "scheduler", "dag processor", "triggerer", "task pods", "worker")
    name = draft.name.lower()
    place = next((index for index, each in enumerate(usual) if name.startswith(each)), len(usual))
    return _column(draft, own), draft.group == _OUTSIDE, draft.group, place


def _counts(footprint: Footprint) -> dict[str, str]:
    """How many pods there are, by a normalized key of namespace, name and release."""
    found = {}
    for each in footprint.workloads:
        count = str(each.idle) if each.idle == each.most else f"{each.idle} to {each.most}"
        if each.part.startswith("release "):
            name = "workers" if each.name == "worker" else each.name
            found[_normal(f"{each.namespace}/{name} of {each.part.removeprefix('release ')}")] = f"{count}x"
        elif each.part.startswith("Cluster "):
            found[_normal(f"{each.namespace}/{each.part.rpartition('/')[2]} instances")] = f"{count}x"
        else:
            found[_normal(f"{each.namespace}/{each.name}")] = f"{count}x"
    return found


def _normal(key: str) -> str:
    return key.lower().replace("-", " ")

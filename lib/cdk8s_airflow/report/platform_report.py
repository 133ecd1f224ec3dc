"""The report of a platform as data: sections with text, tables and commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk8s_airflow.airflow.logs import EphemeralLogs
from cdk8s_airflow.airflow.pipeline import CompiledRelease, Releases
from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.app.workloads import footprint_of
from cdk8s_airflow.model.footprint import Footprint
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.sessions import NEAR
from cdk8s_airflow.model.traffic import TrafficFlow
from cdk8s_airflow.network.isolations import Isolations
from cdk8s_airflow.network.wire.flow_table import PeerNames
from cdk8s_airflow.report.footprint import footprint_section
from cdk8s_airflow.report.images import images_section
from cdk8s_airflow.report.permissions import permissions_of
from cdk8s_airflow.report.picture import Picture, picture_of
from cdk8s_airflow.report.section import Section, Table
from cdk8s_airflow.report.throughput import throughput_section
from cdk8s_airflow.report.versions import versions_section
from cdk8s_airflow.secret_scan import Exemptions

_OPERATORS = {
    "postgresql.cnpg.io": "CloudNativePG",
    "barmancloud.cnpg.io": "the Barman Cloud plugin of CloudNativePG",
    "helm.cattle.io": "the helm-controller of k3s",
    "external-secrets.io": "External Secrets Operator",
    "bitnami.com": "Sealed Secrets",
    "keda.sh": "KEDA",
    "monitoring.coreos.com": "Prometheus Operator",
    "argoproj.io": "Argo CD",
    "helm.toolkit.fluxcd.io": "Flux",
    "source.toolkit.fluxcd.io": "Flux",
    "gateway.networking.k8s.io": "Gateway API",
    "cert-manager.io": "cert-manager",
}


@dataclass(frozen=True)
class PlatformReport:
    """The report of one platform.

    Attributes:
        environment: the name of its environment; empty for a program without environments.
        context: the kubectl context of the environment; empty without environments.
        picture: the components and their connections.
        footprint: what it requests from the cluster.
        sections: the rest, in order.
    """

    picture: Picture
    footprint: Footprint
    sections: tuple[Section, ...]
    environment: str = ""
    context: str = ""


@dataclass(frozen=True)
class Platform:
    """What the report reads.

    Attributes:
        registry: what the constructs of the app have recorded.
        objects: all objects of the app.
    """

    registry: Registry
    objects: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def releases(self) -> Sequence[CompiledRelease]:
        """The releases of the app."""
        return self.registry.slot(Releases)

    @property
    def flows(self) -> tuple[TrafficFlow, ...]:
        """All connections: those that network policies allow, or else those of the releases."""
        isolated = [flow for each in self.registry.slot(Isolations) for flow in each.flows]
        flows = isolated or [flow for each in self.releases for flow in each.traffic.flows]
        return tuple({repr(flow): flow for flow in flows}.values())


def platform_report(
    registry: Registry, objects: Sequence[Mapping[str, Any]], *, environment: str = "", context: str = ""
) -> PlatformReport:
    """The report of an app.

    Args:
        registry: what the constructs of the app have recorded.
        objects: all objects of the app.
        environment: the name of its environment.
        context: the kubectl context of the environment.
    """
    platform = Platform(registry, objects)
    footprint = footprint_of(registry, objects)
    sections = (
        _warnings(platform),
        _prerequisites(platform),
        _secrets(registry),
        footprint_section(footprint),
        throughput_section(platform.releases),
        _sessions(registry),
        _connections(platform),
        _permissions(registry),
        images_section(platform.objects, platform.releases),
        _state(registry),
        versions_section(platform.objects, platform.releases),
    )
    return PlatformReport(
        picture_of(platform.flows, footprint, registry, platform.releases), footprint, sections, environment, context
    )


def _warnings(platform: Platform) -> Section:
    return Section("warnings", "Warnings", items=tuple(_warning_lines(platform)), empty="There are no warnings.")


def _warning_lines(platform: Platform) -> Iterator[str]:
    registry = platform.registry
    for name, demands in sorted(registry.sessions.items()):
        total = sum(each.sessions for each in demands)
        usable = demands[0].server.usable
        if usable is not None and total * 100 > usable * NEAR:
            yield f"{name} accepts {usable} sessions, and up to {total} can be opened. {_sentence(demands[0].server.grow)}"
    for release in platform.releases:
        settings = release.settings
        if isinstance(settings.logs, EphemeralLogs):
            yield f"Release {settings.release} keeps task logs in pods only. They are lost when a pod is deleted."
        if settings.unchecked_values:
            yield f"Release {settings.release} has values that are not checked: {', '.join(sorted(settings.unchecked_values))}."
    archived = set(registry.archives.values())
    for each in platform.objects:
        if each.get("kind") == "Cluster" and str(each["apiVersion"]).startswith("postgresql.cnpg.io/"):
            name = f"{each['metadata']['namespace']}/{each['metadata']['name']}"
            if f"Cluster {name}" not in archived:
                yield f"Cluster {name} has no backup. Set backup=CnpgBackup(...)."
            if each["spec"].get("instances", 1) < 2:
                yield f"Cluster {name} has one instance: the database is unavailable while it or its node restarts."
    isolated = {name for each in registry.slot(Isolations) for name in each.namespaces}
    for release in platform.releases:
        namespace = release.settings.namespace
        if namespace not in isolated:
            yield f"Namespace {namespace} has no network policies: all pods can connect to its pods. Use NetworkIsolation(...)."
    unknown = sorted({name for each in registry.slot(Isolations) for name in each.everywhere})
    if unknown:
        yield (
            f"Every address outside the cluster is allowed for peers with unknown addresses: {', '.join(unknown)}. "
            "Set NetworkIsolation(endpoints=...)."
        )
    yield from _not_validated(registry)
    count = registry.slot(Exemptions).declared
    if count:
        yield f"{count} string{'s are' if count > 1 else ' is'} exempt from the secret scan (not_secret())."


def _not_validated(registry: Registry) -> Iterator[str]:
    """Which of the user's own objects are compared with no schema."""
    for api_version, kind in sorted(registry.unknown_kinds):
        yield f"Objects of kind {kind} ({api_version}) were not validated: their schema is not included."
    if registry.partly_checked:
        yield (
            f"Your own objects of kind {', '.join(sorted(registry.partly_checked))} were checked for names, labels, quantities "
            "and enumerations, not for unknown fields. The API server checks those (`--dry-run=server`)."
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _prerequisites(platform: Platform) -> Section:
    registry = platform.registry
    rows = [
        (f"`{name}`", _OPERATORS.get(name.partition(".")[2], name.partition(".")[2]), f"`kubectl get crd {name}`")
        for name in sorted(registry.crds)
    ]
    rows += [
        (
            f"`{kind}` ({api_version})",
            api_version.partition("/")[0],
            f"`kubectl api-resources --api-group={api_version.partition('/')[0]}`",
        )
        for api_version, kind in sorted(registry.unknown_kinds)
    ]
    classes = sorted({name for each in platform.objects for name in _storage_classes(each)})
    rows += [(f"StorageClass `{name}`", "volume claims", f"`kubectl get storageclass {name}`") for name in classes]
    return Section(
        "prerequisites",
        "Prerequisites",
        tables=(Table(("the cluster must have", "provided by or used for", "check"), tuple(rows)),) if rows else (),
        empty="The cluster needs nothing that Kubernetes does not have.",
    )


def _storage_classes(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in ("storageClassName", "storageClass") and isinstance(each, str) and each:
                yield each
            else:
                yield from _storage_classes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _storage_classes(each)


def _secrets(registry: Registry) -> Section:
    rows = []
    for place, need in sorted(registry.secrets.items()):
        source = registry.provided.get(place)
        keys = ", ".join(f"`{key}`" for key in need.keys)
        rows.append((f"`{need.namespace}/{need.name}`", need.type, keys, _creator(need, source), need.purpose))
    for place, source in sorted(registry.provided.items()):
        if place not in registry.secrets:
            keys = ", ".join(f"`{key}`" for key in sorted(source.keys or ()))
            rows.append((f"`{source.namespace}/{source.name}`", source.type or "", keys, source.by, ""))
    return Section(
        "secrets",
        "Secrets",
        text=("Names and keys only; this report and the manifests contain no value. `make synth` prints the commands.",)
        if rows
        else (),
        tables=(Table(("Secret", "type", "keys", "created by", "used for"), tuple(rows)),) if rows else (),
        empty="No Secret is needed.",
    )


def _creator(need: SecretNeed, source: Any) -> str:
    if source is not None:
        return str(source.by)
    return "you, before the platform is applied" if need.awaited else "you"


def _sessions(registry: Registry) -> Section:
    rows = []
    for name, demands in sorted(registry.sessions.items()):
        usable = demands[0].server.usable
        for demand in demands:
            rows += [
                (name, demand.who, line.what, str(line.count), str(line.each), str(line.sessions))
                for line in demand.lines
            ]
        total = sum(each.sessions for each in demands)
        accepted = "unknown" if usable is None else str(usable)
        rows.append((name, "**total**", f"accepted: {accepted}", "", "", f"**{total}**"))
    return Section(
        "sessions",
        "Database sessions",
        text=("The most sessions that can be open at the same time.",) if rows else (),
        tables=(Table(("server", "opened by", "processes", "number", "sessions each", "sessions"), tuple(rows)),)
        if rows
        else (),
        empty="No database session is counted.",
    )


def _connections(platform: Platform) -> Section:
    names = PeerNames(platform.flows)
    grouped: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for flow in platform.flows:
        sources, purposes = grouped.setdefault((names.of(flow.target), f"{flow.port}/{flow.protocol}"), ([], []))
        sources.append(names.of(flow.source))
        purposes.append(flow.purpose)
    rows = [
        (target, port, ", ".join(dict.fromkeys(sources)), "; ".join(dict.fromkeys(purposes)))
        for (target, port), (sources, purposes) in grouped.items()
    ]
    isolated = sorted({name for each in platform.registry.slot(Isolations) for name in each.namespaces})
    text = (
        f"Network policies allow these connections in {', '.join(isolated)} and deny all others."
        if isolated
        else "No network policy restricts connections. These are the connections that the platform needs."
    )
    return Section(
        "connections",
        "Network connections",
        text=(text,) if rows else (),
        tables=(Table(("to", "port", "from", "purpose"), tuple(rows)),) if rows else (),
        empty="No connection is known.",
    )


def _permissions(registry: Registry) -> Section:
    grouped: dict[tuple[str, str], list[str]] = {}
    for each in permissions_of(registry):
        account = f"`{each.account_namespace}/{each.account}`"
        where = "whole cluster" if each.namespace is None else each.namespace
        resource = each.resource if not each.group else f"{each.resource}.{each.group}"
        only = f" named {', '.join(each.names)}" if each.names else ""
        what = "everything" if each.is_everything else f"{resource}{only}: {', '.join(each.verbs)}"
        grouped.setdefault((account, where), []).append(what)
    rows = [(account, where, "; ".join(what)) for (account, where), what in sorted(grouped.items())]
    return Section(
        "permissions",
        "Permissions",
        tables=(Table(("service account", "where", "permissions"), tuple(rows)),) if rows else (),
        empty="No service account has permissions.",
    )


def _state(registry: Registry) -> Section:
    folders = {cluster: folder for folder, cluster in registry.archives.items()}
    rows = []
    for kind, namespace, name in registry.state:
        kind = kind.partition("/")[0]
        place = "/".join(part for part in (namespace, name) if part)
        rows.append((f"{kind} `{place}`", _backup(kind, place, folders)))
    return Section(
        "state",
        "State and backup",
        text=("Deleting one of these objects deletes data.",) if rows else (),
        tables=(Table(("object", "backup"), tuple(rows)),) if rows else (),
        empty="No object holds state.",
    )


def _backup(kind: str, place: str, folders: Mapping[str, str]) -> str:
    if kind == "Namespace":
        return "see the objects in it"
    if kind == "Cluster":
        return f"base backups and WAL in {folders[f'Cluster {place}']}" if f"Cluster {place}" in folders else "**none**"
    return "none by this platform"

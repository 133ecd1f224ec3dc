"""What a program requires of its cluster, from its registry and its manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.plan.manifest import Manifest, Platform
from cdk8s_airflow.plan.release import Release, release_of

_CLASS_KEYS = ("storageClassName", "storageClass")
_ISSUERS = {"cert-manager.io/cluster-issuer": "ClusterIssuer", "cert-manager.io/issuer": "Issuer"}


@dataclass(frozen=True)
class RequiredSecret:
    """A Secret that must exist.

    Attributes:
        namespace: its namespace.
        name: its name.
        keys: the keys that are read. ``*`` means any keys.
        type: its type; empty if any type is right.
        purpose: what reads it.
        command: the command that creates it; empty if something on the platform creates it.
        creator: what creates it on the platform; empty if the user does.
    """

    namespace: str
    name: str
    keys: frozenset[str]
    type: str = ""
    purpose: str = ""
    command: str = ""
    creator: str = ""


@dataclass(frozen=True)
class VolumeRequest:
    """Storage that an object requests.

    Attributes:
        object: ``Kind/namespace/name`` of the object.
        storage_class: the storage class; empty for the default class.
        shared: whether several nodes must be able to write to it (ReadWriteMany).
    """

    object: str
    storage_class: str
    shared: bool


@dataclass(frozen=True)
class NamedRequirement:
    """An object of the cluster that a manifest names.

    Attributes:
        kind: its kind.
        namespace: its namespace; empty for objects without one.
        name: its name.
        object: ``Kind/namespace/name`` of the object that names it.
    """

    kind: str
    namespace: str
    name: str
    object: str


@dataclass(frozen=True)
class Requirements:
    """What the cluster must have, and what the program creates there.

    Attributes:
        platform: the objects of the program.
        crds: the custom resource definitions that must exist.
        secrets: the Secrets that must exist.
        volumes: the storage that is requested.
        named: ingress classes, issuers and other objects that manifests name and do not create.
        releases: the Helm releases.
    """

    platform: Platform
    crds: frozenset[str] = frozenset()
    secrets: tuple[RequiredSecret, ...] = ()
    volumes: tuple[VolumeRequest, ...] = ()
    named: tuple[NamedRequirement, ...] = ()
    releases: tuple[Release, ...] = ()

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that the program creates or uses."""
        found = {each.namespace for each in self.platform.manifests.values()}
        found |= {each.name for each in self.platform.of_kind("Namespace")}
        found |= {each.namespace for each in self.releases} | {each.namespace for each in self.secrets}
        return sorted(found - {""})

    @property
    def created_namespaces(self) -> set[str]:
        """The namespaces that the program creates."""
        return {each.name for each in self.platform.of_kind("Namespace")}


def requirements_of(registry: Registry, platform: Platform) -> Requirements:
    """What an app requires of its cluster.

    Args:
        registry: the registry of the app.
        platform: its manifests.
    """
    releases = tuple(found for each in platform.manifests.values() if (found := release_of(each, platform)) is not None)
    return Requirements(
        platform=platform,
        crds=frozenset(registry.crds),
        secrets=tuple(_secrets(registry)),
        volumes=tuple(dict.fromkeys(_volumes(platform, releases))),
        named=tuple(dict.fromkeys(_named(platform, releases))),
        releases=releases,
    )


def _secrets(registry: Registry) -> Iterator[RequiredSecret]:
    for place, need in sorted(registry.secrets.items()):
        source = registry.provided.get(place)
        yield RequiredSecret(
            need.namespace,
            need.name,
            frozenset(need.keys),
            need.type,
            need.purpose,
            "" if source is not None else (need.added or need.command),
            "" if source is None else source.by,
        )
    for place, source in sorted(registry.provided.items()):
        if place not in registry.secrets:
            keys = frozenset(source.keys or ())
            yield RequiredSecret(source.namespace, source.name, keys, source.type or "", creator=source.by)


def _volumes(platform: Platform, releases: tuple[Release, ...]) -> Iterator[VolumeRequest]:
    for each in platform.manifests.values():
        if each.kind == "PersistentVolumeClaim":
            # An empty class is no class: the claim then waits for a volume that is made by hand.
            if not each.spec.get("volumeName") and each.spec.get("storageClassName") != "":
                yield VolumeRequest(each.id, str(each.spec.get("storageClassName") or ""), _is_shared(each.spec))
        elif each.kind == "Cluster":
            for field in ("storage", "walStorage"):
                storage = each.spec.get(field)
                if isinstance(storage, Mapping) and "pvcTemplate" not in storage:
                    yield VolumeRequest(each.id, str(storage.get("storageClass") or ""), False)
            yield from _requests(each.spec, each.id)
        elif each.kind == "StatefulSet":
            for template in each.spec.get("volumeClaimTemplates") or ():
                spec = template.get("spec") or {}
                yield VolumeRequest(each.id, str(spec.get("storageClassName") or ""), _is_shared(spec))
    for release in releases:
        for values in _enabled(release.values):
            yield from _requests(values, release.manifest.id)


def _enabled(values: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings of Helm values, without those that a switch of their own turns off."""
    if isinstance(values, Mapping):
        if values.get("enabled") is False:
            return
        yield {key: value for key, value in values.items() if not isinstance(value, Mapping | list)}
        for value in values.values():
            yield from _enabled(value)


def _requests(value: Any, object_id: str) -> Iterator[VolumeRequest]:
    if isinstance(value, Mapping):
        for key in _CLASS_KEYS:
            if isinstance(value.get(key), str) and value[key]:
                yield VolumeRequest(object_id, value[key], _is_shared(value))
        for inner in value.values():
            yield from _requests(inner, object_id)
    elif isinstance(value, list):
        for inner in value:
            yield from _requests(inner, object_id)


def _is_shared(spec: Mapping[str, Any]) -> bool:
    modes = spec.get("accessModes")
    return isinstance(modes, list) and "ReadWriteMany" in modes


def _named(platform: Platform, releases: tuple[Release, ...]) -> Iterator[NamedRequirement]:
    for each in platform.manifests.values():
        yield from _of_manifest(each)
    for release in releases:
        for values in _enabled_ingresses(release.values):
            name = values.get("ingressClassName")
            if isinstance(name, str) and name:
                yield NamedRequirement("IngressClass", "", name, release.manifest.id)
            yield from _issuers(values.get("annotations"), release.namespace, release.manifest.id)


def _of_manifest(manifest: Manifest) -> Iterator[NamedRequirement]:
    if manifest.kind == "Ingress":
        name = manifest.spec.get("ingressClassName")
        if isinstance(name, str) and name:
            yield NamedRequirement("IngressClass", "", name, manifest.id)
        yield from _issuers(manifest.metadata.get("annotations"), manifest.namespace, manifest.id)
    elif manifest.kind == "Certificate":
        issuer = manifest.spec.get("issuerRef") or {}
        kind = str(issuer.get("kind") or "Issuer")
        yield NamedRequirement(
            kind, manifest.namespace if kind == "Issuer" else "", str(issuer.get("name")), manifest.id
        )


def _issuers(annotations: Any, namespace: str, object_id: str) -> Iterator[NamedRequirement]:
    if isinstance(annotations, Mapping):
        for annotation, kind in _ISSUERS.items():
            if annotation in annotations:
                yield NamedRequirement(
                    kind, namespace if kind == "Issuer" else "", str(annotations[annotation]), object_id
                )


def _enabled_ingresses(values: Any) -> Iterator[Mapping[str, Any]]:
    ingress = values.get("ingress") if isinstance(values, Mapping) else None
    if isinstance(ingress, Mapping):
        for each in ingress.values():
            if isinstance(each, Mapping) and each.get("enabled") is True:
                yield each

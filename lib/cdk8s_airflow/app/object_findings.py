"""Checks all objects of an app as they are written: those of this library, those that the user created, and JSON patches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk8s_airflow.app.registry import Identity, Registry, identity_of, registry_of
from cdk8s_airflow.kube import output
from cdk8s_airflow.schemas import check_manifest, check_user_manifest, crd_name, is_builtin
from cdk8s_airflow.validation import Finding, show

if TYPE_CHECKING:
    from cdk8s import App

_DEFINITION: Final = "CustomResourceDefinition"


def check_objects(
    app: App, written: output.Objects | None = None, *, unvalidated: Collection[str] = ()
) -> list[Finding]:
    """Check every object of an app, and register the custom resource definitions that they require.

    Args:
        app: the app.
        written: its objects as they were just written. Default: None, cdk8s is asked for them.
        unvalidated: kinds whose schema is not compared.

    Returns:
        Objects that break the schema of their kind, two objects with one identity, and custom resources whose definition
        ``ClusterFacts(crds=)`` does not list.
    """
    registry = registry_of(app)
    objects = list(_expanded(output.objects(app) if written is None else written))
    found = [finding for each in objects for finding in _broken(app, each, registry, unvalidated)]
    found += _duplicates(objects, registry)
    found += _definitions(objects, registry)
    return found


def objects_of(app: App) -> list[dict[str, Any]]:
    """The manifest of every object of an app, as ``kubectl apply`` reads them."""
    return complete(output.objects(app))


def complete(objects: output.Objects) -> list[dict[str, Any]]:
    """The manifests of objects that have a version and a kind; the items of a List are objects of their own."""
    return [each.manifest for each in _expanded(objects) if each.identity is not None]


class _Written(NamedTuple):
    """One object as it was written.

    Attributes:
        path: the path of its construct.
        position: its place, if it is an item of a List.
        manifest: the object.
        identity: its kind, namespace and name. None if it has no kind or version.
    """

    path: str
    position: str
    manifest: dict[str, Any]
    identity: Identity | None


def _expanded(objects: Iterable[tuple[str, Any]]) -> Iterator[_Written]:
    """All objects: ``kubectl apply`` reads the items of a List as objects."""
    for path, manifest in objects:
        items = manifest.get("items")
        if manifest.get("apiVersion") == "v1" and manifest.get("kind") == "List" and isinstance(items, list):
            for index, item in enumerate(items):
                if isinstance(item, dict):
                    yield _Written(path, f"items[{index}]", item, _identity(item))
        else:
            yield _Written(path, "", manifest, _identity(manifest))


def _broken(app: App, written: _Written, registry: Registry, unvalidated: Collection[str]) -> Iterator[Finding]:
    path, position, manifest, identity = written
    kind = manifest.get("kind")
    ours = identity in registry.objects
    # An object that nothing has changed since its construct was checked is not checked again.
    if (not ours and kind in unvalidated) or (identity is not None and registry.checked.get(identity) == manifest):
        return
    if not ours and isinstance(kind, str) and is_builtin(str(manifest.get("apiVersion"))):
        registry.partly_checked.add(kind)
    found = check_manifest(manifest) if ours else check_user_manifest(manifest)
    if not ours and any(finding.rule == "manifest/scope" for finding in found):
        found = check_user_manifest(manifest, namespaces=_namespaces_around(app, path))
    for finding in found:
        fix = (
            finding.fix
            if ours
            else f"{finding.fix}, or skip the schema of this kind: run(build, unvalidated=[{kind!r}])"
        )
        yield replace(finding, fix=fix).under(position).within(path)


def _namespaces_around(app: App, path: str) -> list[str]:
    """The namespaces of the Charts that contain a construct. They are read from jsii, which is slow."""
    found, construct = [], app.node
    for step in path.split("/"):
        child = construct.try_find_child(step)
        if child is None:
            break
        namespace = getattr(child, "namespace", None)
        if isinstance(namespace, str):
            found.append(namespace)
        construct = child.node
    return found


def _duplicates(objects: Iterable[_Written], registry: Registry) -> Iterator[Finding]:
    """Two objects with one identity, where one is of this library or both are in one Chart."""
    first: dict[tuple[str, str, str], str] = {}
    for path, _, _, identity in objects:
        if identity is None:
            continue
        kind, namespace, name = identity
        other = first.get(identity)
        if other is None:
            first[identity] = path
        if other is None or not name:
            continue
        if identity in registry.objects or other.partition("/")[0] == path.partition("/")[0]:
            of = f" in namespace {namespace}" if namespace else ""
            yield Finding(
                rule="object/taken",
                at="metadata.name",
                problem=f"must be unique: {other} is a {kind.partition('/')[0]} with this name{of}",
                seen=show(name),
                fix="Remove one of the two objects, or give it another name",
                path=path,
            )


def _definitions(objects: Collection[_Written], registry: Registry) -> Iterator[Finding]:
    """Registers the definitions that custom resources require; a finding for each that the cluster lacks."""
    own = {name for each in objects if each.manifest.get("kind") == _DEFINITION for name in _defined_by(each.manifest)}
    registry.crds -= {name for name in own if isinstance(name, str)}
    for path, _, manifest, _ in objects:
        api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
        if not isinstance(api_version, str) or not isinstance(kind, str) or is_builtin(api_version):
            continue
        group = api_version.rpartition("/")[0]
        name = crd_name(api_version, kind)
        if name in own or (group, kind) in own:
            continue
        if name is None:
            registry.unknown_kinds.add((api_version, kind))
        else:
            registry.crds.add(name)
        installed = registry.installed_crds
        if (
            installed is None
            or name in installed
            or (name is None and any(_group(each) == group for each in installed))
        ):
            continue
        yield Finding(
            rule="facts/crd-missing",
            at="facts.crds",
            problem=f"must list {name or f'the definition of {kind} ({group})'}, which this object requires",
            seen=", ".join(sorted(installed)) or "none",
            fix="Install the operator that provides it, then add the definition to ClusterFacts(crds=...)",
            path=path,
        )


def _defined_by(manifest: Mapping[str, Any]) -> Iterator[str | tuple[str, str]]:
    """A definition that is part of the app, by its name, and by its group and kind."""
    metadata, spec = manifest.get("metadata"), manifest.get("spec")
    if isinstance(metadata, dict) and isinstance(metadata.get("name"), str):
        yield metadata["name"]
    if isinstance(spec, dict) and isinstance(spec.get("names"), dict):
        yield str(spec.get("group")), str(spec["names"].get("kind"))


def _group(crd: str) -> str:
    return crd.partition(".")[2]


def _identity(manifest: Mapping[str, Any]) -> Identity | None:
    is_complete = isinstance(manifest.get("apiVersion"), str) and isinstance(manifest.get("kind"), str)
    return identity_of(manifest) if is_complete else None

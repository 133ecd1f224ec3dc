"""Objects of two outputs that belong together, and the documents of each pair that are compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk8s_airflow.plan.manifest import HELM_COMMAND, Manifest, Platform, parse
from cdk8s_airflow.plan.release import Release, release_of
from cdk8s_airflow.plan.tree import MISSING, Path, canonical

RELEASE_KINDS = ("HelmChart", "HelmRelease", "Application", HELM_COMMAND)

_SIMILAR = 0.5
"""The share of equal values from which two objects of one kind are taken for one that was renamed."""

_STATEFUL = frozenset(
    {"Cluster", "PersistentVolumeClaim", "StatefulSet", "Namespace", "ObjectStore", "Database", "Pooler"}
)
"""Kinds whose only removed and only added object belong together however different they are."""

_NEVER_RENAMED = frozenset({"CustomResourceDefinition"})
"""Kinds whose name is what they are: a removed and an added one have nothing to do with each other."""

_BY_THE_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
"""Fields of ``metadata`` that the API server writes."""


@dataclass(frozen=True, eq=False)
class View:
    """Two documents that are compared.

    Attributes:
        subject: what rules it is for: the kind of an object, or ``release`` for the values of a Helm release.
        old: the old document; :data:`MISSING` if there is none.
        new: the new document; :data:`MISSING` if there is none.
        null_is_absent: whether null means the same as no value.
        values_at: for a release, the path of its values in the object.
        kind: the kind of the object.
    """

    subject: str
    old: Any
    new: Any
    null_is_absent: bool = True
    values_at: Path = ()
    kind: str = ""

    def place(self, path: Path) -> Path:
        """A path of the documents as a path of the object."""
        if self.subject != "release" or not path:
            return path
        if path[0] == "values":
            return (*self.values_at, *path[1:])
        return _RELEASE_FIELDS.get((self.kind, path[-1]), path)


_RELEASE_FIELDS: Mapping[tuple[str, str], Path] = {
    ("HelmChart", "name"): ("metadata", "name"),
    ("HelmChart", "namespace"): ("spec", "targetNamespace"),
    ("HelmChart", "version"): ("spec", "version"),
    ("HelmChart", "repository"): ("spec", "repo"),
    ("HelmChart", "failurePolicy"): ("spec", "failurePolicy"),
    ("HelmRelease", "name"): ("spec", "releaseName"),
    ("HelmRelease", "namespace"): ("spec", "targetNamespace"),
    ("HelmRelease", "version"): ("spec", "chart", "spec", "version"),
    ("HelmRelease", "repository"): ("spec", "chart", "spec", "sourceRef"),
    ("HelmRelease", "failurePolicy"): ("spec", "upgrade", "strategy", "name"),
    ("Application", "name"): ("spec", "source", "helm", "releaseName"),
    ("Application", "namespace"): ("spec", "destination", "namespace"),
    ("Application", "version"): ("spec", "source", "targetRevision"),
    ("Application", "repository"): ("spec", "source", "repoURL"),
    (HELM_COMMAND, "version"): ("spec", "version"),
    (HELM_COMMAND, "repository"): ("spec", "repo"),
    (HELM_COMMAND, "namespace"): ("metadata", "namespace"),
}
"""Where the object of a delivery has what ``release`` of its document says."""


@dataclass(frozen=True, eq=False)
class Pair:
    """An object before and after.

    Attributes:
        old: the object before; None if it is added.
        new: the object after; None if it is removed.
        old_release: the release that the old object delivers.
        new_release: the release that the new object delivers.
    """

    old: Manifest | None
    new: Manifest | None
    old_release: Release | None = None
    new_release: Release | None = None

    @property
    def event(self) -> str:
        """``added``, ``removed``, ``renamed`` or ``changed``."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return "changed" if self.old.identity == self.new.identity else "renamed"

    @property
    def either(self) -> Manifest:
        """The old object, or the new one if it is added."""
        found = self.old or self.new
        assert found is not None
        return found

    @property
    def id(self) -> str:
        """``Kind/namespace/name``; of a renamed object, that of the old one."""
        return self.either.id

    @property
    def is_airflow(self) -> bool:
        """Whether it is a release of the Airflow chart."""
        release = self.new_release or self.old_release
        return release is not None and release.is_airflow

    def views(self) -> Iterator[View]:
        """The documents to compare; none of an object that is added or removed."""
        if self.old is None or self.new is None:
            return
        old, new = self.old_release, self.new_release
        if self.old.kind == self.new.kind:
            yield View(self.old.kind, _document(self.old, old), _document(self.new, new), kind=self.new.kind)
        if old is not None and new is not None:
            yield View(
                "release", old.document, new.document, null_is_absent=False, values_at=new.at, kind=self.new.kind
            )


def pairs(before: Platform, after: Platform) -> list[Pair]:
    """All objects of two platforms: the same ones, then renamed ones, then those that are only removed or added."""
    releases = [
        {identity: release_of(manifest, platform) for identity, manifest in platform.manifests.items()}
        for platform in (before, after)
    ]
    hidden = [{place for release in found.values() if release for place in release.values_from} for found in releases]
    old, new = (
        {
            identity: manifest
            for identity, manifest in platform.manifests.items()
            if not (manifest.kind == "ConfigMap" and (manifest.namespace, manifest.name) in places)
        }
        for platform, places in zip((before, after), hidden, strict=True)
    )
    common = old.keys() & new.keys()
    found = [(old[identity], new[identity]) for identity in common]
    found += _renamed(
        [old[identity] for identity in sorted(old.keys() - common)],
        [new[identity] for identity in sorted(new.keys() - common)],
        releases,
    )
    paired = {id(each) for pair in found for each in pair}
    rest: list[tuple[Manifest | None, Manifest | None]] = [*found]
    rest += [(each, None) for each in old.values() if id(each) not in paired]
    rest += [(None, each) for each in new.values() if id(each) not in paired]
    made = [
        Pair(
            one,
            other,
            releases[0].get(one.identity) if one else None,
            releases[1].get(other.identity) if other else None,
        )
        for one, other in rest
    ]
    return sorted(made, key=lambda pair: pair.either.identity)


def _renamed(
    removed: Sequence[Manifest], added: Sequence[Manifest], releases: Sequence[Mapping[Any, Release | None]]
) -> list[tuple[Manifest, Manifest]]:
    """Removed and added objects of the same role, most similar ones first."""
    roles: dict[str, tuple[list[Manifest], list[Manifest]]] = {}
    for side, manifests in enumerate((removed, added)):
        for manifest in manifests:
            if manifest.kind in _NEVER_RENAMED:
                continue
            role = _role(manifest, releases[side].get(manifest.identity))
            roles.setdefault(role, ([], []))[side].append(manifest)
    found: list[tuple[Manifest, Manifest]] = []
    moves: dict[str, str] = {}
    for role in sorted(roles, key=lambda role: (role != "/Namespace", role)):
        found += _best(*roles[role], removed, added, moves)
        if role == "/Namespace":
            moves = {one.name: other.name for one, other in found}
    return found


def _role(manifest: Manifest, release: Release | None) -> str:
    return f"release of {release.chart}" if release else f"{manifest.group}/{manifest.kind}"


def _best(
    removed: Sequence[Manifest],
    added: Sequence[Manifest],
    all_removed: Sequence[Manifest],
    all_added: Sequence[Manifest],
    moves: Mapping[str, str],
) -> list[tuple[Manifest, Manifest]]:
    only = len(removed) == len(added) == 1 and (
        removed[0].kind in _STATEFUL or removed[0].kind in RELEASE_KINDS or added[0].kind in RELEASE_KINDS
    )
    scores = []
    for one in removed:
        for other in added:
            if one.kind == other.kind == "Namespace":
                alike = _shared(one, other, all_removed, all_added)
            else:
                alike = _similarity(one, other)
            same_name = one.name == other.name
            same_namespace = moves.get(one.namespace, one.namespace) == other.namespace
            if only or same_name or alike >= _SIMILAR:
                scores.append((-(alike + same_name + same_namespace / 2), one.identity, other.identity, one, other))
    found: list[tuple[Manifest, Manifest]] = []
    taken: set[int] = set()
    for *_, one, other in sorted(scores, key=lambda entry: entry[:3]):
        if id(one) not in taken and id(other) not in taken:
            taken |= {id(one), id(other)}
            found.append((one, other))
    return found


def _shared(old: Manifest, new: Manifest, removed: Iterable[Manifest], added: Iterable[Manifest]) -> float:
    """How many of the objects in a namespace appear in another one under the same kind and nearly the same name."""
    before = {(each.kind, _anonymous(each.name, old.name)) for each in removed if each.namespace == old.name}
    after = {(each.kind, _anonymous(each.name, new.name)) for each in added if each.namespace == new.name}
    return len(before & after) / len(before | after) if before | after else 0.0


def _anonymous(name: str, part: str) -> str:
    return name.replace(part, "*")


def _similarity(old: Manifest, new: Manifest) -> float:
    """The share of equal values, as they are or without the names of the two objects, whichever is larger."""
    plain = _share(*(_content(each) for each in (old, new)))
    return max(plain, _share(*(_renaming(each, old, new) for each in (old, new))))


def _share(old: Any, new: Any) -> float:
    before, after = set(_leaves(old)), set(_leaves(new))
    return len(before & after) / len(before | after) if before | after else 1.0


def _content(manifest: Manifest) -> dict[str, Any]:
    return {key: value for key, value in manifest.body.items() if key != "status"}


def _renaming(manifest: Manifest, old: Manifest, new: Manifest) -> Any:
    """The document of an object with its own names taken out of it."""
    text = canonical(_content(manifest))
    own = old if manifest is old else new
    for name in sorted({own.name, own.namespace} - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", "*", text)
    return json.loads(text)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, f"{path}[]")
    elif isinstance(value, str) and "\n" in value:
        for line in value.splitlines():
            yield path, line
    else:
        yield path, str(value)


def _document(manifest: Manifest, release: Release | None) -> dict[str, Any]:
    """The object without what the API server writes and without values, which are compared on their own."""
    document = {key: value for key, value in manifest.body.items() if key not in ("kind", "status")}
    metadata = {
        key: value
        for key, value in manifest.metadata.items()
        if key not in _BY_THE_SERVER and key not in ("name", "namespace")
    }
    document["metadata"] = metadata
    if release is not None:
        return _without(document, release)
    if manifest.kind == "HelmChartConfig":
        return _opened(document, ("spec", "valuesContent"))
    if manifest.kind == "ConfigMap" and isinstance(document.get("data"), Mapping):
        document["data"] = {
            key: parse(value) if isinstance(value, str) and key.endswith((".yaml", ".yml", ".json")) else value
            for key, value in document["data"].items()
        }
    return document


def _without(document: dict[str, Any], release: Release) -> dict[str, Any]:
    kept = document
    for path in {release.at, ("spec", "valuesContent"), ("spec", "values"), *_values_from(release)}:
        kept = _removed(kept, path)
    return kept


def _values_from(release: Release) -> list[Path]:
    return [("spec", "valuesFrom")] if release.values_from else []


def _removed(document: Any, path: Path) -> Any:
    if isinstance(document, list):
        label = path[0].strip("[]")
        return [_removed(item, path[1:]) if str(position) == label else item for position, item in enumerate(document)]
    if not isinstance(document, Mapping) or path[0] not in document:
        return document
    if len(path) == 1:
        return {key: value for key, value in document.items() if key != path[0]}
    return {**document, path[0]: _removed(document[path[0]], path[1:])}


def _opened(document: dict[str, Any], path: Path) -> dict[str, Any]:
    first, *rest = path
    value = document.get(first, MISSING)
    if value is MISSING:
        return document
    if not rest:
        return {**document, first: parse(value) if isinstance(value, str) else value}
    return {**document, first: _opened(dict(value), tuple(rest))} if isinstance(value, Mapping) else document


def embedded_texts(manifest: Manifest, release: Release | None, platform: Platform) -> str:
    """The YAML texts inside an object as they are written, comments and order of keys included."""
    texts = []
    for path in (release.at,) if release else ():
        value: Any = manifest.body
        for segment in path:
            value = value.get(segment) if isinstance(value, Mapping) else None
        texts.append(value)
    for namespace, name in release.values_from if release else ():
        config = platform.find("ConfigMap", namespace, name)
        texts += list(config.body.get("data", {}).values()) if config else []
    if manifest.kind in ("ConfigMap", "HelmChartConfig"):
        texts.append(canonical(manifest.body.get("data") or manifest.spec.get("valuesContent")))
    return "\n".join(text for text in texts if isinstance(text, str))

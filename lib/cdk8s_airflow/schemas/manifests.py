"""Validates manifests as the API server does: custom resources with their CRD, others with general rules."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from cdk8s_airflow.model.cluster_scoped_kinds import is_cluster_scoped
from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.schemas import kubernetes_rules as generic
from cdk8s_airflow.schemas import validation_errors as translate
from cdk8s_airflow.text.documents import Path, dotted, exact, plain
from cdk8s_airflow.validation import Finding

_AREA = "manifest"


class CheckedManifest(NamedTuple):
    """One object and what is wrong with it.

    Attributes:
        document: a copy of what JSON can carry of it.
        exact: whether this is all of it, and every reader reads it as it is.
        findings: as from :func:`check_manifest`.
    """

    document: dict[str, Any]
    exact: bool
    findings: list[Finding]


def checked_manifest(manifest: Mapping[str, object]) -> CheckedManifest:
    """Check one object, as :func:`check_manifest`, and return a copy of it that need not be checked again."""
    document = exact(manifest)
    if document is not None:
        return CheckedManifest(document, True, _findings(document))
    document, unfit = plain(manifest, area=_AREA, prefix="")
    return CheckedManifest(document, False, [*unfit, *_findings(document)])


def check_manifest(manifest: Mapping[str, object]) -> list[Finding]:
    """Everything that is wrong with one object, as a strict API server would refuse it.

    A custom resource with facts is validated with its CRD: unknown fields are rejected, defaults count before
    required fields, lists with keys hold each key once, and the namespace fits the scope. CEL rules are not evaluated
    here. Any other kind is checked for the form of names, labels, quantities and enumerations, which plain schemas of
    Kubernetes let through. ``status`` is refused: it belongs to the cluster.

    Args:
        manifest: one object, with apiVersion, kind and metadata.

    Returns:
        All findings, with paths as they are written in the manifest; empty when the object is fine.
    """
    return checked_manifest(manifest).findings


def _findings(document: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    api_version, kind = document.get("apiVersion"), document.get("kind")
    for field, value in (("apiVersion", api_version), ("kind", kind)):
        if not isinstance(value, str) or not value:
            found.append(
                Finding(
                    rule="manifest/missing-field",
                    at=field,
                    problem="is required in every object",
                    fix=f"Set {field}",
                )
            )
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        return found
    name = store.crd_name(api_version, kind)
    if name is None:
        found += _other_version(api_version, kind)
        found += generic.check_metadata(document, kind=kind, cluster_scoped=is_cluster_scoped(api_version, kind))
        if generic.is_builtin(api_version):
            found += generic.check_body(document, kind=kind)
        return list(dict.fromkeys(found))
    facts = store.crd_facts(name)
    found += generic.check_metadata(document, kind=kind, cluster_scoped=facts["scope"] == "Cluster")
    body = {key: value for key, value in document.items() if key not in ("apiVersion", "kind", "metadata")}
    about = translate.Document(
        schema=facts["schema"],
        area=_AREA,
        prefix="",
        holder=f"{api_version} {kind}",
        field="field",
        advice=_advice,
    )
    found += translate.findings(about, store.crd_validator(name), body)
    for keyed in facts["keyed"]:
        found += _twice(body, keyed)
    return list(dict.fromkeys(found))


_TOLERATED = frozenset({"manifest/unknown-version"})
"""What a cluster with another release of an operator accepts."""


def check_user_manifest(manifest: Mapping[str, object], *, namespaces: Collection[str] = ()) -> list[Finding]:
    """Check an object that a user created with cdk8s, as :func:`check_manifest`, without what may still be accepted.

    The API server ignores ``status``, and the namespace of a cluster-scoped object. A version of a custom resource
    without a schema may be served by another release of its operator.

    Args:
        manifest: the object.
        namespaces: the namespaces of the Charts around it. cdk8s copies one of them to every object, also to one that is
            cluster-scoped, so that only another namespace is reported there.
    """
    found = check_manifest({key: value for key, value in manifest.items() if key != "status"})
    kind = manifest.get("kind")
    return [
        finding
        for finding in found
        if finding.rule not in _TOLERATED
        and (finding.rule != "manifest/scope" or _namespace(manifest) not in namespaces)
        and (finding.rule != "manifest/unknown-kind" or _is_misspelt(kind, finding.fix))
    ]


def _namespace(manifest: Mapping[str, object]) -> object:
    metadata = manifest.get("metadata")
    return metadata.get("namespace") if isinstance(metadata, Mapping) else None


def _is_misspelt(kind: object, fix: str) -> bool:
    """Whether a kind differs from the suggested one only in upper and lower case, or by a plural."""
    suggested = fix.partition("'")[2].partition("'")[0].lower()
    return isinstance(kind, str) and kind.lower() in (suggested, f"{suggested}s")


def _advice(path: Path) -> str | None:
    return "remove it; the status belongs to the cluster" if path == ("status",) else None


@functools.lru_cache(maxsize=1024)
def _other_version(api_version: str, kind: str) -> tuple[Finding, ...]:
    """A kind whose group is known, under a version or spelling that is not."""
    group = api_version.rpartition("/")[0]
    if "." not in group:
        return ()
    same = sorted(known for known in store.known_kinds() if known[0].rpartition("/")[0] == group)
    versions = [version for version, other in same if other == kind]
    if versions:
        return (
            Finding(
                rule="manifest/unknown-version",
                at="apiVersion",
                problem=f"must be a version of {kind} that this library has a schema for",
                seen=repr(api_version),
                fix=f"Use {versions[-1]!r}",
            ),
        )
    guess = translate.nearest(kind, [other for _, other in same]) if same else None
    if guess is None:
        return ()
    return (
        Finding(
            rule="manifest/unknown-kind",
            at="kind",
            problem=f"is not a kind of the API group {group}",
            seen=repr(kind),
            fix=f"did you mean {guess!r}?",
        ),
    )


def _lists_at(value: Any, steps: list[str], path: Path) -> Iterator[tuple[Path, list[Any]]]:
    if not steps:
        if isinstance(value, list):
            yield path, value
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _lists_at(item, rest, (*path, index))
    elif isinstance(value, dict):
        for key in value if step == "*" else (step,):
            if key in value:
                yield from _lists_at(value[key], rest, (*path, key))


def _twice(body: dict[str, Any], keyed: dict[str, Any]) -> Iterator[Finding]:
    """Entries of a keyed list whose keys, with their defaults, stand there already."""
    steps = keyed["path"].replace("[]", ".[]").split(".")
    for path, entries in _lists_at(body, steps, ()):
        met: set[tuple[str, ...]] = set()
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                continue
            key = tuple(repr(entry.get(name, default)) for name, default in keyed["keys"].items())
            if key in met:
                yield Finding(
                    rule="manifest/duplicate",
                    at=dotted((*path, index)),
                    problem=f"has the same {', '.join(keyed['keys'])} as another entry",
                    fix="Use a unique value for each entry",
                )
            met.add(key)

"""Passes finished manifests to cdk8s, for all kinds.

A call into Node takes much longer than creating the object, so :func:`emit` sends all manifests of a construct in one
call, through a small jsii module of this library, and :func:`create` does so in the call that creates the construct. The
results are ordinary ``cdk8s.ApiObject`` children of the construct.
"""

from __future__ import annotations

import functools
import json
import math
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from cdk8s_airflow.model.cluster_scoped_kinds import is_cluster_scoped
from cdk8s_airflow.text.documents import LARGEST_INTEGER, LOST_KEYS
from cdk8s_airflow.validation import Finding, PlatformError, show
from cdk8s_airflow.validation.kubernetes_metadata import type_problems

if TYPE_CHECKING:
    import cdk8s
    import constructs

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
_Object: TypeAlias = "tuple[str, dict[str, Json], bool]"
_Add: TypeAlias = "Callable[[constructs.Construct, list[_Object]], list[str]]"

_STRUCT_METADATA = frozenset({"name", "namespace", "labels", "annotations", "finalizers"})


def emit(
    scope: constructs.Construct, manifests: Mapping[str, Mapping[str, object]], *, exact: Collection[str] = ()
) -> None:
    """Create an ``ApiObject`` below ``scope`` for each manifest, all of them in one call.

    The objects behave like other cdk8s objects: the Chart's labels are added, the Chart's namespace is used if the
    manifest has none (never on a cluster-scoped kind), a missing ``metadata.name`` is generated from the construct
    path, and ``scope.node.find_child(id)`` returns the object for JSON patches and dependencies. Keys whose value is None
    are omitted.

    Args:
        scope: the parent construct, inside a Chart.
        manifests: construct id -> manifest as Kubernetes reads it (``apiVersion``, ``kind``, ``metadata``, ...). Ids are API:
            they must stay the same from release to release.
        exact: the ids of manifests that :func:`cdk8s_airflow.schemas.checked_manifest` has copied whole. They are not copied
            again, and their metadata is not checked again.

    Raises:
        PlatformError: with everything that is wrong with the manifests; then none of them is created. The rule ids
            are ``edge/id``, ``edge/duplicate-id``, ``edge/missing-key``, ``edge/api-version``, ``edge/metadata``,
            ``edge/cluster-scoped``, ``edge/not-json`` and ``edge/refused`` (cdk8s itself refused it).
    """
    findings: list[Finding] = []
    objects = _objects(manifests, exact, findings)
    if findings:
        raise _error(scope, findings)
    if not objects:
        return
    problem: str | None = None
    try:
        taken = _way()(scope, objects)
    except RuntimeError as error:
        # jsii raises the JavaScript error with its stack trace as text; the first line is the message.
        problem = str(error).strip().splitlines()[0].removeprefix("Error: ")
    if problem is not None:
        raise _error(scope, [_refused(problem)])
    if taken:
        raise _error(scope, [_taken(id_) for id_ in taken])


def emitted_object(scope: constructs.Construct, id_: str) -> cdk8s.ApiObject:
    """The object that :func:`emit` has created below ``scope``.

    Args:
        scope: the parent construct.
        id_: the construct id of the object.
    """
    from cdk8s import ApiObject

    return ApiObject.of(scope.node.find_child(id_))


def create(construct: constructs.Construct, scope: constructs.Construct, id: str, objects: str) -> None:
    """Create a construct that exists in Python only, together with its objects, in one call.

    Args:
        construct: the construct. Its class must not override members of ``Construct``.
        scope: its parent.
        id: its construct id.
        objects: as from :func:`payload`.

    Raises:
        RuntimeError: if cdk8s refuses the construct or one of the objects. Then neither exists.
    """
    import jsii

    from cdk8s_airflow.kube.bulk import BulkConstruct

    jsii.create(BulkConstruct, construct, [scope, id, objects])


def payload(manifests: Mapping[str, Mapping[str, object]], *, exact: Collection[str] = ()) -> str | None:
    """The objects as :func:`create` takes them. None if something is wrong with them, which :func:`emit` then reports.

    Args:
        manifests: as for :func:`emit`.
        exact: as for :func:`emit`.
    """
    findings: list[Finding] = []
    objects = _objects(manifests, exact, findings)
    return None if findings or not objects or _way() is _by_patches else _json(objects)


def _json(objects: list[_Object]) -> str:
    return json.dumps(objects, allow_nan=False, separators=(",", ":"))


def _objects(
    manifests: Mapping[str, Mapping[str, object]], exact: Collection[str], findings: list[Finding]
) -> list[_Object]:
    """The manifests as plain JSON values; problems are added to ``findings``."""
    objects: list[_Object] = []
    seen: dict[str, str] = {}
    for id_, manifest in manifests.items():
        if not isinstance(id_, str) or not id_:
            findings.append(
                Finding(
                    rule="edge/id",
                    at="id",
                    problem="must be a string",
                    seen=show(id_),
                    fix="use a string",
                )
            )
            continue
        # constructs replaces "/" in an id with "--", so two ids can name the same child.
        if seen.setdefault(id_.replace("/", "--"), id_) != id_:
            findings.append(_taken(id_))
        before = len(findings)
        plain: Json = cast("dict[str, Json]", manifest) if id_ in exact else _plain(manifest, id_, findings)
        if len(findings) == before and isinstance(plain, dict):
            _check(id_, plain, findings)
            if id_ not in exact:
                _check_metadata(id_, plain, findings)
            objects.append((id_, plain, is_cluster_scoped(str(plain.get("apiVersion")), str(plain.get("kind")))))
        elif len(findings) == before:
            findings.append(_not_json(id_, manifest, "must be a mapping"))
    return objects


@functools.lru_cache(maxsize=1024)
def _is_version(text: str) -> bool:
    parts = text.split("/")
    return len(parts) <= 2 and all(parts)


def _check(id_: str, manifest: dict[str, Json], findings: list[Finding]) -> None:
    """Findings for the version and the kind."""
    for key in ("apiVersion", "kind"):
        value = manifest.get(key)
        if not isinstance(value, str) or not value:
            problem = "is required" if value is None else "must be a string"
            findings.append(
                Finding(
                    rule="edge/missing-key",
                    at=f"{id_}.{key}",
                    problem=problem,
                    seen="" if value is None else show(value),
                    fix=f"set {key} of the manifest",
                )
            )
    api_version = manifest.get("apiVersion")
    if isinstance(api_version, str) and api_version and not _is_version(api_version):
        findings.append(
            Finding(
                rule="edge/api-version",
                at=f"{id_}.apiVersion",
                problem="must be a version or group/version",
                seen=show(api_version),
                fix='use a value like "v1" or "apps/v1"',
            )
        )


def _check_metadata(id_: str, manifest: dict[str, Json], findings: list[Finding]) -> None:
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        findings.append(
            Finding(
                rule="edge/missing-key",
                at=f"{id_}.metadata",
                problem="is required" if metadata is None else "must be a mapping",
                seen="" if metadata is None else show(metadata),
                fix="set metadata of the manifest, at least to an empty mapping",
            )
        )
        return
    for key in ("name", "namespace"):
        value = metadata.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            findings.append(
                _metadata(f"{id_}.metadata.{key}", value, "must be a string", "use a string, or remove the key")
            )
    for key in ("labels", "annotations"):
        for wrong in type_problems(metadata.get(key, {})):
            at = ".".join((id_, "metadata", key, *wrong.path))
            findings.append(_metadata(at, wrong.value, wrong.problem, wrong.fix))
    namespace = metadata.get("namespace")
    kind = manifest.get("kind")
    if namespace is not None and is_cluster_scoped(str(manifest.get("apiVersion")), str(kind)):
        findings.append(
            Finding(
                rule="edge/cluster-scoped",
                at=f"{id_}.metadata.namespace",
                problem=f"must not be set, because a {kind} is not namespaced",
                seen=show(namespace),
                fix="remove the namespace",
            )
        )


def _plain(value: object, at: str, findings: list[Finding]) -> Json:
    """``value`` as JSON values that Node reads unchanged, without keys whose value is None."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            findings.append(_not_json(at, value, "must be an integer that JSON represents exactly, below 2**53"))
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            findings.append(_not_json(at, value, "must be a number that JSON supports"))
        return value
    if isinstance(value, Mapping):
        plain: dict[str, Json] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                findings.append(_not_json(f"{at}.{key}", key, "must be a string, as all keys in JSON"))
            elif key in LOST_KEYS:
                findings.append(_not_json(f"{at}.{key}", key, "must not be used as a key: JavaScript drops it"))
            elif item is not None:
                plain[key] = _plain(item, f"{at}.{key}", findings)
        return plain
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if item is None:
                findings.append(_not_json(f"{at}[{index}]", item, "must not be None in a list"))
        return [_plain(item, f"{at}[{index}]", findings) for index, item in enumerate(value)]
    findings.append(_not_json(at, type(value), "must have a type that JSON supports"))
    return None


@functools.cache
def _way() -> _Add:
    """The bulk call, or a slower way with the same result if the module cannot be loaded."""
    import jsii.errors

    try:
        from cdk8s_airflow.kube.bulk import Bulk
    except (jsii.errors.JSIIError, RuntimeError, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        warnings.warn(
            f"uses one call for each object, because the bulk module cannot be loaded: {reason}", RuntimeWarning, 3
        )
        return _by_patches

    def by_bulk(scope: constructs.Construct, objects: list[_Object]) -> list[str]:
        return Bulk.add(scope, _json(objects))

    return by_bulk


def _by_patches(scope: constructs.Construct, objects: list[_Object]) -> list[str]:
    """The same as the bulk call with cdk8s alone: an ApiObject with one JSON patch each."""
    import cdk8s

    taken = [id_ for id_, _, _ in objects if scope.node.try_find_child(id_) is not None]
    if taken:
        return taken
    for id_, manifest, cluster_scoped in objects:
        metadata = cast("dict[str, Json]", manifest["metadata"])
        made = cdk8s.ApiObject(
            scope,
            id_,
            api_version=cast(str, manifest["apiVersion"]),
            kind=cast(str, manifest["kind"]),
            metadata=cdk8s.ApiObjectMetadata(
                **{key: value for key, value in metadata.items() if key in _STRUCT_METADATA}  # type: ignore[arg-type]
            ),
        )
        patches: list[cdk8s.JsonPatch] = []
        for key, value in sorted(metadata.items()):
            if key == "ownerReferences":
                patches.append(cdk8s.JsonPatch.add("/metadata/ownerReferences", _sorted(value)))
            elif key not in _STRUCT_METADATA:
                made.metadata.add(key, value)
        patches += [
            cdk8s.JsonPatch.add(f"/{_pointer(key)}", _sorted(value))
            for key, value in sorted(manifest.items())
            if key not in {"apiVersion", "kind", "metadata"}
        ]
        if cluster_scoped and made.metadata.namespace is not None:
            patches.append(cdk8s.JsonPatch.remove("/metadata/namespace"))
        if patches:
            made.add_json_patch(*patches)
    return []


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _sorted(value: Json) -> Json:
    """The value in the order in which cdk8s itself would write it."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _taken(id_: str) -> Finding:
    return Finding(
        rule="edge/duplicate-id",
        at=id_,
        problem="is already the id of a child of the construct",
        fix="use another id",
    )


def _refused(problem: str) -> Finding:
    return Finding(
        rule="edge/refused",
        at="",
        problem=f"cdk8s refused the objects: {problem}",
        fix="create the construct inside a Chart, before synth",
    )


def _metadata(at: str, value: object, problem: str, fix: str) -> Finding:
    return Finding(rule="edge/metadata", at=at, problem=problem, seen=show(value), fix=fix)


def _not_json(at: str, value: object, problem: str) -> Finding:
    return Finding(
        rule="edge/not-json", at=at, problem=problem, seen=show(value), fix="use strings, numbers, lists and mappings"
    )


def _error(scope: constructs.Construct, findings: list[Finding]) -> PlatformError:
    path = scope.node.path
    return PlatformError(finding.within(path) for finding in findings)

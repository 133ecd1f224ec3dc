"""The objects of a platform as they are in a cluster, read by kubectl. Nothing is changed, and Secrets are not read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import HELM_COMMAND, Manifest, Platform, platform

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which client-side apply keeps the object that was applied."""

_NOT_READ = ("Secret", HELM_COMMAND)
_KEPT_STATUS = ("used",)


def read_live(wanted: Iterable[Platform], kubectl: Sequence[str] = ("kubectl",)) -> Platform:
    """The objects of some platforms as the cluster has them; objects that it does not have are left out.

    Of each object only applied fields are kept, so that defaults and fields that controllers write are no
    difference.

    Args:
        wanted: the platforms whose objects are read.
        kubectl: the command and its options, like ``("kubectl", "--context", "prod")``.

    Raises:
        PlanError: kubectl is missing, or the cluster does not answer.
    """
    manifests = {
        identity: each for one in wanted for identity, each in one.manifests.items() if each.kind not in _NOT_READ
    }
    found: list[Manifest] = []
    for (group, kind), members in _by_kind(manifests.values()).items():
        names = {(each.namespace, each.name) for each in members}
        for namespace in sorted({each.namespace for each in members}):
            for body in _get(
                kubectl, group, kind, namespace, sorted(name for place, name in names if place == namespace)
            ):
                metadata = body["metadata"]
                if (metadata.get("namespace", ""), metadata["name"]) in names:
                    found.append(Manifest(_applied(body), "the cluster"))
    return platform(found, "the cluster")


def _by_kind(manifests: Iterable[Manifest]) -> dict[tuple[str, str], list[Manifest]]:
    found: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in manifests:
        found.setdefault((manifest.group, manifest.kind), []).append(manifest)
    return dict(sorted(found.items()))


def _get(
    kubectl: Sequence[str], group: str, kind: str, namespace: str, names: Sequence[str]
) -> list[Mapping[str, Any]]:
    resource = f"{kind}.{group}" if group else kind
    place = ["--namespace", namespace] if namespace else []
    run = _run(
        [*kubectl, "get", resource, *names, *place, "--ignore-not-found", "--show-managed-fields", "--output", "json"]
    )
    if run.returncode:
        said = run.stderr.strip()
        if "the server doesn't have a resource type" in said or "no matches for kind" in said:
            return []
        raise PlanError(f"kubectl get {resource} failed: {said or f'exit status {run.returncode}'}")
    if not run.stdout.strip():
        return []
    document = json.loads(run.stdout)
    items = document.get("items", []) if document.get("kind") == "List" else [document]
    return [item for item in items if isinstance(item, Mapping)]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        raise PlanError(f"{command[0]} is not installed. Install kubectl, or name it with --kubectl.") from None


def _applied(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a live object that were applied, and not written by its controllers."""
    metadata = body.get("metadata", {})
    last = (metadata.get("annotations") or {}).get(LAST_APPLIED)
    if last:
        applied: dict[str, Any] = json.loads(last)
    else:
        owned = [
            entry["fieldsV1"]
            for entry in metadata.get("managedFields") or ()
            if entry.get("operation") == "Apply" and not entry.get("subresource") and "fieldsV1" in entry
        ]
        applied = dict(body)
        if owned:
            fields: dict[str, Any] = {}
            for each in owned:
                fields = _union(fields, each)
            applied = _projected(body, fields)
    kept = {"name": metadata["name"], **({"namespace": metadata["namespace"]} if metadata.get("namespace") else {})}
    result = {
        **applied,
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": {**applied.get("metadata", {}), **kept},
    }
    status = {key: value for key, value in (body.get("status") or {}).items() if key in _KEPT_STATUS}
    result.pop("status", None)
    return {**result, **({"status": status} if status else {})}


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = _union(merged[key], value) if key in merged else value
    return merged


def _projected(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of a value that ``fieldsV1`` names."""
    if not fields or set(fields) == {"."}:
        return value
    if isinstance(value, Mapping):
        return {key: _projected(inner, fields[f"f:{key}"]) for key, inner in value.items() if f"f:{key}" in fields}
    if isinstance(value, list):
        keys = [key for key in fields if key != "."]
        kept = []
        for item in value:
            label = next((key for key in keys if _is(item, key)), None)
            if label is not None:
                kept.append(_projected(item, fields[label]))
        return kept
    return value


def _is(item: Any, label: str) -> bool:
    """Whether an element of a list is the one that a key of ``fieldsV1`` names."""
    kind, _, text = label.partition(":")
    if kind == "v":
        return bool(json.loads(text) == item)
    if kind == "k" and isinstance(item, Mapping):
        return all(item.get(key, _DEFAULTS.get(key)) == value for key, value in json.loads(text).items())
    return False


_DEFAULTS = {"protocol": "TCP"}

"""Secrets that must exist, with their keys and types. Values are not read."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.doctor.diagnosis import Diagnosis
from cdk8s_airflow.doctor.live_cluster import LiveCluster, SecretOutline
from cdk8s_airflow.doctor.requirements import RequiredSecret, Requirements
from cdk8s_airflow.model.secret_need import ANY_KEY


def required_secrets(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Secrets that are missing, lack a key, or have another type."""
    present: dict[str, dict[str, SecretOutline]] = {}
    for need in required.secrets:
        if need.namespace not in present:
            present[need.namespace] = cluster.secrets(need.namespace)
        found = present[need.namespace].get(need.name)
        if found is None:
            yield _missing(need)
        else:
            yield from _different(need, found)


def _object(need: RequiredSecret) -> str:
    return f"Secret/{need.namespace}/{need.name}"


def _missing(need: RequiredSecret) -> Diagnosis:
    purpose = f" ({need.purpose})" if need.purpose else ""
    if need.creator:
        return Diagnosis(
            "doctor/secret-not-created",
            _object(need),
            f"does not exist{purpose}. {need.creator} creates it",
            "Check the state of what creates it",
        )
    return Diagnosis("doctor/secret-missing", _object(need), f"does not exist{purpose}", f"Create it: {need.command}")


def _different(need: RequiredSecret, found: SecretOutline) -> Iterator[Diagnosis]:
    missing = sorted(need.keys - {ANY_KEY} - found.keys)
    if missing:
        yield Diagnosis(
            "doctor/secret-keys",
            _object(need),
            f"has no key {', '.join(missing)}. It has: {', '.join(sorted(found.keys)) or 'no keys'}",
            f"Add the key, or delete the Secret and create it again: {need.command}"
            if need.command
            else f"Change what creates it: {need.creator}",
        )
    if need.type not in ("", "Opaque", found.type):
        yield Diagnosis(
            "doctor/secret-type",
            _object(need),
            f"must be of type {need.type}, got {found.type}. The type of a Secret cannot be changed",
            f"Delete it, then create it again: {need.command or need.creator}",
        )

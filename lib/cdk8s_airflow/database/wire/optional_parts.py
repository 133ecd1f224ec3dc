"""The parts that only some Clusters have, put together. A Cluster without them does not import this module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.database.wire.certificates import certificate_needs, certificate_spec
from cdk8s_airflow.database.wire.databases import database_objects
from cdk8s_airflow.database.wire.monitoring import monitoring_notes, monitoring_objects, monitoring_spec
from cdk8s_airflow.database.wire.roles import role_needs, role_objects, role_spec
from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.service_account import ExistingServiceAccount


def optional_spec(settings: ClusterSettings) -> dict[str, Any]:
    """These parts of the Cluster's ``spec``."""
    return {
        **_inherited_metadata(settings),
        **_service_account(settings),
        **certificate_spec(settings),
        **_updates(settings),
        **monitoring_spec(settings),
        **role_spec(settings),
    }


def optional_objects(settings: ClusterSettings) -> dict[str, dict[str, Any]]:
    """Construct id -> object next to the Cluster."""
    return {**role_objects(settings), **database_objects(settings), **monitoring_objects(settings)}


def optional_needs(settings: ClusterSettings) -> Iterator[SecretNeed]:
    """The Secrets that these parts read."""
    yield from role_needs(settings)
    yield from certificate_needs(settings)


def optional_notes(settings: ClusterSettings) -> Iterator[str]:
    """Lines for the summary."""
    given = settings.synchronous
    if given is not None and given.durability == "required" and given.number == settings.instances - 1:
        yield (
            f"Cluster {settings.name} stops all writes while one of its {settings.instances} instances is down, because every "
            "standby must confirm each transaction. To avoid that, add instances or set durability='preferred'."
        )
    if settings.extension_images:
        yield BeforeApply(
            f"Cluster {settings.name} mounts images as volumes. Kubernetes 1.33 and 1.34 require the feature gate ImageVolume, 1.35 "
            "does not. The container runtime must be containerd 2.1 or CRI-O 1.31, or newer."
        )
    yield from monitoring_notes(settings)


def _inherited_metadata(settings: ClusterSettings) -> dict[str, Any]:
    inherited = {"labels": dict(settings.labels), "annotations": dict(settings.annotations)}
    kept = {key: value for key, value in inherited.items() if value}
    return {"inheritedMetadata": kept} if kept else {}


def _service_account(settings: ClusterSettings) -> dict[str, Any]:
    account = settings.service_account
    if account is None:
        return {}
    if isinstance(account, ExistingServiceAccount):
        return {"serviceAccountName": account.name}
    return {"serviceAccountTemplate": {"metadata": {"annotations": dict(account.annotations)}}}


def _updates(settings: ClusterSettings) -> dict[str, Any]:
    if settings.updates is None:
        return {}
    strategy = "supervised" if settings.updates.supervised else "unsupervised"
    return {"primaryUpdateMethod": settings.updates.by, "primaryUpdateStrategy": strategy}

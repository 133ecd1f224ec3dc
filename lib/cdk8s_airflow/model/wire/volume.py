"""Volumes in the form of Kubernetes fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model.volume import AccessMode, Volume


def claim(
    name: str, namespace: str, volume: Volume, access_mode: AccessMode, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """The PersistentVolumeClaim for a volume.

    Args:
        metadata: further metadata, such as annotations.
    """
    spec: dict[str, Any] = {"accessModes": [access_mode], "resources": {"requests": {"storage": volume.size}}}
    if volume.storage_class is not None:
        spec["storageClassName"] = volume.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }

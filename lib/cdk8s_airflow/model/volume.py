"""Volumes that the platform requests from a storage class."""

from __future__ import annotations

from typing import ClassVar, Literal

from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, ObjectName
from cdk8s_airflow.validation.frozen import frozen

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]
"""Whether the pods of one node or of several nodes can write to a volume at once."""


@frozen(kw_only=False)
class Volume:
    """A volume that is created from a storage class (PersistentVolumeClaim).

    Args:
        size: the size, such as ``"10Gi"``, ``spec.resources.requests.storage``. It can be increased later if the class
            allows expansion, never reduced.
        storage_class: the storage class, ``spec.storageClassName``. Default: None, the default class of the cluster.
        access_mode: ``"ReadWriteOnce"`` or ``"ReadWriteMany"``, ``spec.accessModes``. Default: None; the mode that the
            use requires, if ``ClusterFacts`` shows that it is available.
    """

    how_to_write: ClassVar[str] = 'Volume("10Gi", storage_class="longhorn")'

    size: Bytes
    storage_class: ObjectName | None = None
    access_mode: AccessMode | None = None


def shared_access_mode(volume: Volume, facts: ClusterFacts, at: str) -> AccessMode | Finding:
    """The access mode for a volume that pods on several nodes write to, or a finding if none is available."""
    if volume.access_mode == "ReadWriteMany" or (
        volume.access_mode is None and volume.storage_class in facts.rwx_classes
    ):
        return "ReadWriteMany"
    named = f"storage class {volume.storage_class!r}" if volume.storage_class else "the default storage class"
    if facts.nodes == 1:
        return "ReadWriteOnce"
    if volume.access_mode == "ReadWriteOnce":
        return Finding(
            rule="storage/one-node",
            at=at,
            problem="must be ReadWriteMany, because pods on several nodes mount the volume",
            seen="ReadWriteOnce",
            fix="Use a class that supports ReadWriteMany, or set ClusterFacts(nodes=1) if the cluster has one node",
        )
    return Finding(
        rule="storage/not-shared",
        at=at,
        problem=f"must support ReadWriteMany, because pods on several nodes mount the volume; {named} is not known to",
        seen=repr(volume.storage_class),
        fix="Add the class to ClusterFacts(rwx_classes={...}) if it supports ReadWriteMany, set ClusterFacts(nodes=1) if "
        "the cluster has one node, or store the files elsewhere",
    )

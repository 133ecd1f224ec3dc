"""Volumes that a platform asks for."""

from __future__ import annotations

from typing import ClassVar, Literal

from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, ObjectName
from cdk8s_airflow.validation.frozen import frozen

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]
"""Whether the pods of one node or of many can write a volume at once."""


@frozen(kw_only=False)
class Volume:
    """A volume to be made from a storage class.

    Args:
        size: its size, like ``"10Gi"``. It can be grown later where the class allows it, never shrunk.
        storage_class: the storage class. Default: the cluster's default class.
        access_mode: whether one node or many can write it. Default: what its use needs, where the class can do it.
    """

    how_to_write: ClassVar[str] = 'Volume("10Gi", storage_class="longhorn")'

    size: Bytes
    storage_class: ObjectName | None = None
    access_mode: AccessMode | None = None


def shared_access_mode(volume: Volume, facts: ClusterFacts, at: str) -> AccessMode | Finding:
    """The access mode for a volume that pods on several nodes write, or what keeps it from having one."""
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
            problem="is mounted by pods on several nodes, and a ReadWriteOnce volume only attaches to one",
            seen="ReadWriteOnce",
            fix="use a class that can do ReadWriteMany, or say ClusterFacts(nodes=1) if the cluster has one node",
        )
    return Finding(
        rule="storage/not-shared",
        at=at,
        problem=f"is mounted by pods on several nodes, and {named} is not known to make volumes that many nodes can write",
        seen=repr(volume.storage_class),
        fix="name it in ClusterFacts(rwx_classes={...}) if it does, say ClusterFacts(nodes=1) if the cluster has one node, "
        "or use another way to keep the files",
    )

"""Storage classes and volume claims."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import LiveCluster
from cdk8s_airflow.doctor.requirements import Requirements

_DEFAULT = "storageclass.kubernetes.io/is-default-class"

_ONE_NODE = {
    "rancher.io/local-path": "folders of one node",
    "ebs.csi.aws.com": "Amazon EBS",
    "kubernetes.io/aws-ebs": "Amazon EBS",
    "pd.csi.storage.gke.io": "Google persistent disks",
    "kubernetes.io/gce-pd": "Google persistent disks",
    "disk.csi.azure.com": "Azure disks",
    "kubernetes.io/azure-disk": "Azure disks",
    "cinder.csi.openstack.org": "OpenStack Cinder",
    "csi.hetzner.cloud": "Hetzner volumes",
    "dobs.csi.digitalocean.com": "DigitalOcean volumes",
}
"""Provisioners whose file systems only one node can mount for writing, from their documentation."""


def storage_classes(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Storage classes that do not exist, or do not support the access mode."""
    if not required.volumes:
        return
    classes = {each["metadata"]["name"]: each for each in cluster.objects("storageclasses.storage.k8s.io")}
    defaults = [
        name for name, each in classes.items() if (each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    present = ", ".join(sorted(classes)) or "none"
    for volume in required.volumes:
        name = volume.storage_class or (defaults[0] if defaults else "")
        if not name:
            yield Diagnosis(
                "doctor/no-default-storage-class",
                volume.object,
                f"names no storage class, and the cluster has no default class. It has: {present}",
                "Set the storage class in the program, or annotate a StorageClass as the default",
            )
        elif name not in classes:
            yield Diagnosis(
                "doctor/storage-class-missing",
                volume.object,
                f"requires the storage class {name}, which does not exist. The cluster has: {present}",
                "Install the storage class, or use one that the cluster has",
            )
        elif volume.shared and classes[name].get("provisioner") in _ONE_NODE:
            yield Diagnosis(
                "doctor/access-mode",
                volume.object,
                f"requires ReadWriteMany, which the storage class {name} ({_ONE_NODE[classes[name]['provisioner']]}) "
                "does not support",
                "Use a class that supports ReadWriteMany, or send logs to object storage",
            )


def claims(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Volume claims that were not bound."""
    waiting = {
        each["metadata"]["name"]
        for each in cluster.objects("storageclasses.storage.k8s.io")
        if each.get("volumeBindingMode") == "WaitForFirstConsumer"
    }
    for namespace in required.namespaces:
        for each in cluster.objects("persistentvolumeclaims", namespace):
            phase = (each.get("status") or {}).get("phase")
            if phase == "Lost" or (phase == "Pending" and (each["spec"].get("storageClassName") not in waiting)):
                name = each["metadata"]["name"]
                yield Diagnosis(
                    "doctor/claim-not-bound",
                    f"PersistentVolumeClaim/{namespace}/{name}",
                    f"is {phase}, so pods that mount it do not start",
                    f"Find the cause: kubectl -n {namespace} describe persistentvolumeclaim {name}",
                    Severity.ERROR,
                )

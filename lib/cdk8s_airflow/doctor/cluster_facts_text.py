"""``ClusterFacts`` of a running cluster, as Python to paste into a program."""

from __future__ import annotations

from cdk8s_airflow.doctor.checks.prerequisites import INSTALLERS
from cdk8s_airflow.doctor.checks.versions import cnpg_version
from cdk8s_airflow.doctor.live_cluster import LiveCluster
from cdk8s_airflow.validation.versions import minor_text

_SHARED = frozenset(
    {
        "driver.longhorn.io",
        "efs.csi.aws.com",
        "fsx.csi.aws.com",
        "filestore.csi.storage.gke.io",
        "file.csi.azure.com",
        "nfs.csi.k8s.io",
        "cephfs.csi.ceph.com",
        "rook-ceph.cephfs.csi.ceph.com",
    }
)
"""Provisioners that support ReadWriteMany, from their documentation."""


def cluster_facts_text(cluster: LiveCluster) -> str:
    """The facts that can be read from a cluster, as a call of ``ClusterFacts``.

    Networks, the network plugin and the addresses of controllers cannot be read reliably, so they are not in it.

    Raises:
        DoctorError: the cluster does not answer.
        NotReadable: the account of kubectl may not list what is asked.
    """
    nodes = cluster.objects("nodes")
    architectures = {each["metadata"]["labels"].get("kubernetes.io/arch") for each in nodes}
    definitions = [
        each["metadata"]["name"] for each in cluster.objects("customresourcedefinitions.apiextensions.k8s.io")
    ]
    shared = sorted(
        each["metadata"]["name"]
        for each in cluster.objects("storageclasses.storage.k8s.io")
        if each.get("provisioner") in _SHARED
    )
    (architecture,) = architectures if len(architectures) == 1 else (None,)
    cnpg = cnpg_version(cluster)
    arguments = [
        ("kubernetes", repr(minor_text(cluster.version()))),
        ("cnpg", repr(cnpg) if cnpg else ""),
        ("nodes", str(len(nodes))),
        ("architecture", repr(architecture) if architecture in ("amd64", "arm64") else ""),
        ("rwx_classes", _texts(shared)),
        ("crds", _texts(sorted(name for name in definitions if name.partition(".")[2] in INSTALLERS))),
    ]
    lines = "".join(f"    {name}={value},\n" for name, value in arguments if value)
    return f"ClusterFacts(\n{lines})\n".replace("'", '"')


def _texts(items: list[str]) -> str:
    if not items:
        return ""
    lines = "".join(f"        {item!r},\n" for item in items)
    return f"[\n{lines}    ]"

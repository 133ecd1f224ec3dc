"""Versions of the cluster and its operators, compared with what the program states."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import ALL_NAMESPACES, LiveCluster
from cdk8s_airflow.model.cluster_facts import SUPPORTED_KUBERNETES, ClusterFacts
from cdk8s_airflow.validation.versions import minor_text, range_text, within

CNPG_OPERATOR = "cloudnative-pg"
"""The name of CloudNativePG's operator in the label ``app.kubernetes.io/name`` of its Deployment."""


def kubernetes(found: str, facts: ClusterFacts | None) -> Iterator[Diagnosis]:
    """Compare the version of Kubernetes with the supported range and with ``ClusterFacts(kubernetes=)``."""
    minor = minor_text(found)
    if not within(SUPPORTED_KUBERNETES, minor):
        yield Diagnosis(
            "doctor/kubernetes-version",
            "Cluster//kubernetes",
            f"runs Kubernetes {found}; the output is validated for {range_text(SUPPORTED_KUBERNETES)}",
            "Use a cluster with a supported version",
            Severity.WARNING,
        )
    if facts is not None and facts.kubernetes is not None and minor_text(facts.kubernetes) != minor:
        yield Diagnosis(
            "doctor/facts-kubernetes",
            "Cluster//kubernetes",
            f"runs Kubernetes {found}, the program states {facts.kubernetes}",
            f'Set ClusterFacts(kubernetes="{minor}")',
            Severity.WARNING,
        )


def operators(cluster: LiveCluster, facts: ClusterFacts | None) -> Iterator[Diagnosis]:
    """Compare the version of the CloudNativePG operator with ``ClusterFacts(cnpg=)``."""
    if facts is None or facts.cnpg is None:
        return
    found = cnpg_version(cluster)
    if found and minor_text(found) != minor_text(facts.cnpg):
        yield Diagnosis(
            "doctor/facts-cnpg",
            "Cluster//cloudnative-pg",
            f"runs CloudNativePG {found}, the program states {facts.cnpg}",
            f'Set ClusterFacts(cnpg="{found}")',
            Severity.WARNING,
        )


def cnpg_version(cluster: LiveCluster) -> str:
    """The version of the CloudNativePG operator, from the tag of its image; empty if it is not found."""
    for each in cluster.objects("deployments.apps", ALL_NAMESPACES):
        labels = each["metadata"].get("labels") or {}
        if labels.get("app.kubernetes.io/name") != CNPG_OPERATOR:
            continue
        for container in each["spec"]["template"]["spec"]["containers"]:
            tag = str(container.get("image", "")).partition("@")[0].rpartition(":")[2]
            if tag[:1].isdigit() and all(part.isdigit() for part in tag.split(".")[:2]):
                return tag
    return ""

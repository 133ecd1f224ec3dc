"""What must be installed before a platform is applied."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.doctor.diagnosis import Diagnosis
from cdk8s_airflow.doctor.live_cluster import LiveCluster
from cdk8s_airflow.doctor.requirements import Requirements

INSTALLERS = {
    "helm.cattle.io": "k3s (part of it), or k3s-io/helm-controller on other clusters",
    "helm.toolkit.fluxcd.io": "Flux",
    "source.toolkit.fluxcd.io": "Flux",
    "argoproj.io": "Argo CD",
    "postgresql.cnpg.io": "the CloudNativePG operator",
    "barmancloud.cnpg.io": "the Barman Cloud plugin of CloudNativePG",
    "external-secrets.io": "External Secrets Operator",
    "generators.external-secrets.io": "External Secrets Operator",
    "bitnami.com": "Sealed Secrets",
    "cert-manager.io": "cert-manager",
    "monitoring.coreos.com": "Prometheus Operator",
    "keda.sh": "KEDA",
    "gateway.networking.k8s.io": "the Gateway API",
}
"""What installs the definitions of an API group."""

_RESOURCES = {
    "IngressClass": "ingressclasses.networking.k8s.io",
    "ClusterIssuer": "clusterissuers.cert-manager.io",
    "Issuer": "issuers.cert-manager.io",
}


def definitions(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Custom resource definitions that are missing."""
    if not required.crds:
        return
    present = {each["metadata"]["name"] for each in cluster.objects("customresourcedefinitions.apiextensions.k8s.io")}
    for name in sorted(required.crds - present):
        group = name.partition(".")[2]
        installer = INSTALLERS.get(group, f"the operator that serves {group}")
        yield Diagnosis(
            "doctor/definition-missing",
            f"CustomResourceDefinition//{name}",
            "does not exist, so objects of its kind cannot be applied",
            f"Install {installer}",
        )


def namespaces(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Namespaces that the program uses and does not create, and that do not exist."""
    present = {each["metadata"]["name"] for each in cluster.objects("namespaces")}
    for name in required.namespaces:
        if name in present:
            continue
        created = name in required.created_namespaces
        yield Diagnosis(
            "doctor/namespace-missing",
            f"Namespace//{name}",
            "does not exist yet; the manifests create it" if created else "does not exist, and no manifest creates it",
            "Apply the manifests" if created else f"Create it: kubectl create namespace {name}",
        )


def named_objects(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Ingress classes and issuers that manifests name and that do not exist."""
    for each in required.named:
        resource = _RESOURCES.get(each.kind)
        if resource is None:
            continue
        present = sorted(found["metadata"]["name"] for found in cluster.objects(resource, each.namespace))
        created = required.platform.find(each.kind, each.namespace, each.name)
        if each.name not in present and created is None:
            yield Diagnosis(
                f"doctor/{each.kind.lower()}-missing",
                f"{each.kind}/{each.namespace}/{each.name}",
                f"does not exist; {each.object} names it. The cluster has: {', '.join(present) or 'none'}",
                "Install it, or use one that the cluster has",
            )

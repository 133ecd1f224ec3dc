"""Which kinds belong to the whole cluster and so have no namespace."""

from __future__ import annotations

from functools import lru_cache

_CLUSTER_SCOPED: dict[str, frozenset[str]] = {
    "": frozenset({"Namespace", "Node", "PersistentVolume"}),
    "admissionregistration.k8s.io": frozenset(
        {
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        }
    ),
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "apiregistration.k8s.io": frozenset({"APIService"}),
    "certificates.k8s.io": frozenset({"CertificateSigningRequest", "ClusterTrustBundle"}),
    "flowcontrol.apiserver.k8s.io": frozenset({"FlowSchema", "PriorityLevelConfiguration"}),
    "networking.k8s.io": frozenset({"IPAddress", "IngressClass", "ServiceCIDR"}),
    "node.k8s.io": frozenset({"RuntimeClass"}),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
    "resource.k8s.io": frozenset({"DeviceClass", "ResourceSlice"}),
    "scheduling.k8s.io": frozenset({"PriorityClass"}),
    "storage.k8s.io": frozenset({"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"}),
    "cert-manager.io": frozenset({"ClusterIssuer"}),
    "cilium.io": frozenset({"CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool"}),
    "external-secrets.io": frozenset({"ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"}),
    "gateway.networking.k8s.io": frozenset({"GatewayClass"}),
    "karpenter.k8s.aws": frozenset({"EC2NodeClass"}),
    "karpenter.sh": frozenset({"NodeClaim", "NodeOverlay", "NodePool"}),
    "keda.sh": frozenset({"ClusterTriggerAuthentication"}),
    "policy.networking.k8s.io": frozenset({"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}),
    "postgresql.cnpg.io": frozenset({"ClusterImageCatalog"}),
    "snapshot.storage.k8s.io": frozenset({"VolumeSnapshotClass", "VolumeSnapshotContent"}),
    "trust.cert-manager.io": frozenset({"Bundle"}),
}


@lru_cache(maxsize=1024)
def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether objects of this kind have no namespace, in every version of its API group.

    Kinds that are not known here count as namespaced, as most are. Facts from the API reference of Kubernetes and
    from the ``scope`` of the operators' CustomResourceDefinitions.
    """
    group = api_version.rpartition("/")[0]
    return kind in _CLUSTER_SCOPED.get(group, frozenset())

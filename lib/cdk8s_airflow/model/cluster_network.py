"""Addresses and pods of cluster components that network policies have to allow. The user states them in
``ClusterFacts``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Cidr, Label, LabelValue, NonEmpty, PortNumber
from cdk8s_airflow.validation.frozen import frozen


@frozen
class KubernetesApiAddress:
    """The addresses and the port of the Kubernetes API server.

    Use the endpoints of the Service ``kubernetes``, not its cluster IP: a network policy is applied after address
    translation. ``kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes`` prints the addresses
    and the port.

    Attributes:
        networks: the addresses of all control plane nodes, in CIDR notation, such as ``["192.168.1.10/32"]``. At least
            one.
        port: the port. Default: 6443, the default of k3s and kubeadm; managed clusters usually use 443.
        on_nodes: whether the API server runs on nodes of the cluster. Default: True. Set False for the managed control
            plane of a cloud. Only policies for Cilium depend on it.
    """

    how_to_write: ClassVar[str] = 'KubernetesApiAddress(networks=["192.168.1.10/32"])'

    networks: Sequence[Cidr]
    port: PortNumber = 6443
    on_nodes: bool = True

    def _rules(self) -> Iterator[Finding]:
        if not self.networks:
            yield _none_named("networks", "the API server")
        yield from any_address_findings(self.networks, "networks")


@frozen
class ClusterDns:
    """The pods that resolve DNS names.

    Attributes:
        namespace: their namespace. Default: ``"kube-system"``.
        labels: their labels. Default: ``k8s-app: kube-dns``, which CoreDNS and kube-dns have in k3s, kubeadm, EKS, GKE
            and AKS.
        port: the port of the pods, not of the Service. Default: 53; OpenShift uses 5353.
        node_local: the addresses of NodeLocal DNSCache in CIDR notation, such as ``["169.254.20.10/32"]``. If
            kube-proxy runs in iptables mode, add the cluster IP of the DNS Service. NodeLocal DNSCache uses the network
            of the node, so a policy cannot select it by labels. Default: none; the cluster does not run NodeLocal
            DNSCache.
    """

    how_to_write: ClassVar[str] = "ClusterDns()"

    namespace: Label = "kube-system"
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=lambda: {"k8s-app": "kube-dns"})
    port: PortNumber = 53
    node_local: Sequence[Cidr] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from any_address_findings(self.node_local, "node_local")


@frozen(kw_only=False)
class HostNetwork:
    """An ingress controller whose pods use the host network. Its connections come from
    ``ClusterFacts(node_networks=...)``.

    Args:
        name: the name shown in the report, such as ``"ingress-nginx"``.
    """

    how_to_write: ClassVar[str] = 'HostNetwork("ingress-nginx")'

    name: NonEmpty


@frozen
class NotInstalled:
    """The component is not installed in the cluster."""

    how_to_write: ClassVar[str] = "NotInstalled()"


@frozen
class CloudIdentity:
    """The endpoint from which pods get cloud credentials. Use :meth:`web`, :meth:`eks_pod_identity` or
    :meth:`metadata`.

    Attributes:
        networks: its addresses in CIDR notation. Default: every address outside the cluster.
        port: its port. Default: 443.
    """

    how_to_write: ClassVar[str] = "CloudIdentity.web()"

    networks: Sequence[Cidr] = ()
    port: PortNumber = 443

    @staticmethod
    def web() -> CloudIdentity:
        """An HTTPS service of the cloud: IAM roles for service accounts (EKS) and Workload Identity (AKS)."""
        return CloudIdentity()

    @staticmethod
    def eks_pod_identity() -> CloudIdentity:
        """The EKS Pod Identity agent on each node."""
        return CloudIdentity(networks=("169.254.170.23/32", "fd00:ec2::23/128"), port=80)

    @staticmethod
    def metadata() -> CloudIdentity:
        """The metadata server of the node, which serves Workload Identity on GKE with Dataplane V2."""
        return CloudIdentity(networks=("169.254.169.254/32",), port=80)

    def _rules(self) -> Iterator[Finding]:
        yield from any_address_findings(self.networks, "networks")


@frozen
class Cilium:
    """Cilium as the network plugin, or a plugin based on it: GKE Dataplane V2, Azure CNI powered by Cilium.

    Cilium matches by identity: networks in a policy match neither pods nor nodes, whatever their addresses are.

    Attributes:
        matches_nodes: whether Cilium runs with ``policy-cidr-match-mode: nodes``, so that networks in a policy also
            match nodes. Default: False.
    """

    how_to_write: ClassVar[str] = "Cilium()"

    matches_nodes: bool = False


NetworkPlugin: TypeAlias = (
    Literal[
        "antrea",
        "aws-vpc-cni",
        "calico",
        "canal",
        "flannel",
        "kube-router",
        "ovn-kubernetes",
        "weave",
        "other",
    ]
    | Cilium
)
"""The plugin that enforces network policies. k3s includes the network policy controller of ``"kube-router"``.
``"flannel"`` alone does not enforce network policies. Use ``"other"`` for a plugin that behaves as the Kubernetes
documentation describes."""

IpFamily: TypeAlias = Literal["IPv4", "IPv6"]
"""A family of IP addresses."""


def _none_named(at: str, what: str) -> Finding:
    return Finding(
        rule="network/no-address",
        at=at,
        problem=f"is empty, so no network policy can allow {what}",
        seen="[]",
        fix='Add at least one address, such as "192.168.1.10/32"',
    )


def any_address_findings(networks: Sequence[str], at: str) -> Iterator[Finding]:
    """Reject networks that contain every address (``/0``)."""
    for index, network in enumerate(networks):
        if network.endswith("/0"):
            yield Finding(
                rule="network/everything",
                at=f"{at}[{index}]",
                problem="must be a network smaller than /0, which is every address",
                seen=repr(network),
                fix='Use the addresses of the component, such as "192.168.1.10/32"',
            )

"""Where the parts of a cluster are that network policies have to allow, and that only its owner can know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Cidr, Label, LabelValue, NonEmpty, PortNumber
from cdk8s_airflow.validation.frozen import frozen


@frozen
class KubernetesApiAddress:
    """Where pods reach the API server: behind its Service, since a policy sees addresses after their translation.

    ``kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes`` prints both.

    Attributes:
        networks: its addresses, like ``["192.168.1.10/32"]``; all of them where there are several control planes.
        port: its port. Default: 6443, as k3s and kubeadm have it; managed clusters mostly have 443.
        on_nodes: whether it runs on nodes of the cluster. Default: yes; no for the control planes that clouds run. Only
            Cilium tells the two apart.
    """

    how_to_write: ClassVar[str] = 'KubernetesApiAddress(networks=["192.168.1.10/32"])'

    networks: Sequence[Cidr]
    port: PortNumber = 6443
    on_nodes: bool = True

    def _rules(self) -> Iterator[Finding]:
        if not self.networks:
            yield _none_named("networks", "the API server")
        yield from not_everything(self.networks, "networks")


@frozen
class ClusterDns:
    """What resolves names for pods.

    Attributes:
        namespace: where its pods are. Default: ``kube-system``.
        labels: the labels they have. Default: ``k8s-app: kube-dns``, which k3s, kubeadm, EKS, GKE and AKS give to CoreDNS and
            kube-dns alike.
        port: the port of the pods. Default: 53; OpenShift has 5353.
        node_local: the address of NodeLocal DNSCache, like ``["169.254.20.10/32"]``, and with kube-proxy in iptables mode also
            that of the Service of DNS. It runs on the nodes' own network, so that no labels choose it. Default: none, the
            cluster does not have it.
    """

    how_to_write: ClassVar[str] = "ClusterDns()"

    namespace: Label = "kube-system"
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=lambda: {"k8s-app": "kube-dns"})
    port: PortNumber = 53
    node_local: Sequence[Cidr] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from not_everything(self.node_local, "node_local")


@frozen(kw_only=False)
class HostNetwork:
    """Something whose pods run on the nodes' own network, so that what it opens comes from ``node_networks``.

    Args:
        name: what a reader calls it, like ``"ingress-nginx"``.
    """

    how_to_write: ClassVar[str] = 'HostNetwork("ingress-nginx")'

    name: NonEmpty


@frozen
class NotInstalled:
    """The cluster has none."""

    how_to_write: ClassVar[str] = "NotInstalled()"


@frozen
class CloudIdentity:
    """Where pods fetch the identity that the cloud gives them. Write :meth:`web`, :meth:`eks_pod_identity` or :meth:`metadata`.

    Attributes:
        networks: its addresses. Default: anywhere outside the cluster.
        port: its port. Default: 443.
    """

    how_to_write: ClassVar[str] = "CloudIdentity.web()"

    networks: Sequence[Cidr] = ()
    port: PortNumber = 443

    @staticmethod
    def web() -> CloudIdentity:
        """A service of the cloud, over https: IAM roles for service accounts in EKS, Workload Identity in AKS."""
        return CloudIdentity()

    @staticmethod
    def eks_pod_identity() -> CloudIdentity:
        """The agent of EKS Pod Identity on each node."""
        return CloudIdentity(networks=("169.254.170.23/32", "fd00:ec2::23/128"), port=80)

    @staticmethod
    def metadata() -> CloudIdentity:
        """The metadata server of the node, which Workload Identity of GKE stands in for with Dataplane V2."""
        return CloudIdentity(networks=("169.254.169.254/32",), port=80)

    def _rules(self) -> Iterator[Finding]:
        yield from not_everything(self.networks, "networks")


@frozen
class Cilium:
    """Cilium as the network plugin, or one made from it: Dataplane V2 of GKE, Azure CNI powered by Cilium.

    It goes by what an address belongs to: a policy's networks match neither pods nor nodes, whatever their addresses.

    Attributes:
        matches_nodes: whether it was told to match nodes by address, with ``policy-cidr-match-mode: nodes``. Default: no.
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
"""What enforces NetworkPolicies. k3s brings the controller of ``"kube-router"``; ``"flannel"`` alone enforces nothing; ``"other"``
is any that does as Kubernetes describes."""

IpFamily: TypeAlias = Literal["IPv4", "IPv6"]
"""A family of IP addresses."""


def _none_named(at: str, what: str) -> Finding:
    return Finding(
        rule="network/no-address",
        at=at,
        problem=f"is empty, so that no policy could allow {what}",
        seen="[]",
        fix="name at least one address",
    )


def not_everything(networks: Sequence[str], at: str) -> Iterator[Finding]:
    """Whether no network is every address there is."""
    for index, network in enumerate(networks):
        if network.endswith("/0"):
            yield Finding(
                rule="network/everything",
                at=f"{at}[{index}]",
                problem="is every address there is",
                seen=repr(network),
                fix="name the addresses it has",
            )

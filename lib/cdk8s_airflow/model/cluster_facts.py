"""Facts about the cluster that the user states. A fact that is not stated is unknown, and the defaults are safe for any
cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.model.cluster_network import (
    CloudIdentity,
    ClusterDns,
    HostNetwork,
    IpFamily,
    KubernetesApiAddress,
    NetworkPlugin,
    NotInstalled,
)
from cdk8s_airflow.model.controller_versions import HELM_CONTROLLER, supports
from cdk8s_airflow.model.traffic import PodGroup
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Cidr, Count, HostName, Must, NonEmpty, ObjectName, VersionText
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within

OLDEST_KUBERNETES = "1.30"
"""The oldest Kubernetes version whose schemas the output is validated against."""

NEWEST_KUBERNETES = "1.36"
"""The newest Kubernetes version whose schemas the output is validated against."""

SUPPORTED_KUBERNETES = f">={OLDEST_KUBERNETES} <={NEWEST_KUBERNETES}"
"""The Kubernetes versions whose schemas the output is validated against."""

_SupportedKubernetes = Annotated[
    VersionText,
    Must(
        lambda text: within(SUPPORTED_KUBERNETES, text),
        f"must be a supported Kubernetes version, from {OLDEST_KUBERNETES} to {NEWEST_KUBERNETES}",
        f'Use the version of the cluster without the patch number, such as "{NEWEST_KUBERNETES}"',
        "facts/kubernetes",
    ),
]

Architecture = Literal["amd64", "arm64"]
"""The CPU architecture of a node, as in its label ``kubernetes.io/arch``."""


@frozen
class ClusterFacts:
    """Facts about the cluster that the manifests are for.

    Nothing is looked up: ``synth`` does not connect to a cluster. Every fact is optional. If a fact is unknown, the
    default is conservative, or an error asks for the fact if no default is safe. Set them once for an app with
    :func:`set_facts`, or for one construct with its argument ``facts``.

    Attributes:
        kubernetes: the Kubernetes version, such as ``"1.34"``, compared with the versions that Airflow and CloudNativePG
            support. Default: None, unknown; versions are not compared.
        helm_controller: the version of k3s-io/helm-controller (not of k3s), such as ``"0.16.17"``. From 0.16.25 and
            0.17.6 it can retry a failed release without uninstalling it, and :class:`K3sHelmChart` then uses
            ``failurePolicy: retry``. Default: None, unknown; treated as older than that.
        flux: the Flux version, such as ``"2.8"``. From 2.7 it can retry a failed release without uninstalling it, and
            :class:`FluxRelease` then uses ``install.strategy``. Default: None, unknown; treated as older than that.
        cnpg: the version of the CloudNativePG operator, such as ``"1.30.0"``, at least 1.26. Settings that this version
            does not support are rejected. From 1.30 each role is an object of its own. Default: None,
            unknown; treated as 1.26.
        crds: the names of the installed custom resource definitions, such as ``"clusters.postgresql.cnpg.io"``. If set,
            it is an error to emit a custom resource whose definition is not in the list. Default: None, unknown; the
            report lists the definitions that are required.
        rwx_classes: the storage classes that support ReadWriteMany. Default: none.
        nodes: the number of nodes that run pods. With 1, all pods can share a ReadWriteOnce volume. Default: None,
            unknown; treated as several.
        architecture: the CPU architecture of the nodes that run the pods, ``"amd64"`` or ``"arm64"``. If set, pods get
            the node selector ``kubernetes.io/arch``; the images must exist for that architecture. Default: None; the
            scheduler of Kubernetes chooses among all nodes.
        cluster_domain: the DNS domain of Services. Default: ``"cluster.local"``, the default of Kubernetes.
        pod_networks: the networks of pods, in CIDR notation, such as ``"10.42.0.0/16"``. Default: none, unknown.
        service_networks: the networks of Services, in CIDR notation, such as ``"10.43.0.0/16"``. Default: none,
            unknown.
        node_networks: the networks of the nodes, in CIDR notation. Include the addresses that the network plugin
            assigns to nodes for traffic to pods. Default: none, unknown.
        ip_families: the address families of pods: ``"IPv4"``, ``"IPv6"`` or both. Default: the families of
            ``pod_networks``, or both if ``pod_networks`` is empty.
        network_plugin: the plugin that enforces network policies, such as ``"calico"``, ``"kube-router"`` (k3s) or
            ``Cilium()``. Only :class:`NetworkIsolation` uses this and the arguments below; an error asks for each one
            that it requires. Default: None, unknown.
        api_server: the addresses and the port of the Kubernetes API server. Default: None, unknown.
        dns: the pods of the cluster DNS, and the address of NodeLocal DNSCache. Default: None, unknown.
        ingress_controller: the pods that serve Ingresses or Gateways, or :class:`HostNetwork`. Default: None, unknown.
        monitoring: the pods of Prometheus, or ``NotInstalled()``. Default: None, unknown.
        cnpg_operator: the pods of the CloudNativePG operator. Default: None, unknown.
        keda: the pods of KEDA. Default: None, unknown.
        cloud_identity: the endpoint from which pods get their cloud credentials. Default: None, unknown.
    """

    how_to_write: ClassVar[str] = 'ClusterFacts(kubernetes="1.34")'

    kubernetes: _SupportedKubernetes | None = None
    helm_controller: VersionText | None = None
    flux: VersionText | None = None
    cnpg: VersionText | None = None
    crds: Collection[ObjectName] | None = None
    rwx_classes: Collection[NonEmpty] = frozenset()
    nodes: Count | None = None
    architecture: Architecture | None = None
    cluster_domain: HostName = "cluster.local"
    pod_networks: Sequence[Cidr] = ()
    service_networks: Sequence[Cidr] = ()
    node_networks: Sequence[Cidr] = ()
    ip_families: Sequence[IpFamily] = ()
    network_plugin: NetworkPlugin | None = None
    api_server: KubernetesApiAddress | None = None
    dns: ClusterDns | None = None
    ingress_controller: PodGroup | HostNetwork | None = None
    monitoring: PodGroup | NotInstalled | None = None
    cnpg_operator: PodGroup | None = None
    keda: PodGroup | None = None
    cloud_identity: CloudIdentity | None = None

    @property
    def can_retry_releases(self) -> bool:
        """Whether the helm-controller supports ``failurePolicy: retry`` (0.16.25 and 0.17.6, from its types.go)."""
        return supports(HELM_CONTROLLER["failurePolicy=retry"], self.helm_controller)

    def _rules(self) -> Iterator[Finding]:
        if self.cnpg is not None and within("<1.26", self.cnpg):
            yield Finding(
                rule="facts/cnpg",
                at="cnpg",
                problem="must be 1.26 or newer",
                seen=self.cnpg,
                fix="Upgrade the CloudNativePG operator to 1.26 or newer, then set its version here",
            )

"""What the user knows of the cluster. What is not said is unknown, and defaults are chosen to be safe then."""

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
from cdk8s_airflow.model.controller_versions import HELM_CONTROLLER, has
from cdk8s_airflow.model.traffic import PodGroup
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Cidr, Count, HostName, Must, NonEmpty, ObjectName, VersionText, version
from cdk8s_airflow.validation.frozen import frozen

OLDEST_KUBERNETES = "1.30"
"""The oldest Kubernetes whose schemas our output is held against."""

NEWEST_KUBERNETES = "1.36"
"""The newest Kubernetes whose schemas our output is held against."""

_SupportedKubernetes = Annotated[
    VersionText,
    Must(
        lambda text: version(OLDEST_KUBERNETES)[:2] <= version(text)[:2] <= version(NEWEST_KUBERNETES)[:2],
        "is not a Kubernetes this library is tested against",
        f"use {OLDEST_KUBERNETES} to {NEWEST_KUBERNETES}",
        "facts/kubernetes",
    ),
]

Architecture = Literal["amd64", "arm64"]
"""The architecture of a node, as its label ``kubernetes.io/arch`` says it."""


@frozen
class ClusterFacts:
    """What is known of the cluster that the manifests are for.

    Nothing is looked up: synth has no network. Every fact is optional; an unknown one makes a default more careful, or a
    question in an error where no default is safe.

    Attributes:
        kubernetes: the version of Kubernetes, like ``"1.34"``.
        helm_controller: the version of k3s-io/helm-controller (not of k3s), like ``"0.16.17"``. From 0.16.25 and 0.17.6 on a
            failed release can be retried without being uninstalled, and :class:`K3sHelmChart` uses that. Default: unknown,
            taken as too old for it.
        flux: the version of Flux, like ``"2.8"``. From 2.7 on a failed release can be retried without being uninstalled, and
            :class:`FluxRelease` uses that. Default: unknown, taken as too old for it.
        cnpg: the version of the CloudNativePG operator, like ``"1.30.0"``. What it does not know yet is refused, and from 1.30 on
            roles are objects of their own. Default: unknown, taken as 1.26.
        crds: names of the custom resource definitions that are installed, like ``"clusters.postgresql.cnpg.io"``. When
            given, everything emitted must be among them. Default: unknown, and the summary lists what is needed.
        rwx_classes: storage classes whose volumes several nodes can write at once (ReadWriteMany).
        nodes: how many nodes run pods. With one node, ReadWriteOnce volumes can be shared by its pods.
        architecture: of the nodes that pods are to run on, ``"amd64"`` or ``"arm64"``. When given, pods are kept to such
            nodes; images have to exist for it. Default: unknown, and the scheduler of Kubernetes chooses among all nodes.
        cluster_domain: the DNS domain of Services. Default: ``"cluster.local"``, as Kubernetes has it.
        pod_networks: the networks of pods, like ``"10.42.0.0/16"``. Default: unknown.
        service_networks: the networks of Services, like ``"10.43.0.0/16"``. Default: unknown.
        node_networks: the networks of nodes, with the addresses that the network plugin gives them towards pods. Default:
            unknown.
        ip_families: ``"IPv4"``, ``"IPv6"`` or both, as pods have addresses. Default: those of ``pod_networks``, and both where
            these are unknown too.
        network_plugin: what enforces network policies, like ``"calico"``, ``"kube-router"`` (k3s) or ``Cilium()``. This and the
            following are for :class:`NetworkIsolation`, which asks for each one that it needs. Default: unknown.
        api_server: where pods reach the API server. Default: unknown.
        dns: what resolves names for pods, NodeLocal DNSCache included. Default: unknown.
        ingress_controller: the pods that serve Ingresses or Gateways, or :class:`HostNetwork`. Default: unknown.
        monitoring: the pods of Prometheus, or ``NotInstalled()`` for none. Default: unknown.
        cnpg_operator: the pods of the CloudNativePG operator. Default: unknown.
        keda: the pods of KEDA. Default: unknown.
        cloud_identity: where pods get the identity that the cloud gives them. Default: unknown.
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
        """Whether the helm-controller knows ``failurePolicy: retry`` (its types.go: 0.16.25 and 0.17.6)."""
        return has(HELM_CONTROLLER["failurePolicy=retry"], self.helm_controller)

    def _rules(self) -> Iterator[Finding]:
        if self.cnpg is not None and version(self.cnpg)[:2] < (1, 26):
            yield Finding(
                rule="facts/cnpg",
                at="cnpg",
                problem="this CloudNativePG is older than what is emitted here",
                seen=self.cnpg,
                fix="upgrade the operator to 1.26 or newer",
            )

"""Network traffic as data: the source of network policies, of the table in the report, and of tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import AnnotationKey, Cidr, Label, LabelValue, NonEmpty, PortNumber
from cdk8s_airflow.validation.frozen import frozen

ClusterComponentRole = Literal[
    "api-server",
    "cloud-identity",
    "cnpg-operator",
    "dns",
    "external-secrets",
    "helm-controller",
    "ingress-controller",
    "keda",
    "monitoring",
    "nodes",
]
"""A part of the cluster that this program does not create. :class:`ClusterFacts` states where it is."""


@frozen
class PodGroup:
    """The pods in one namespace that match labels.

    Attributes:
        name: the name shown in the report, such as ``"scheduler of airflow"``. The network policy of the pods is named
            after it.
        namespace: the namespace of the pods.
        labels: the labels of the pods, ``podSelector.matchLabels``. Default: empty, all pods of the namespace.
        without: label keys that the pods do not have (``operator: DoesNotExist``), for when ``labels`` also matches
            other pods. Default: none.
    """

    how_to_write: ClassVar[str] = 'PodGroup(name="warehouse", namespace="data", labels={"app": "warehouse"})'

    name: NonEmpty
    namespace: Label
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    without: tuple[AnnotationKey, ...] = ()

    def _rules(self) -> Iterator[Finding]:
        for key in self.without:
            if key in self.labels:
                yield Finding(
                    rule="network/no-pods",
                    at=f"labels.{key}",
                    problem="conflicts with without=: the pods cannot both have and lack this label",
                    seen=show(self.labels[key]),
                    fix=f"Remove {key!r} from labels= or from without=",
                )

    @property
    def chosen_by(self) -> tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Namespace, required labels and forbidden labels. Two groups with the same selection are the same pods."""
        return self.namespace, tuple(sorted(self.labels.items())), tuple(sorted(self.without))


@frozen
class ExternalPeer:
    """A host or network outside the cluster.

    Attributes:
        name: the name shown in the report, such as ``"gitlab.acme.lab"``, and the key in
            ``NetworkIsolation(endpoints=...)``.
        networks: its addresses in CIDR notation, such as ``("203.0.113.0/24",)``. Default: none, unknown; the policy
            then allows every address outside the cluster, and the report lists it.
        in_pod_network: whether ``networks`` may be part of ``ClusterFacts(pod_networks=...)``. Set it if the pods and the peer
            are in the same network, such as a database (RDS) in the VPC of an EKS cluster. The policy then allows these
            addresses. Default: False; an address of the pod network is an error, because it usually belongs to a pod.
    """

    how_to_write: ClassVar[str] = 'ExternalPeer(name="gitlab.acme.lab", networks=("203.0.113.7/32",))'

    name: NonEmpty
    networks: tuple[Cidr, ...] = ()
    in_pod_network: bool = False

    def _rules(self) -> Iterator[Finding]:
        if self.in_pod_network and not self.networks:
            yield Finding(
                rule="network/not-outside",
                at="in_pod_network",
                problem="must be set together with networks=, because a policy for unknown addresses excludes those of pods",
                seen="True",
                fix='Set the addresses of the peer, such as networks=("10.0.7.0/24",)',
            )
        for index, network in enumerate(self.networks):
            if network.endswith("/0"):
                yield Finding(
                    rule="network/everything",
                    at=f"networks[{index}]",
                    problem="must be a network smaller than /0, which includes the pods of the cluster",
                    seen=show(network),
                    fix="Remove networks=; the policy then allows every address outside the cluster",
                )


@frozen
class ClusterComponent:
    """A part of the cluster whose location is stated in :class:`ClusterFacts`.

    Attributes:
        role: which part. ``"nodes"`` are the nodes themselves: the source of connections through a NodePort and of
            controllers on the host network. ``"cloud-identity"`` is the endpoint from which pods get cloud credentials.
    """

    role: ClusterComponentRole


@frozen
class UnlocatedPeer:
    """A peer that may be inside or outside the cluster.

    Its address is in a Secret, or its host name does not determine the pods. State its location in
    ``NetworkIsolation(endpoints=...)``.

    Attributes:
        name: the name shown in the report, such as ``"broker of airflow"``, and the key in
            ``NetworkIsolation(endpoints=...)``.
    """

    how_to_write: ClassVar[str] = 'UnlocatedPeer(name="broker of airflow")'

    name: NonEmpty


Peer: TypeAlias = PodGroup | ExternalPeer | ClusterComponent | UnlocatedPeer
"""One end of a traffic flow."""


@frozen
class TrafficFlow:
    """Connections from one peer to another.

    Attributes:
        source: the peer that opens the connections.
        target: the peer that accepts them.
        port: the port of the target's pods (not of a Service), or of the external target. If the target is
            :class:`UnlocatedPeer`, this is the usual port, and ``NetworkIsolation(endpoints=...)`` can set another one.
        protocol: ``"TCP"`` or ``"UDP"``. Default: ``"TCP"``.
        purpose: the purpose in a few words, shown in the report.
    """

    how_to_write: ClassVar[str] = 'TrafficFlow(source=..., target=..., port=5432, purpose="the warehouse")'

    source: Peer
    target: Peer
    port: PortNumber
    purpose: NonEmpty
    protocol: Literal["TCP", "UDP"] = "TCP"


@frozen
class Traffic:
    """The pods of one part of the platform, and their connections.

    Attributes:
        workloads: the pods, one entry for each kind. Each entry gets its own network policy.
        flows: every connection that these pods open or accept.
        questions: errors for missing facts, each with the argument to set.
        tasks: the workloads that run tasks. Connections that DAGs open are not included.
    """

    how_to_write: ClassVar[str] = "Traffic(workloads=(...), flows=(...))"

    workloads: tuple[PodGroup, ...] = ()
    flows: tuple[TrafficFlow, ...] = ()
    questions: tuple[Finding, ...] = ()
    tasks: tuple[PodGroup, ...] = ()


@runtime_checkable
class HasTraffic(Protocol):
    """Any object with pods of its own, such as :class:`AirflowChart` and :class:`CnpgCluster`."""

    @property
    def traffic(self) -> Traffic:
        """The pods, and all their connections."""
        ...


def resolves_names(*sources: PodGroup) -> tuple[TrafficFlow, ...]:
    """The flows for DNS resolution: over UDP, and over TCP for long answers."""
    return tuple(
        TrafficFlow(
            source=source, target=ClusterComponent(role="dns"), port=53, protocol=protocol, purpose="DNS queries"
        )
        for source in sources
        for protocol in _BOTH
    )


_BOTH: tuple[Literal["UDP"], Literal["TCP"]] = ("UDP", "TCP")

"""Who talks to whom, as data: policies, the table in the report and the tests all come from it."""

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
"""A part of the cluster that is not ours. Where it is, only :class:`ClusterFacts` can say."""


@frozen
class PodGroup:
    """Pods of one namespace, chosen by their labels.

    Attributes:
        name: what a reader calls them, like ``"scheduler of airflow"``. The policy they get is named after it.
        namespace: where they are.
        labels: the labels they have. Default: none, which means all pods of the namespace.
        without: keys of labels that they lack, where ``labels`` alone would choose others too. Default: none.
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
                    problem="is a label that the pods must have and must lack",
                    seen=show(self.labels[key]),
                    fix="leave it out of one of the two",
                )

    @property
    def chosen_by(self) -> tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Namespace, labels and lacking labels: two of the same choice are the same pods, whatever they are called."""
        return self.namespace, tuple(sorted(self.labels.items())), tuple(sorted(self.without))


@frozen
class ExternalPeer:
    """A place outside the cluster.

    Attributes:
        name: what a reader calls it, like ``"gitlab.acme.lab"``. ``NetworkIsolation(endpoints=...)`` finds it by this name.
        networks: its addresses, like ``("203.0.113.0/24",)``. Default: unknown, so that only everything outside the cluster can be
            allowed; the report says so.
    """

    how_to_write: ClassVar[str] = 'ExternalPeer(name="gitlab.acme.lab", networks=("203.0.113.7/32",))'

    name: NonEmpty
    networks: tuple[Cidr, ...] = ()

    def _rules(self) -> Iterator[Finding]:
        for index, network in enumerate(self.networks):
            if network.endswith("/0"):
                yield Finding(
                    rule="network/everything",
                    at=f"networks[{index}]",
                    problem="is every address there is, the pods of the cluster among them",
                    seen=show(network),
                    fix="leave networks= out: then everything outside the cluster is allowed, and the report says so",
                )


@frozen
class ClusterComponent:
    """A part of the cluster whose location :class:`ClusterFacts` holds.

    Attributes:
        role: which part. ``"nodes"`` are the nodes themselves, as what comes through a NodePort or from a controller on their
            network shows; ``"cloud-identity"`` is where pods get the identity that their cloud gives them.
    """

    role: ClusterComponentRole


@frozen
class UnlocatedPeer:
    """Something of which nobody has said where it is, in the cluster or outside: its address is in a Secret, or its name alone
    does not tell which pods it means. ``NetworkIsolation(endpoints=...)`` has to say.

    Attributes:
        name: what a reader calls it, like ``"broker of airflow"``. It is placed by this name.
    """

    how_to_write: ClassVar[str] = 'UnlocatedPeer(name="broker of airflow")'

    name: NonEmpty


Peer: TypeAlias = PodGroup | ExternalPeer | ClusterComponent | UnlocatedPeer
"""One end of a flow."""


@frozen
class TrafficFlow:
    """One thing that opens connections to another.

    Attributes:
        source: who opens them.
        target: to whom.
        port: at which port of the target's pods, or of the target outside. Where the target is :class:`UnlocatedPeer` this is the
            usual one, and whoever places it may say another.
        protocol: ``"TCP"`` or ``"UDP"``.
        purpose: what for, in a few words.
    """

    how_to_write: ClassVar[str] = 'TrafficFlow(source=..., target=..., port=5432, purpose="the warehouse")'

    source: Peer
    target: Peer
    port: PortNumber
    purpose: NonEmpty
    protocol: Literal["TCP", "UDP"] = "TCP"


@frozen
class Traffic:
    """The pods of one part of a platform, and all connections they take part in.

    Attributes:
        workloads: the pods, one entry for each kind; each gets a policy of its own.
        flows: every connection that one of them opens or accepts.
        questions: what keeps the flows from being complete, and what to say to complete them.
        tasks: those of the workloads that run tasks, whose own connections nobody but their authors knows.
    """

    how_to_write: ClassVar[str] = "Traffic(workloads=(...), flows=(...))"

    workloads: tuple[PodGroup, ...] = ()
    flows: tuple[TrafficFlow, ...] = ()
    questions: tuple[Finding, ...] = ()
    tasks: tuple[PodGroup, ...] = ()


@runtime_checkable
class HasTraffic(Protocol):
    """Anything with pods of its own, such as :class:`AirflowChart` and :class:`CnpgCluster`."""

    @property
    def traffic(self) -> Traffic:
        """Its pods, and all connections they take part in."""
        ...


def resolves_names(*sources: PodGroup) -> tuple[TrafficFlow, ...]:
    """The flows by which pods resolve names: to DNS, by UDP and by TCP for long answers."""
    return tuple(
        TrafficFlow(source=source, target=ClusterComponent(role="dns"), port=53, protocol=protocol, purpose="names")
        for source in sources
        for protocol in _BOTH
    )


_BOTH: tuple[Literal["UDP"], Literal["TCP"]] = ("UDP", "TCP")

"""Who talks to whom, as data: policies, the table in the report and the tests all come from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from cdk8s_airflow.checks.constraints import AnnotationKey, Cidr, Label, LabelValue, NonEmpty, PortNumber
from cdk8s_airflow.checks.frozen import frozen

Role = Literal[
    "api-server",
    "dns",
    "ingress-controller",
    "monitoring",
    "cnpg-operator",
    "keda",
    "helm-controller",
    "external-secrets",
]
"""A part of the cluster that is not ours. Where it is, only :class:`ClusterFacts` can say."""


@frozen
class Pods:
    """Pods of one namespace, chosen by their labels.

    Attributes:
        name: what a reader calls them, like ``"scheduler of airflow"``.
        namespace: where they are.
        labels: the labels they have. Default: none, which means all pods of the namespace.
    """

    how_to_write: ClassVar[str] = 'Pods(name="warehouse", namespace="data", labels={"app": "warehouse"})'

    name: NonEmpty
    namespace: Label
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)


@frozen
class Outside:
    """A place outside the cluster.

    Attributes:
        name: what a reader calls it, like ``"gitlab.acme.lab"``.
        networks: its addresses, like ``("203.0.113.0/24",)``. Default: unknown, so that only everything outside the cluster can be
            allowed; the report says so.
    """

    how_to_write: ClassVar[str] = 'Outside(name="gitlab.acme.lab", networks=("203.0.113.7/32",))'

    name: NonEmpty
    networks: tuple[Cidr, ...] = ()


@frozen
class Known:
    """A part of the cluster that :class:`ClusterFacts` places.

    Attributes:
        role: which part.
    """

    role: Role


Peer: TypeAlias = Pods | Outside | Known
"""One end of a flow."""


@frozen
class Flow:
    """One thing that opens connections to another.

    Attributes:
        source: who opens them.
        target: to whom.
        port: at which port of the target's pods, or of the target outside.
        protocol: ``"TCP"`` or ``"UDP"``.
        purpose: what for, in a few words.
    """

    how_to_write: ClassVar[str] = 'Flow(source=..., target=..., port=5432, purpose="the warehouse")'

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
    """

    workloads: tuple[Pods, ...] = ()
    flows: tuple[Flow, ...] = ()

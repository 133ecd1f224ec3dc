"""On which nodes pods run, and how replicas are spread over nodes and zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Count, LabelValue, at_least
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Toleration:
    """A toleration: allows a pod on nodes with a matching taint.

    Attributes:
        key: the key of the taint. Default: None, every taint.
        value: the value of the taint; requires ``key``. Default: None, any value (``operator: Exists``).
        effect: the effect of the taint. Default: None, every effect.
        seconds: how many seconds a running pod stays on a node that gets the taint, ``tolerationSeconds``. Requires
            ``effect="NoExecute"``. Default: None; the pod stays.
    """

    how_to_write: ClassVar[str] = 'Toleration(key="workload", value="airflow", effect="NoSchedule")'

    key: AnnotationKey | None = None
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    seconds: Annotated[int, at_least(0)] | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.key is None and self.value is not None:
            yield Finding(
                rule="scheduling/toleration",
                at="value",
                problem="requires key=",
                seen=repr(self.value),
                fix="Set key= to the key of the taint",
            )
        if self.seconds is not None and self.effect != "NoExecute":
            yield Finding(
                rule="scheduling/toleration",
                at="seconds",
                problem='is ignored unless effect is "NoExecute"',
                seen=repr(self.seconds),
                fix='Set effect="NoExecute", or remove seconds=',
            )


@frozen
class Placement:
    """The nodes on which pods may run.

    Attributes:
        node_selector: labels that the node must have, ``nodeSelector``. Default: empty, any node.
        tolerations: tolerations of taints, ``tolerations``. Default: none.
        affinity: the Kubernetes field ``affinity`` as a mapping. Default: None; the affinity of the chart, with which
            replicas of an Airflow component prefer different nodes.
    """

    how_to_write: ClassVar[str] = 'Placement(node_selector={"workload": "airflow"})'

    node_selector: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    tolerations: Sequence[Toleration] = ()
    affinity: Mapping[str, Any] | None = None


@frozen
class TopologySpread:
    """How the replicas of a component are spread (``topologySpreadConstraints``).

    Attributes:
        across: the node label whose values are the domains, ``topologyKey``. Default: ``"kubernetes.io/hostname"``, the
            node.
        max_skew: the largest difference in replicas between two domains, ``maxSkew``. Default: 1.
        required: whether a replica that would exceed ``max_skew`` stays pending (``whenUnsatisfiable: DoNotSchedule``).
            Default: False; it is scheduled anyway.
    """

    how_to_write: ClassVar[str] = 'TopologySpread(across="topology.kubernetes.io/zone")'

    across: AnnotationKey = "kubernetes.io/hostname"
    max_skew: Count = 1
    required: bool = False


APART: tuple[TopologySpread, ...] = (TopologySpread(),)
"""Replicas prefer different nodes. If no other node is available, they run on the same node."""

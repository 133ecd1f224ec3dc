"""Where pods run, and how their replicas are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Count, LabelValue, at_least
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Toleration:
    """Lets a pod onto nodes that a taint keeps others away from.

    Attributes:
        key: the taint's key. Default: every taint.
        value: the taint's value. Default: any.
        effect: the taint's effect. Default: every effect.
        seconds: how long the pod stays on a node that gets the taint while it runs; only with ``NoExecute``. Default: for
            ever.
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
                problem="is of no taint, because no key is named",
                seen=repr(self.value),
                fix="name the taint's key=",
            )
        if self.seconds is not None and self.effect != "NoExecute":
            yield Finding(
                rule="scheduling/toleration",
                at="seconds",
                problem="counts only for taints that drive running pods away",
                seen=repr(self.seconds),
                fix='say effect="NoExecute", or leave it out',
            )


@frozen
class Placement:
    """On which nodes pods may run.

    Attributes:
        node_selector: labels that a node must have. Default: none.
        tolerations: taints that do not keep the pods away. Default: none.
        affinity: further conditions, in the form Kubernetes has for ``affinity``. Default: what the chart sets; for
            Airflow's own components, replicas prefer different nodes.
    """

    how_to_write: ClassVar[str] = 'Placement(node_selector={"workload": "airflow"})'

    node_selector: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    tolerations: Sequence[Toleration] = ()
    affinity: Mapping[str, Any] | None = None


@frozen
class TopologySpread:
    """How the replicas of one component are kept apart.

    Attributes:
        across: the node label whose values are counted as places. Default: the node itself.
        max_skew: by how many replicas two places may differ. Default: 1.
        required: whether a replica waits rather than run in a place that has too many. Default: no; it then runs there.
    """

    how_to_write: ClassVar[str] = 'TopologySpread(across="topology.kubernetes.io/zone")'

    across: AnnotationKey = "kubernetes.io/hostname"
    max_skew: Count = 1
    required: bool = False


APART: tuple[TopologySpread, ...] = (TopologySpread(),)
"""Replicas prefer different nodes, and start on the same one rather than not at all."""

"""Groups of nodes with the same labels and taints, and the placement of pods on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from cdk8s_airflow.model.cluster_facts import Architecture
from cdk8s_airflow.model.placement import Placement, Toleration
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Label, LabelValue
from cdk8s_airflow.validation.frozen import frozen

ARCHITECTURE = "kubernetes.io/arch"
"""The label of a node with its CPU architecture."""

ZONE = "topology.kubernetes.io/zone"
"""The label of a node with its zone."""

_GKE = "cloud.google.com/"
_GKE_ACCELERATOR = "cloud.google.com/gke-accelerator"
_GPU_TAINT = "nvidia.com/gpu"


@frozen
class NodeTaint:
    """A taint of nodes, which keeps away pods without a matching toleration.

    Attributes:
        key: the key of the taint.
        value: its value. Default: None, no value.
        effect: its effect. Default: ``"NoSchedule"``.
    """

    how_to_write: ClassVar[str] = 'NodeTaint(key="workload", value="airflow")'

    key: AnnotationKey
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"

    @property
    def toleration(self) -> Toleration:
        """The toleration of this taint."""
        return Toleration(key=self.key, value=self.value, effect=self.effect)


@frozen
class NodeGroup:
    """A group of nodes. State its labels and taints once, and pass the group as ``placement=`` wherever pods run on it.

    It creates no nodes: they come from your cloud, from Karpenter or from ``k3s agent``. Use :meth:`eks`,
    :meth:`karpenter`, :meth:`gke` and :meth:`aks` for the labels and taints that these set themselves.

    Attributes:
        name: the name of the group.
        labels: labels that its nodes have and other nodes lack. They become ``nodeSelector``. At least one.
        taints: its taints. They become ``tolerations``. Default: none.
        architecture: the CPU architecture of its nodes, ``"amd64"`` or ``"arm64"``, if the images exist only for this one.
            Default: None, any.
        zones: the zones in which pods may run, such as ``"eu-central-1a"``. Default: none, any zone. Set it for pods with a
            volume that exists in only one zone.
        spot: whether its nodes are spot or preemptible nodes, which the cloud takes away at any time. Default: False.
    """

    how_to_write: ClassVar[str] = 'NodeGroup(name="workers", labels={"workload": "airflow"})'

    name: Label
    labels: Mapping[AnnotationKey, LabelValue]
    taints: Sequence[NodeTaint] = ()
    architecture: Architecture | None = None
    zones: Sequence[LabelValue] = ()
    spot: bool = False

    def _rules(self) -> Iterator[Finding]:
        if not self.labels:
            yield Finding(
                rule="scheduling/node-group",
                at="labels",
                problem="must contain at least one label, otherwise pods run on any node",
                seen="{}",
                fix='Use the labels of its nodes, such as labels={"workload": "airflow"}',
            )

    @property
    def placement(self) -> Placement:
        """The placement of pods that run only on this group: node selector, tolerations, and zones as affinity."""
        affinity = None
        if self.zones:
            affinity = {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [self._in_zones]}]}}}
        return Placement(node_selector=self._selector, tolerations=self._tolerations, affinity=affinity)

    def preferred_over(self, fallback: NodeGroup) -> Placement:
        """The placement of pods that run on this group if it has a node for them, otherwise on another group.

        Use it for spot nodes: ``spot.preferred_over(workers)``. The scheduler of Kubernetes chooses when a pod
        starts; a running pod does not move.

        Args:
            fallback: the group to use if this one has no node for the pod.

        Returns:
            A placement with a required affinity for either group and a preferred affinity for this one.
        """
        both = dict.fromkeys((*self._tolerations, *fallback._tolerations))
        affinity = {
            "nodeAffinity": {
                _REQUIRED: {"nodeSelectorTerms": [self._term, fallback._term]},
                _PREFERRED: [{"weight": 100, "preference": self._term}],
            }
        }
        return Placement(tolerations=tuple(both), affinity=affinity)

    @property
    def k3s_arguments(self) -> tuple[str, ...]:
        """Arguments of ``k3s agent`` that give a node the labels and taints of this group."""
        labels = [f"--node-label={key}={value}" for key, value in self.labels.items()]
        taints = [f"--node-taint={taint.key}={taint.value or ''}:{taint.effect}" for taint in self.taints]
        return (*labels, *taints)

    @property
    def gcloud_arguments(self) -> tuple[str, ...]:
        """Arguments of ``gcloud container node-pools create`` that give the nodes of a pool the labels and taints of this
        group.

        GKE sets labels and taints of its own domains itself, so they are not part of the arguments.
        """
        labels = ",".join(f"{k}={v}" for k, v in self.labels.items() if not k.startswith(_GKE))
        taints = ",".join(
            f"{each.key}={each.value or ''}:{each.effect}"
            for each in self.taints
            if not (each.key == _GPU_TAINT and _GKE_ACCELERATOR in self.labels)
        )
        made = [self.name, *(["--spot"] if self.spot else [])]
        if _GKE_ACCELERATOR in self.labels:
            made.append(f"--accelerator=type={self.labels[_GKE_ACCELERATOR]},count=1")
        made += [f"--node-labels={labels}"] if labels else []
        made += [f"--node-taints={taints}"] if taints else []
        made += [f"--node-locations={','.join(self.zones)}"] if self.zones else []
        return tuple(made)

    @property
    def _selector(self) -> dict[str, str]:
        return {**self.labels, **({} if self.architecture is None else {ARCHITECTURE: self.architecture})}

    @property
    def _tolerations(self) -> tuple[Toleration, ...]:
        return tuple(taint.toleration for taint in self.taints)

    @property
    def _in_zones(self) -> dict[str, Any]:
        return {"key": ZONE, "operator": "In", "values": list(self.zones)}

    @property
    def _term(self) -> dict[str, Any]:
        labels = [{"key": key, "operator": "In", "values": [value]} for key, value in self._selector.items()]
        return {"matchExpressions": [*labels, *([self._in_zones] if self.zones else [])]}

    @classmethod
    def eks(cls, name: Label, *, spot: bool = False, taints: Sequence[NodeTaint] = (), **other: Any) -> NodeGroup:
        """A managed node group of Amazon EKS.

        Args:
            name: the name of the node group.
            spot: whether its capacity type is SPOT. Default: False.
            taints: the taints that you gave it; EKS sets none. Default: none.
            other: further arguments of :class:`NodeGroup`.
        """
        kind = {"eks.amazonaws.com/capacityType": "SPOT"} if spot else {}
        labels = {"eks.amazonaws.com/nodegroup": name, **kind, **other.pop("labels", {})}
        return cls(name=name, labels=labels, taints=tuple(taints), spot=spot, **other)

    @classmethod
    def karpenter(cls, name: Label, *, spot: bool = False, taints: Sequence[NodeTaint] = (), **other: Any) -> NodeGroup:
        """A NodePool of Karpenter.

        Args:
            name: the name of the NodePool.
            spot: whether pods run only on its spot nodes. Default: False; on all its nodes.
            taints: the taints in its template. Default: none.
            other: further arguments of :class:`NodeGroup`.
        """
        kind = {"karpenter.sh/capacity-type": "spot"} if spot else {}
        labels = {"karpenter.sh/nodepool": name, **kind, **other.pop("labels", {})}
        return cls(name=name, labels=labels, taints=tuple(taints), spot=spot, **other)

    @classmethod
    def gke(
        cls,
        name: Label,
        *,
        spot: bool = False,
        accelerator: LabelValue | None = None,
        taints: Sequence[NodeTaint] = (),
        **other: Any,
    ) -> NodeGroup:
        """A node pool of Google Kubernetes Engine.

        Args:
            name: the name of the node pool.
            spot: whether it has Spot VMs. Default: False.
            accelerator: the type of its GPUs, such as ``"nvidia-l4"``. GKE taints such nodes. Default: None.
            taints: the taints that you gave it. Default: none.
            other: further arguments of :class:`NodeGroup`.
        """
        kind = {"cloud.google.com/gke-spot": "true"} if spot else {}
        gpu = {} if accelerator is None else {"cloud.google.com/gke-accelerator": accelerator}
        own = () if accelerator is None else (NodeTaint(key="nvidia.com/gpu", value="present"),)
        labels = {"cloud.google.com/gke-nodepool": name, **kind, **gpu, **other.pop("labels", {})}
        return cls(name=name, labels=labels, taints=(*own, *taints), spot=spot, **other)

    @classmethod
    def aks(cls, name: Label, *, spot: bool = False, taints: Sequence[NodeTaint] = (), **other: Any) -> NodeGroup:
        """A node pool of Azure Kubernetes Service.

        Args:
            name: the name of the node pool.
            spot: whether it has spot nodes, which AKS taints. Default: False.
            taints: further taints that you gave it. Default: none.
            other: further arguments of :class:`NodeGroup`.
        """
        priority = "kubernetes.azure.com/scalesetpriority"
        own = (NodeTaint(key=priority, value="spot"),) if spot else ()
        labels = {
            "kubernetes.azure.com/agentpool": name,
            **({priority: "spot"} if spot else {}),
            **other.pop("labels", {}),
        }
        return cls(name=name, labels=labels, taints=(*own, *taints), spot=spot, **other)


NodePlacement: TypeAlias = Placement | NodeGroup
"""The nodes on which pods may run: a :class:`Placement`, or a :class:`NodeGroup` for its :attr:`~NodeGroup.placement`."""


def placement_on(nodes: NodePlacement) -> Placement:
    """The placement of pods on these nodes."""
    return nodes.placement if isinstance(nodes, NodeGroup) else nodes


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

__all__ = ["NodeGroup", "NodePlacement", "NodeTaint", "placement_on"]

"""Settings of what creates the nodes of a group: Karpenter, and managed node groups of Amazon EKS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.model.node_group import NodeGroup
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, Count, Cpu, Duration, NonEmpty, at_least
from cdk8s_airflow.validation.frozen import frozen


@frozen
class KarpenterPool:
    """A group of nodes that Karpenter creates on demand, as a NodePool.

    Attributes:
        group: the group. Its labels and taints become those of the nodes, its zones and architecture requirements of the
            NodePool. With ``spot=True`` all nodes are spot nodes, otherwise all are on-demand nodes.
        cpu_limit: the CPUs of all nodes of the pool together, ``limits.cpu``, such as ``"100"``. Required: without a limit,
            nothing bounds the costs.
        memory_limit: the memory of all nodes together, ``limits.memory``. Default: None, no limit.
        instance_categories: categories of EC2 instances, ``karpenter.k8s.aws/instance-category``. Default: ``c``, ``m`` and
            ``r``. Ignored with ``instance_types``.
        instance_types: EC2 instance types, such as ``"g5.xlarge"``. Default: none, all of the categories.
        consolidation: when Karpenter removes nodes, ``consolidationPolicy``. Default: ``"WhenEmpty"``, so that no running task
            is stopped. ``"WhenEmptyOrUnderutilized"`` evicts pods without the annotation ``karpenter.sh/do-not-disrupt``.
        consolidate_after: how long a node is kept after its last pod, ``consolidateAfter``. Default: ``"5m"``.
    """

    how_to_write: ClassVar[str] = 'KarpenterPool(group=NodeGroup.karpenter("workers"), cpu_limit="100")'

    group: NodeGroup
    cpu_limit: Cpu
    memory_limit: Bytes | None = None
    instance_categories: Sequence[NonEmpty] = ("c", "m", "r")
    instance_types: Sequence[NonEmpty] = ()
    consolidation: Literal["WhenEmpty", "WhenEmptyOrUnderutilized"] = "WhenEmpty"
    consolidate_after: Duration = "5m"

    def _rules(self) -> Iterator[Finding]:
        if not self.instance_types and not self.instance_categories:
            yield Finding(
                rule="scheduling/instances",
                at="instance_categories",
                problem="is empty, so no instance type would be allowed",
                seen="()",
                fix='Use instance_categories=["c", "m", "r"]',
            )


@frozen
class EksNodeGroup:
    """A managed node group of Amazon EKS that eksctl creates.

    Attributes:
        group: the group. Its labels, taints, zones and ``spot`` become those of the node group.
        instance_types: EC2 instance types, such as ``"m6i.xlarge"``. Several for spot nodes, so that one of them is available.
        min_nodes: the smallest number of nodes, ``minSize``. Default: 0, so that Cluster Autoscaler creates the first node for
            the first pod.
        max_nodes: the largest number of nodes, ``maxSize``.
    """

    how_to_write: ClassVar[str] = (
        'EksNodeGroup(group=NodeGroup.eks("workers"), instance_types=["m6i.xlarge"], max_nodes=10)'
    )

    group: NodeGroup
    instance_types: Sequence[NonEmpty]
    max_nodes: Count
    min_nodes: Annotated[int, at_least(0)] = 0

    def _rules(self) -> Iterator[Finding]:
        if self.min_nodes > self.max_nodes:
            yield Finding(
                rule="scheduling/nodes",
                at="min_nodes",
                problem=f"must be at most max_nodes ({self.max_nodes})",
                seen=repr(self.min_nodes),
                fix=f"Use min_nodes={self.max_nodes} or less",
            )
        if not self.instance_types:
            yield Finding(
                rule="scheduling/instances",
                at="instance_types",
                problem="must name at least one instance type",
                seen="()",
                fix='Use instance_types=["m6i.xlarge"]',
            )


def labels_of_domains(group: NodeGroup, *domains: str) -> list[str]:
    """Labels of a group that only the owner of one of the domains sets, on nodes that it creates itself."""
    return sorted(key for key in group.labels if key.partition("/")[0].endswith(domains))


def same_names(groups: Sequence[NodeGroup], at: str) -> Iterator[Finding]:
    """A finding for each group whose name another one has."""
    names = [each.name for each in groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Finding(
                rule="scheduling/same-name",
                at=f"{at}[{index}].group.name",
                problem="is the name of another group",
                seen=repr(name),
                fix="Use another name",
            )

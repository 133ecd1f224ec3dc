"""Nodes that Karpenter creates on AWS for pods that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from constructs import Construct

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.autoscaling.node_pools import KarpenterPool, labels_of_domains, same_names
from cdk8s_airflow.autoscaling.wire.karpenter import CAPACITY_TYPE, NODE_POOL, node_class, node_pool
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, NonEmpty, ObjectName

_ALIAS = regex(r"^(al2023|bottlerocket)@[A-Za-z0-9.]+$")

_Ami = Annotated[
    str,
    Must(
        lambda text: _ALIAS.match(text) is not None and not text.endswith("@latest"),
        "must be an AMI alias with a version: al2023@VERSION or bottlerocket@VERSION",
        'Use a released version, such as "al2023@v20260801"',
        "scheduling/ami",
    ),
]


class KarpenterNodes(PlatformConstruct):
    """Creates nodes on Amazon EKS with Karpenter: one NodePool for each group of nodes, and an EC2NodeClass for all.

    The labels and taints of the nodes are those of the same :class:`NodeGroup` objects that ``placement=`` takes, so pods
    and nodes agree. Karpenter must be installed (API ``karpenter.sh/v1``, Karpenter 1.0 or newer), with an IAM role for its
    nodes, and with the tag ``karpenter.sh/discovery: <cluster>`` on subnets and security groups.
    """

    how_to_write: ClassVar[str] = (
        'KarpenterNodes(chart, "karpenter", cluster="production", role="KarpenterNodeRole-production", '
        'ami="al2023@v20260801", pools=[KarpenterPool(group=NodeGroup.karpenter("workers"), cpu_limit="100")])'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        cluster: NonEmpty,
        role: NonEmpty,
        ami: _Ami,
        pools: Sequence[KarpenterPool],
        name: ObjectName = "airflow",
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the node pools.

        Args:
            scope: the Chart that they are written to.
            id: the construct id.
            cluster: the name of the EKS cluster: the value of the tag ``karpenter.sh/discovery``.
            role: the name of the IAM role of the nodes, ``EC2NodeClass.spec.role``.
            ami: the image of the nodes as an alias with a version, such as ``"al2023@v20260801"``. ``latest`` is refused: it
                replaces nodes, and stops their tasks, whenever AWS releases an image.
            pools: the groups of nodes. At least one. A pool is named after its group.
            name: the name of the EC2NodeClass. Default: ``"airflow"``.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if a group has labels that only nodes of a managed node group have, or selects another capacity type
                than its pool creates.
        """
        found = checked(KarpenterNodes.__init__, locals())
        if not found:
            found += _pool_rules(pools)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        self._emit(
            {
                "node-class": node_class(name, cluster, role, ami),
                **{f"pool-{each.group.name}": node_pool(each, name) for each in pools},
            },
            facts=facts_of(scope, facts),
        )


def _pool_rules(pools: Sequence[KarpenterPool]) -> Iterator[Finding]:
    if not pools:
        yield Finding(
            rule="scheduling/no-pools",
            at="pools",
            problem="must contain at least one pool",
            seen="[]",
            fix='Use pools=[KarpenterPool(group=NodeGroup.karpenter("workers"), cpu_limit="100")]',
        )
    yield from same_names([each.group for each in pools], "pools")
    for index, pool in enumerate(pools):
        group, at = pool.group, f"pools[{index}].group"
        for key in labels_of_domains(group, "eks.amazonaws.com", "cloud.google.com", "kubernetes.azure.com"):
            yield Finding(
                rule="scheduling/foreign-label",
                at=f"{at}.labels.{key}",
                problem="is a label that nodes of Karpenter do not have, so pods on this group would stay pending",
                seen=repr(group.labels[key]),
                fix=f'Use NodeGroup.karpenter("{group.name}")',
            )
        yield from _karpenter_labels(pool, at)


def _karpenter_labels(pool: KarpenterPool, at: str) -> Iterator[Finding]:
    """Whether the labels that Karpenter sets have the values that it will set."""
    group = pool.group
    expected = {NODE_POOL: group.name, CAPACITY_TYPE: "spot" if group.spot else "on-demand"}
    for key, value in expected.items():
        if group.labels.get(key, value) != value:
            yield Finding(
                rule="scheduling/foreign-label",
                at=f"{at}.labels.{key}",
                problem=f"must be {value!r}, the value that Karpenter sets on nodes of this pool",
                seen=repr(group.labels[key]),
                fix=f'Use NodeGroup.karpenter("{group.name}"{", spot=True" if group.spot else ""})',
            )

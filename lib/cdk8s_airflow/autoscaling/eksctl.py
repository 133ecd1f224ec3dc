"""Managed node groups of Amazon EKS, as a file for eksctl."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.autoscaling.node_pools import EksNodeGroup, labels_of_domains, same_names
from cdk8s_airflow.autoscaling.wire.eksctl import cluster_config
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Label, NonEmpty

_NODE_GROUP = "eks.amazonaws.com/nodegroup"
_CAPACITY = "eks.amazonaws.com/capacityType"


class EksctlNodeGroups(PlatformConstruct):
    """Writes managed node groups of Amazon EKS to ``eksctl/<cluster>.yaml``, a ClusterConfig for eksctl.

    ``kubectl apply -f dist/`` does not read the file, because it is in a folder of its own. Create the nodes with
    ``eksctl create nodegroup -f dist/eksctl/<cluster>.yaml``. The labels and taints are those of the same
    :class:`NodeGroup` objects that ``placement=`` takes.
    """

    how_to_write: ClassVar[str] = (
        'EksctlNodeGroups(chart, "eksctl", cluster="production", region="eu-central-1", '
        'groups=[EksNodeGroup(group=NodeGroup.eks("workers"), instance_types=["m6i.xlarge"], max_nodes=10)])'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        cluster: Label,
        region: NonEmpty,
        groups: Sequence[EksNodeGroup],
        kubernetes_version: NonEmpty | None = None,
    ) -> None:
        """Write the file.

        Args:
            scope: the Chart that the construct belongs to.
            id: the construct id.
            cluster: the name of the EKS cluster, ``metadata.name``. It is also the name of the file.
            region: its AWS region, ``metadata.region``, such as ``"eu-central-1"``.
            groups: the node groups. At least one.
            kubernetes_version: its Kubernetes version, ``metadata.version``, such as ``"1.34"``. Necessary only for
                ``eksctl create cluster``. Default: None.

        Raises:
            PlatformError: if a group has a label of EKS with another value than EKS will set.
        """
        found = checked(EksctlNodeGroups.__init__, locals())
        if not found:
            found += _group_rules(groups)
        super().__init__(scope, id, found)
        if self._sound:
            config = cluster_config(cluster, region, kubernetes_version, tuple(groups))
            self._emit({}, files={f"eksctl/{cluster}.yaml": values_text(config)})


def _group_rules(groups: Sequence[EksNodeGroup]) -> Iterator[Finding]:
    if not groups:
        yield Finding(
            rule="scheduling/no-pools",
            at="groups",
            problem="must contain at least one node group",
            seen="[]",
            fix='Use groups=[EksNodeGroup(group=NodeGroup.eks("workers"), instance_types=["m6i.xlarge"], max_nodes=10)]',
        )
    yield from same_names([each.group for each in groups], "groups")
    for index, each in enumerate(groups):
        group = each.group
        expected = {_NODE_GROUP: group.name, _CAPACITY: "SPOT" if group.spot else "ON_DEMAND"}
        for key, value in expected.items():
            if group.labels.get(key, value) != value:
                yield Finding(
                    rule="scheduling/foreign-label",
                    at=f"groups[{index}].group.labels.{key}",
                    problem=f"must be {value!r}, the value that EKS sets on nodes of this group",
                    seen=repr(group.labels[key]),
                    fix=f'Use NodeGroup.eks("{group.name}"{", spot=True" if group.spot else ""})',
                )
        for key in labels_of_domains(group, "karpenter.sh", "cloud.google.com", "kubernetes.azure.com"):
            yield Finding(
                rule="scheduling/foreign-label",
                at=f"groups[{index}].group.labels.{key}",
                problem="is a label that nodes of a managed node group do not have",
                seen=repr(group.labels[key]),
                fix=f'Use NodeGroup.eks("{group.name}")',
            )

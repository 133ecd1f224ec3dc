"""Node pools of Karpenter on AWS, from groups of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.autoscaling.node_pools import KarpenterPool
from cdk8s_airflow.model.node_group import ARCHITECTURE, ZONE, NodeGroup, NodeTaint
from cdk8s_airflow.validation.durations import seconds

CAPACITY_TYPE = "karpenter.sh/capacity-type"
NODE_POOL = "karpenter.sh/nodepool"
_CATEGORY = "karpenter.k8s.aws/instance-category"
_TYPE = "node.kubernetes.io/instance-type"
_DISCOVERY = "karpenter.sh/discovery"
_ARCHITECTURES = ("amd64", "arm64")


def node_class(name: str, cluster: str, role: str, ami: str) -> dict[str, Any]:
    """The EC2NodeClass: the image, role, subnets and security groups of all nodes."""
    discovered = [{"tags": {_DISCOVERY: cluster}}]
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": name},
        "spec": {
            "amiSelectorTerms": [{"alias": ami}],
            "role": role,
            "subnetSelectorTerms": discovered,
            "securityGroupSelectorTerms": discovered,
        },
    }


def node_pool(pool: KarpenterPool, class_name: str) -> dict[str, Any]:
    """The NodePool of a group of nodes: its nodes have the labels and taints that pods on the group select and tolerate."""
    group = pool.group
    labels = own_labels(group)
    template: dict[str, Any] = {
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": class_name},
            "requirements": list(_requirements(pool)),
        }
    }
    if labels:
        template["metadata"] = {"labels": labels}
    if group.taints:
        template["spec"]["taints"] = [taint(each) for each in group.taints]
    limits = {"cpu": pool.cpu_limit, **({} if pool.memory_limit is None else {"memory": pool.memory_limit})}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": group.name},
        "spec": {
            "template": template,
            "limits": limits,
            "disruption": {
                "consolidationPolicy": pool.consolidation,
                "consolidateAfter": f"{seconds(pool.consolidate_after)}s",
            },
        },
    }


def own_labels(group: NodeGroup) -> dict[str, str]:
    """Labels of a group that its NodePool must set, because neither Karpenter nor the kubelet does."""
    return {key: value for key, value in group.labels.items() if not _is_set_by_karpenter(key)}


def _is_set_by_karpenter(key: str) -> bool:
    return key in (CAPACITY_TYPE, NODE_POOL, ARCHITECTURE, ZONE)


def _requirements(pool: KarpenterPool) -> Iterator[dict[str, Any]]:
    group = pool.group
    architectures: Sequence[str] = _ARCHITECTURES if group.architecture is None else (group.architecture,)
    yield _in(CAPACITY_TYPE, ["spot" if group.spot else "on-demand"])
    yield _in(ARCHITECTURE, architectures)
    if group.zones:
        yield _in(ZONE, group.zones)
    if pool.instance_types:
        yield _in(_TYPE, pool.instance_types)
    else:
        yield _in(_CATEGORY, pool.instance_categories)


def _in(key: str, values: Sequence[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


def taint(given: NodeTaint) -> Mapping[str, str]:
    """A taint of a node."""
    made = {"key": given.key, "effect": given.effect}
    return made if given.value is None else {**made, "value": given.value}

"""A ClusterConfig of eksctl with managed node groups, from groups of nodes."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.autoscaling.node_pools import EksNodeGroup
from cdk8s_airflow.autoscaling.wire.karpenter import taint
from cdk8s_airflow.model.node_group import NodeGroup

_EKS = "eks.amazonaws.com/"


def cluster_config(
    cluster: str, region: str, kubernetes_version: str | None, groups: tuple[EksNodeGroup, ...]
) -> dict[str, Any]:
    """The ClusterConfig. Source: the schema of eksctl.io/v1alpha5."""
    metadata = {"name": cluster, "region": region}
    if kubernetes_version is not None:
        metadata["version"] = kubernetes_version
    return {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": metadata,
        "managedNodeGroups": [_node_group(each) for each in groups],
    }


def _node_group(given: EksNodeGroup) -> dict[str, Any]:
    group = given.group
    made: dict[str, Any] = {
        "name": group.name,
        "instanceTypes": list(given.instance_types),
        "minSize": given.min_nodes,
        "maxSize": given.max_nodes,
        "desiredCapacity": given.min_nodes,
        "privateNetworking": True,
        # Tags of the Auto Scaling group, from which Cluster Autoscaler learns labels and taints of a group without nodes.
        "propagateASGTags": True,
    }
    if group.spot:
        made["spot"] = True
    if labels := own_labels(group):
        made["labels"] = labels
    if group.taints:
        made["taints"] = [taint(each) for each in group.taints]
    if group.zones:
        made["availabilityZones"] = list(group.zones)
    return made


def own_labels(group: NodeGroup) -> dict[str, str]:
    """Labels of a group that eksctl must set; EKS sets those of its own domain."""
    return {key: value for key, value in group.labels.items() if not key.startswith(_EKS)}

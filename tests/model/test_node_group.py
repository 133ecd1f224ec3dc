"""Node groups: the placement that follows from labels, taints, zones and fallbacks."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.node_group import NodeGroup, NodeTaint
from cdk8s_airflow.model.placement import Placement, Toleration
from cdk8s_airflow.model.wire.placement import placement

WORKERS = NodeGroup(name="workers", labels={"workload": "airflow"}, taints=[NodeTaint(key="workload", value="airflow")])


def test_labels_become_a_node_selector_and_taints_tolerations() -> None:
    assert WORKERS.placement == Placement(
        node_selector={"workload": "airflow"},
        tolerations=(Toleration(key="workload", value="airflow", effect="NoSchedule"),),
    )


def test_architecture_and_zones_are_part_of_the_placement() -> None:
    group = NodeGroup(name="arm", labels={"pool": "arm"}, architecture="arm64", zones=["eu-central-1a"])
    assert placement(group.placement) == {
        "nodeSelector": {"pool": "arm", "kubernetes.io/arch": "arm64"},
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {
                                    "key": "topology.kubernetes.io/zone",
                                    "operator": "In",
                                    "values": ["eu-central-1a"],
                                }
                            ]
                        }
                    ]
                }
            }
        },
    }


def test_spot_is_preferred_and_the_fallback_allowed() -> None:
    spot = NodeGroup.karpenter("batch", spot=True, taints=[NodeTaint(key="spot", effect="NoSchedule")])
    made = spot.preferred_over(WORKERS)
    terms = [
        {
            "matchExpressions": [
                {"key": "karpenter.sh/nodepool", "operator": "In", "values": ["batch"]},
                {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
            ]
        },
        {"matchExpressions": [{"key": "workload", "operator": "In", "values": ["airflow"]}]},
    ]
    assert made.node_selector == {}
    assert made.tolerations == (
        Toleration(key="spot", effect="NoSchedule"),
        Toleration(key="workload", value="airflow", effect="NoSchedule"),
    )
    assert made.affinity == {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": terms[0]}],
        }
    }


@pytest.mark.parametrize(
    ("group", "labels", "taints"),
    [
        (NodeGroup.eks("core"), {"eks.amazonaws.com/nodegroup": "core"}, ()),
        (
            NodeGroup.eks("batch", spot=True),
            {"eks.amazonaws.com/nodegroup": "batch", "eks.amazonaws.com/capacityType": "SPOT"},
            (),
        ),
        (NodeGroup.karpenter("batch"), {"karpenter.sh/nodepool": "batch"}, ()),
        (
            NodeGroup.gke("gpu", spot=True, accelerator="nvidia-l4"),
            {
                "cloud.google.com/gke-nodepool": "gpu",
                "cloud.google.com/gke-spot": "true",
                "cloud.google.com/gke-accelerator": "nvidia-l4",
            },
            (NodeTaint(key="nvidia.com/gpu", value="present"),),
        ),
        (
            NodeGroup.aks("batch", spot=True, labels={"team": "data"}),
            {
                "kubernetes.azure.com/agentpool": "batch",
                "kubernetes.azure.com/scalesetpriority": "spot",
                "team": "data",
            },
            (NodeTaint(key="kubernetes.azure.com/scalesetpriority", value="spot"),),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, NodeGroup) else None,
)
def test_presets_have_the_labels_and_taints_of_the_cloud(
    group: NodeGroup, labels: dict[str, str], taints: tuple[NodeTaint, ...]
) -> None:
    assert (dict(group.labels), tuple(group.taints)) == (labels, taints)


def test_k3s_arguments_give_a_node_labels_and_taints() -> None:
    assert WORKERS.k3s_arguments == ("--node-label=workload=airflow", "--node-taint=workload=airflow:NoSchedule")


def test_group_without_labels_is_rejected() -> None:
    (finding,) = NodeGroup(name="any", labels={})._rules()
    assert (finding.rule, finding.at) == ("scheduling/node-group", "labels")

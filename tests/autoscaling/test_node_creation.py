"""Karpenter and eksctl create nodes with the labels and taints that pods on a group select and tolerate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from cdk8s_airflow import NodeGroup, NodeTaint, PlatformError
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.autoscaling import EksctlNodeGroups, EksNodeGroup, KarpenterNodes, KarpenterPool
from cdk8s_airflow.model.wire.placement import placement
from tests.making import emitted, new_chart
from tests.truth import assert_accepted

TAINT = NodeTaint(key="workload", value="airflow")
CORE = NodeGroup.karpenter("core", architecture="arm64", zones=["eu-central-1a"])
SPOT = NodeGroup.karpenter("spot", spot=True, taints=[TAINT, NodeTaint(key="batch")], labels={"team": "data"})
GPU = NodeGroup(name="gpu", labels={"workload": "gpu"}, taints=[NodeTaint(key="nvidia.com/gpu", value="true")])


def karpenter(**changes: Any) -> list[dict[str, Any]]:
    chart = new_chart()
    arguments: dict[str, Any] = {
        "cluster": "production",
        "role": "KarpenterNodeRole-production",
        "ami": "al2023@v20260801",
        "pools": [
            KarpenterPool(group=CORE, cpu_limit="32", memory_limit="128Gi"),
            KarpenterPool(group=SPOT, cpu_limit="100"),
            KarpenterPool(group=GPU, cpu_limit="16", instance_types=["g5.xlarge"]),
        ],
    }
    KarpenterNodes(chart, "nodes", **{**arguments, **changes})
    return emitted(chart)


def node_of(pool: dict[str, Any]) -> tuple[dict[str, set[str]], list[dict[str, str]]]:
    """The labels that nodes of a pool may have, and their taints, as Karpenter sets them."""
    template = pool["spec"]["template"]
    labels = {"karpenter.sh/nodepool": {pool["metadata"]["name"]}}
    labels |= {key: {value} for key, value in template.get("metadata", {}).get("labels", {}).items()}
    labels |= {each["key"]: set(each["values"]) for each in template["spec"]["requirements"]}
    return labels, template["spec"].get("taints", [])


def tolerates(tolerations: list[dict[str, str]], taint: dict[str, str]) -> bool:
    return any(
        each.get("key") == taint["key"]
        and each.get("effect") == taint["effect"]
        and (each["operator"] == "Exists" or each.get("value") == taint.get("value"))
        for each in tolerations
    )


def test_pods_of_each_group_fit_on_nodes_of_its_pool() -> None:
    manifests = karpenter()
    assert_accepted(manifests)
    pools = {each["metadata"]["name"]: each for each in manifests if each["kind"] == "NodePool"}
    for group in (CORE, SPOT, GPU):
        labels, taints = node_of(pools[group.name])
        pod = placement(group)
        assert all(value in labels[key] for key, value in pod["nodeSelector"].items()), group.name
        assert all(tolerates(pod.get("tolerations", []), each) for each in taints), group.name
        assert len(taints) == len(group.taints)
    assert node_of(pools["core"])[0]["topology.kubernetes.io/zone"] == {"eu-central-1a"}
    assert node_of(pools["core"])[0]["karpenter.sh/capacity-type"] == {"on-demand"}
    assert node_of(pools["gpu"])[0]["node.kubernetes.io/instance-type"] == {"g5.xlarge"}
    assert pools["core"]["spec"]["limits"] == {"cpu": "32", "memory": "128Gi"}
    assert pools["spot"]["spec"]["disruption"] == {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "300s"}


def test_all_pools_use_the_node_class() -> None:
    manifests = karpenter(name="batch")
    (node_class,) = [each for each in manifests if each["kind"] == "EC2NodeClass"]
    assert node_class["spec"]["amiSelectorTerms"] == [{"alias": "al2023@v20260801"}]
    assert node_class["spec"]["subnetSelectorTerms"] == [{"tags": {"karpenter.sh/discovery": "production"}}]
    names = {e["spec"]["template"]["spec"]["nodeClassRef"]["name"] for e in manifests if e["kind"] == "NodePool"}
    assert names == {node_class["metadata"]["name"]} == {"batch"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pools": []}, r"pools must contain"),
        ({"ami": "al2023@latest"}, r"ami must be an AMI alias"),
        ({"pools": [KarpenterPool(group=NodeGroup.eks("core"), cpu_limit="8")]}, r"NodeGroup\.karpenter\(\"core\"\)"),
        (
            {
                "pools": [
                    KarpenterPool(
                        group=NodeGroup(name="a", labels={"karpenter.sh/capacity-type": "spot"}), cpu_limit="8"
                    )
                ]
            },
            "must be 'on-demand'",
        ),
        (
            {"pools": [KarpenterPool(group=GPU, cpu_limit="8"), KarpenterPool(group=GPU, cpu_limit="8")]},
            "another group",
        ),
    ],
)
def test_pools_that_pods_would_not_fit_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PlatformError, match=message):
        karpenter(**changes)


EKSCTL = Draft7Validator(
    json.loads((Path(__file__).parents[1] / "truth/programs/eksctl.schema.json").read_text("utf-8"))
)
"""The schema that eksctl publishes."""


def eksctl(*groups: EksNodeGroup) -> dict[str, Any]:
    chart = new_chart()
    EksctlNodeGroups(chart, "nodes", cluster="production", region="eu-central-1", groups=groups)
    assert emitted(chart) == []
    files = registry_of(chart).files
    assert list(files) == ["eksctl/production.yaml"]
    config: dict[str, Any] = yaml.safe_load(files["eksctl/production.yaml"])
    assert [error.message for error in EKSCTL.iter_errors(config)] == []
    return config


def test_schema_of_eksctl_refuses_unknown_fields_and_other_types() -> None:
    config = eksctl(EksNodeGroup(group=NodeGroup.eks("workers"), instance_types=["m6i.xlarge"], max_nodes=2))
    (group,) = config["managedNodeGroups"]
    group |= {"instanceTypez": ["m6i.xlarge"], "minSize": "1"}
    assert len(list(EKSCTL.iter_errors(config))) == 2


def test_eksctl_gives_nodes_the_labels_and_taints_of_their_group() -> None:
    spot = NodeGroup.eks("spot", spot=True, taints=[TAINT], labels={"team": "data"}, zones=["eu-central-1a"])
    config = eksctl(EksNodeGroup(group=spot, instance_types=["m6i.xlarge", "m5.xlarge"], max_nodes=20))
    assert config["metadata"] == {"name": "production", "region": "eu-central-1"}
    assert config["managedNodeGroups"] == [
        {
            "name": "spot",
            "instanceTypes": ["m6i.xlarge", "m5.xlarge"],
            "minSize": 0,
            "maxSize": 20,
            "desiredCapacity": 0,
            "privateNetworking": True,
            "propagateASGTags": True,
            "spot": True,
            "labels": {"team": "data"},
            "taints": [{"key": "workload", "value": "airflow", "effect": "NoSchedule"}],
            "availabilityZones": ["eu-central-1a"],
        }
    ]
    set_by_eks = {"eks.amazonaws.com/nodegroup": "spot", "eks.amazonaws.com/capacityType": "SPOT"}
    assert placement(spot)["nodeSelector"] == {**set_by_eks, **config["managedNodeGroups"][0]["labels"]}


@pytest.mark.parametrize(
    "group",
    [NodeGroup.karpenter("core"), NodeGroup(name="a", labels={"eks.amazonaws.com/nodegroup": "b"})],
    ids=lambda group: str(group.name),
)
def test_group_whose_labels_eks_does_not_set_is_rejected(group: NodeGroup) -> None:
    with pytest.raises(PlatformError, match=rf'NodeGroup\.eks\("{group.name}"\)'):
        eksctl(EksNodeGroup(group=group, instance_types=["m6i.xlarge"], max_nodes=2))


def test_gcloud_arguments_leave_out_what_gke_sets_itself() -> None:
    gpu = NodeGroup.gke("gpu", spot=True, accelerator="nvidia-l4", taints=[TAINT], labels={"team": "ml"})
    assert gpu.gcloud_arguments == (
        "gpu",
        "--spot",
        "--accelerator=type=nvidia-l4,count=1",
        "--node-labels=team=ml",
        "--node-taints=workload=airflow:NoSchedule",
    )

"""Placement of pods in the form of Kubernetes fields."""

from __future__ import annotations

from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.wire.placement import placement, pod_selector


def test_placement_with_a_node_selector_keeps_the_architecture() -> None:
    assert placement(Placement(node_selector={"pool": "a"}), "arm64") == {
        "nodeSelector": {"kubernetes.io/arch": "arm64", "pool": "a"}
    }
    assert placement(Placement(), "arm64") == {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
    assert placement(Placement(node_selector={"kubernetes.io/arch": "amd64"}), "arm64") == {
        "nodeSelector": {"kubernetes.io/arch": "amd64"}
    }
    assert placement(Placement()) == {}


def test_pod_selector_excludes_labels() -> None:
    assert pod_selector({"a": "b"}) == {"matchLabels": {"a": "b"}}
    assert pod_selector({"a": "b"}, ["c"])["matchExpressions"] == [{"key": "c", "operator": "DoesNotExist"}]

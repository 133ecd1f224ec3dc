"""Access mode of a volume that several nodes write to, and its PersistentVolumeClaim."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.volume import Volume, shared_access_mode
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.validation import Finding
from tests.truth import assert_accepted

SHARED = ClusterFacts(rwx_classes=["longhorn"])
ONE_NODE = ClusterFacts(nodes=1)


@pytest.mark.parametrize(
    ("volume", "facts", "mode"),
    [
        (Volume("1Gi", storage_class="longhorn"), SHARED, "ReadWriteMany"),
        (Volume("1Gi", storage_class="longhorn"), ClusterFacts(rwx_classes={"longhorn"}, nodes=1), "ReadWriteMany"),
        (Volume("1Gi", access_mode="ReadWriteMany"), ClusterFacts(), "ReadWriteMany"),
        (Volume("1Gi", storage_class="longhorn", access_mode="ReadWriteOnce"), ONE_NODE, "ReadWriteOnce"),
        (Volume("1Gi"), ONE_NODE, "ReadWriteOnce"),
        (Volume("1Gi", storage_class="local-path"), ONE_NODE, "ReadWriteOnce"),
    ],
)
def test_shared_access_mode_is_supported_by_the_class(volume: Volume, facts: ClusterFacts, mode: str) -> None:
    assert shared_access_mode(volume, facts, "x") == mode


@pytest.mark.parametrize(
    ("volume", "facts", "rule"),
    [
        (Volume("1Gi"), ClusterFacts(), "storage/not-shared"),
        (Volume("1Gi"), ClusterFacts(nodes=3), "storage/not-shared"),
        (Volume("1Gi", storage_class="local-path"), SHARED, "storage/not-shared"),
        (Volume("1Gi", storage_class="longhorn", access_mode="ReadWriteOnce"), SHARED, "storage/one-node"),
    ],
)
def test_shared_access_mode_unknown_is_rejected(volume: Volume, facts: ClusterFacts, rule: str) -> None:
    found = shared_access_mode(volume, facts, "logs.volume")
    assert isinstance(found, Finding)
    assert (found.rule, found.at) == (rule, "logs.volume")


def test_claim_sets_the_storage_class_only_if_one_is_given() -> None:
    named = claim("a", "ns", Volume("5Gi", storage_class="fast"), "ReadWriteOnce", {"labels": {"x": "y"}})
    assert named == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "a", "namespace": "ns", "labels": {"x": "y"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
            "storageClassName": "fast",
        },
    }
    default = claim("b", "ns", Volume("5Gi"), "ReadWriteMany", {})
    assert "storageClassName" not in default["spec"]
    assert_accepted([named, default])

"""``ClusterFacts``: accepted values, and the properties derived from them."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.cluster_facts import NEWEST_KUBERNETES, OLDEST_KUBERNETES, ClusterFacts
from cdk8s_airflow.validation import check_value
from tests.truth import kinds


def test_every_fact_is_optional() -> None:
    facts = ClusterFacts()
    assert check_value(facts, ClusterFacts, "facts") == []
    assert (facts.kubernetes, facts.helm_controller, facts.cnpg, facts.crds, facts.nodes) == (None,) * 5
    assert facts.rwx_classes == frozenset()
    assert facts.cluster_domain == "cluster.local"


def test_supported_kubernetes_range_matches_the_schemas() -> None:
    assert (OLDEST_KUBERNETES, NEWEST_KUBERNETES) == (kinds.OLDEST_KUBERNETES, kinds.NEWEST_KUBERNETES)


@pytest.mark.parametrize(
    ("version", "retries"),
    [(None, False), ("0.15.99", False), ("0.16.17", False), ("0.16.24", False), ("0.16.25", True), ("0.16.30", True),
     ("0.17.0", False), ("0.17.5", False), ("0.17.6", True), ("0.18.0", True), ("1.0", True)],
)  # fmt: skip
def test_can_retry_releases_depends_on_the_helm_controller_version(version: str | None, retries: bool) -> None:
    assert ClusterFacts(helm_controller=version).can_retry_releases is retries


@pytest.mark.parametrize("version", ["1.30", "1.34", "1.34.2", "1.36"])
def test_supported_kubernetes_version_is_accepted(version: str) -> None:
    assert check_value(ClusterFacts(kubernetes=version), ClusterFacts, "facts") == []


@pytest.mark.parametrize("version", ["1.29", "1.37", "2.0", "1", "1.34+k3s1", "v1.34", "", "1.٣٤"])
def test_unsupported_kubernetes_version_is_rejected_once(version: str) -> None:
    (finding,) = check_value(ClusterFacts(kubernetes=version), ClusterFacts, "facts")
    assert finding.at == "facts.kubernetes"


@pytest.mark.parametrize(("version", "found"), [("1.25.9", 1), ("1.26", 0), ("1.30.0", 0)])
def test_cnpg_older_than_1_26_is_rejected(version: str, found: int) -> None:
    assert len(check_value(ClusterFacts(cnpg=version), ClusterFacts, "facts")) == found


@pytest.mark.parametrize("classes", [{"a"}, frozenset({"a"}), ["a"], ("a",)])
def test_rwx_classes_accepts_any_collection(classes: object) -> None:
    assert check_value(ClusterFacts(rwx_classes=classes), ClusterFacts, "facts") == []  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_architecture_is_amd64_or_arm64(architecture: str) -> None:
    assert check_value(ClusterFacts(architecture=architecture), ClusterFacts, "facts") == []  # type: ignore[arg-type]
    (finding,) = check_value(ClusterFacts(architecture=f"{architecture}v9"), ClusterFacts, "facts")  # type: ignore[arg-type]
    assert (finding.rule, finding.at) == ("argument/choice", "facts.architecture")

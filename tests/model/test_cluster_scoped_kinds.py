"""The list of cluster-scoped kinds agrees with the definitions of the custom resources."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from cdk8s_airflow.model.cluster_scoped_kinds import is_cluster_scoped

CUSTOM = [
    (fact["apiVersion"], fact["kind"], fact["scope"])
    for file in resources.files("cdk8s_airflow.schemas").joinpath("facts").iterdir()
    if file.name.startswith("crd-")
    for fact in [json.loads(file.read_text(encoding="utf-8"))]
]


@pytest.mark.parametrize(("api_version", "kind", "scope"), sorted(CUSTOM))
def test_custom_resources_are_scoped_as_their_definitions_say(api_version: str, kind: str, scope: str) -> None:
    assert is_cluster_scoped(api_version, kind) is (scope == "Cluster")


def test_facts_of_both_scopes_were_read() -> None:
    assert {scope for _, _, scope in CUSTOM} == {"Cluster", "Namespaced"}


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "Secret"),
        ("apps/v1", "Deployment"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("example.com/v1", "Namespace"),
    ],
)
def test_kinds_with_a_namespace_and_unknown_kinds_count_as_namespaced(api_version: str, kind: str) -> None:
    assert not is_cluster_scoped(api_version, kind)


def test_every_version_of_a_group_counts() -> None:
    assert is_cluster_scoped("storage.k8s.io/v1beta1", "VolumeAttributesClass")

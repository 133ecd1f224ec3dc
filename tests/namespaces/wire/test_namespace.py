"""A namespace as Kubernetes reads it."""

from __future__ import annotations

import pytest

from cdk8s_airflow.namespaces.wire.namespace import default_deny_manifest, namespace_manifest
from tests.truth import assert_accepted


@pytest.mark.parametrize("level", ["restricted", "baseline", "privileged"])
def test_a_namespace_enforces_its_level_and_is_kept(level: str) -> None:
    manifest = namespace_manifest("lab", level, {"team": "data"}, {"a/b": "c"})
    assert manifest == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "lab",
            "labels": {
                "cdk8s-airflow/holds-state": "true",
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": level,
                "team": "data",
            },
            "annotations": {
                "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
                "helm.sh/resource-policy": "keep",
                "kustomize.toolkit.fluxcd.io/prune": "disabled",
                "a/b": "c",
            },
        },
    }
    assert_accepted([manifest])


def test_the_policy_of_a_default_deny_selects_every_pod_and_allows_nothing() -> None:
    manifest = default_deny_manifest("lab")
    assert manifest == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": "lab"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    assert_accepted([manifest])

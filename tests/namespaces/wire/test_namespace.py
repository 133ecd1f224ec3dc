"""The manifests of a namespace."""

from __future__ import annotations

import pytest

from cdk8s_airflow.namespaces.wire.namespace import default_deny_manifest, namespace_manifest
from tests.truth import assert_accepted


@pytest.mark.parametrize("level", ["restricted", "baseline", "privileged"])
def test_namespace_has_pod_security_labels_and_is_excluded_from_pruning(level: str) -> None:
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


def test_default_deny_selects_every_pod_and_allows_nothing() -> None:
    manifest = default_deny_manifest("lab")
    assert manifest == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": "lab"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    assert_accepted([manifest])

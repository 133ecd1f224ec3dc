"""Manifests of namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model.pruning import state_metadata


def namespace_manifest(
    name: str, pod_security: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """The Namespace object. Source of the labels: Kubernetes Pod Security admission."""
    state = state_metadata()
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                **state["labels"],
                "pod-security.kubernetes.io/enforce": pod_security,
                "pod-security.kubernetes.io/warn": pod_security,
                **labels,
            },
            "annotations": {**state["annotations"], **annotations},
        },
    }


def default_deny_manifest(namespace: str) -> dict[str, Any]:
    """The policy that selects every pod of a namespace and denies all traffic in both directions."""

    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }

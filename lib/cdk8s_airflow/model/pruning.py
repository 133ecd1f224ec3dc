"""Marks on objects that hold state, so that no delivery tool prunes them when a file changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATE_LABEL = "cdk8s-airflow/holds-state"
"""The label by which ``kubectl delete -l '!cdk8s-airflow/holds-state' -f dist/`` leaves data alone."""


def state_metadata() -> Mapping[str, Any]:
    """Label and annotations for an object whose deletion loses data.

    Argo CD reads ``sync-options`` (Prune, Delete), Flux ``prune``, Helm ``resource-policy``; kubectl can select by the label.
    """
    return {
        "labels": {STATE_LABEL: "true"},
        "annotations": {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }

"""Label and annotations that keep delivery tools from pruning objects that hold state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATE_LABEL = "cdk8s-airflow/holds-state"
"""``kubectl delete -l '!cdk8s-airflow/holds-state' -f dist/`` deletes everything except the objects with this label."""


def state_metadata() -> Mapping[str, Any]:
    """The label and annotations of an object whose deletion loses data.

    Argo CD reads ``sync-options`` (Prune, Delete), Flux reads ``prune``, Helm reads ``resource-policy``; kubectl
    selects by label.
    """
    return {
        "labels": {STATE_LABEL: "true"},
        "annotations": {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }

"""An Application as Argo CD reads it, and the values that make its sync come to an end."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts

_HOOK = "argocd.argoproj.io/hook"
_HOOK_POLICY = "argocd.argoproj.io/hook-delete-policy"
_CASCADE = "resources-finalizer.argocd.argoproj.io"

SYNC_OPTIONS = ("CreateNamespace=false", "ServerSideApply=true", "RespectIgnoreDifferences=true")
"""The namespace is declared elsewhere; large objects do not fit client-side apply; what drifts is left alone."""

DRIFT = {
    "group": "apps",
    "kind": "StatefulSet",
    "jqPathExpressions": [f".spec.volumeClaimTemplates[]?.{field}" for field in ("apiVersion", "kind", "status")],
}
"""What the API server writes into claim templates, and the chart does not."""


def sync_hook(phase: str) -> dict[str, Any]:
    """Values of a Job of the chart that make it a hook of Argo CD's sync instead of Helm's install.

    A hook is replaced at each sync, so a changed Job meets no immutable one, and a finished one may be gone. It stays until
    then, so that its log can be read.

    Args:
        phase: ``Sync``, together with the other objects; ``PostSync``, when all of them are healthy.
    """
    return {"useHelmHooks": False, "jobAnnotations": {_HOOK: phase, _HOOK_POLICY: "BeforeHookCreation"}}


def argo_objects(delivery: ArgoApplication, release: Release, facts: ClusterFacts) -> Delivered:
    """The Application. Its values are text: cdk8s would leave None out of an object."""
    source = delivery.source
    policy: Manifest = {
        "syncOptions": list(SYNC_OPTIONS),
        "retry": {
            "limit": delivery.retries,
            "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"},
        },
    }
    if delivery.automated is not None:
        policy["automated"] = {"prune": delivery.automated.prune, "selfHeal": delivery.automated.self_heal}
    metadata: Manifest = {"name": release.name, "namespace": delivery.namespace}
    if delivery.on_delete == "delete":
        metadata["finalizers"] = [_CASCADE]
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {
            "project": delivery.project,
            "source": {
                "repoURL": argo_repository(delivery),
                "chart": source.chart,
                "targetRevision": release.chart_version,
                "helm": {"releaseName": release.name, "values": release.text},
            },
            "destination": {"server": delivery.server, "namespace": release.namespace},
            "syncPolicy": policy,
            "ignoreDifferences": [DRIFT],
        },
    }
    # Without the finalizer the Application leaves what it has installed, and the deletion of the namespace takes that.
    cascades = delivery.on_delete == "delete"
    return Delivered(
        objects={"release": manifest},
        notes=(argo_way_out(delivery, release),),
        removal=(f"kubectl -n {delivery.namespace} delete application {release.name}",) if cascades else (),
    )


def argo_repository(delivery: ArgoApplication) -> str:
    """The repository as Argo CD writes it: a registry of charts without its scheme."""
    return delivery.source.repository.removeprefix("oci://")


def argo_way_out(delivery: ArgoApplication, release: Release) -> str:
    """What starts a sync anew. An operation knows nothing of the Application's own options, so it has them all."""
    prune = "true" if delivery.automated is not None and delivery.automated.prune else "false"
    options = ",".join(f'"{option}"' for option in SYNC_OPTIONS)
    return (
        f"If release {release.name} has failed: mend the cause, then\n"
        f"  kubectl -n {delivery.namespace} patch application {release.name} --type merge "
        f'-p \'{{"operation":{{"sync":{{"prune":{prune},"syncOptions":[{options}]}}}}}}\''
    )

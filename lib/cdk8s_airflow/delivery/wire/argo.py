"""The Argo CD Application, and the chart values that a sync requires."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts

_HOOK = "argocd.argoproj.io/hook"
_HOOK_POLICY = "argocd.argoproj.io/hook-delete-policy"
_CASCADE = "resources-finalizer.argocd.argoproj.io"

SYNC_OPTIONS = ("CreateNamespace=false", "ServerSideApply=true", "RespectIgnoreDifferences=true")
"""The namespace is created elsewhere, large objects exceed client-side apply, and ignored differences are not
synced."""

DRIFT = {
    "group": "apps",
    "kind": "StatefulSet",
    "jqPathExpressions": [f".spec.volumeClaimTemplates[]?.{field}" for field in ("apiVersion", "kind", "status")],
}
"""Fields that the API server adds to volume claim templates."""


def sync_hook(phase: str) -> dict[str, Any]:
    """Chart values that turn a Job of the chart into a hook of the Argo CD sync instead of a Helm hook.

    The hook is replaced at each sync: a changed Job does not conflict with the existing immutable one, and a finished
    Job may be deleted. It is kept until then, so that its log can be read.

    Args:
        phase: ``Sync``, together with the other objects; ``PostSync``, after all of them are healthy.
    """
    return {"useHelmHooks": False, "jobAnnotations": {_HOOK: phase, _HOOK_POLICY: "BeforeHookCreation"}}


def argo_objects(delivery: ArgoApplication, release: Release, facts: ClusterFacts) -> Delivered:
    """The Application. Its values are a string, because cdk8s removes None from objects."""
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
    # Without the finalizer, deleting the Application keeps its objects; deleting the namespace removes them.
    cascades = delivery.on_delete == "delete"
    return Delivered(
        objects={"release": manifest},
        notes=(argo_recovery(delivery, release),),
        removal=(f"kubectl -n {delivery.namespace} delete application {release.name}",) if cascades else (),
    )


def argo_repository(delivery: ArgoApplication) -> str:
    """The repository in the form of Argo CD: a registry without its scheme."""
    return delivery.source.repository.removeprefix("oci://")


def argo_recovery(delivery: ArgoApplication, release: Release) -> str:
    """The command that starts a new sync. It repeats the sync options, because an operation does not use the
    Application's.
    """
    prune = "true" if delivery.automated is not None and delivery.automated.prune else "false"
    options = ",".join(f'"{option}"' for option in SYNC_OPTIONS)
    return (
        f"If release {release.name} has failed, fix the cause, then run:\n"
        f"  kubectl -n {delivery.namespace} patch application {release.name} --type merge "
        f'-p \'{{"operation":{{"sync":{{"prune":{prune},"syncOptions":[{options}]}}}}}}\''
    )

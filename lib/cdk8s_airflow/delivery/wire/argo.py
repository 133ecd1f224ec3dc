"""The Argo CD Application, and the chart values that a sync requires."""

from __future__ import annotations

import json
from typing import Any

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts

_HOOK = "argocd.argoproj.io/hook"
_HOOK_POLICY = "argocd.argoproj.io/hook-delete-policy"
_PHASE = "/status/operationState/phase"
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
    # Argo CD removes what is 0 or false when it writes the Application, and the next apply would add it again.
    retry: Manifest = {"backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}}
    if delivery.retries:
        retry["limit"] = delivery.retries
    policy: Manifest = {"syncOptions": list(SYNC_OPTIONS), "retry": retry}
    if delivery.automated is not None:
        switches = {"prune": delivery.automated.prune, "selfHeal": delivery.automated.self_heal}
        policy["automated"] = {field: True for field, on in switches.items() if on}
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
    return Delivered(
        objects={"release": manifest}, notes=(argo_recovery(delivery, release),), removal=(_removal(delivery, release),)
    )


def argo_repository(delivery: ArgoApplication) -> str:
    """The repository in the form of Argo CD: a registry without its scheme."""
    return delivery.source.repository.removeprefix("oci://")


def argo_recovery(delivery: ArgoApplication, release: Release) -> str:
    """The command that starts a new sync, also in place of one that is running or will be retried.

    It repeats the sync options, because an operation does not use the Application's. It removes what a sync in progress
    has in ``operation``, such as the source with its values, and the results of the last sync: without this, Argo CD adds
    the new sync to them, and takes the failed migration for its own.
    """
    prune = delivery.automated is not None and delivery.automated.prune
    sync = {"prune": prune, "syncOptions": SYNC_OPTIONS, "resources": None, "revision": None, "source": None}
    patch = {
        "operation": {"initiatedBy": None, "retry": None, "sync": sync},
        "status": {"operationState": None},
    }
    return (
        f"If release {release.name} has failed, or its sync does not end, fix the cause, then run:\n"
        f"  kubectl -n {delivery.namespace} patch application {release.name} --type merge "
        f"-p '{json.dumps(patch, separators=(',', ':'))}'"
    )


def _removal(delivery: ArgoApplication, release: Release) -> str:
    """The command that deletes the Application, also while a sync is running or will be retried.

    A sync waits for its hooks without a limit: a migration Job whose image cannot be pulled neither succeeds nor fails. Until
    the sync and its retries have ended, Argo CD does not finish a deletion. Without the sync, the finalizer of its hook would
    remain, and the namespace could not be deleted. Stopping the sync deletes the hook. The first patch fails if no sync is
    running. It also turns automated syncs off, because a changed Application would be synced again at once.
    """
    application = f"kubectl -n {delivery.namespace} %s application {release.name}"
    stop = [
        {"op": "test", "path": _PHASE, "value": "Running"},
        {"op": "replace", "path": _PHASE, "value": "Terminating"},
    ]
    if delivery.automated is not None:
        stop.append({"op": "remove", "path": "/spec/syncPolicy/automated"})
    return (
        f"{application % 'patch'} --type json -p '{json.dumps(stop, separators=(',', ':'))}' 2>/dev/null && "
        f"{application % 'wait'} --for=jsonpath='{{.status.operationState.phase}}'=Failed --timeout=2m; "
        f"{application % 'delete'}"
    )

"""Delivery with Argo CD."""

from __future__ import annotations

import json
import shlex
from typing import Literal

import pytest

from cdk8s_airflow.delivery.argo import ArgoApplication, AutomatedSync
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.wire.argo import sync_hook
from tests.delivery.wire.samples import TEXT, delivered, spec

OPTIONS = ["CreateNamespace=false", "ServerSideApply=true", "RespectIgnoreDifferences=true"]


def test_defaults() -> None:
    result = delivered(ArgoApplication())
    assert list(result.objects) == ["release"]
    assert result.objects["release"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "lab", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://airflow.apache.org",
                "chart": "airflow",
                "targetRevision": "1.22.0",
                "helm": {"releaseName": "lab", "values": TEXT},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "airflow-lab"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": OPTIONS,
                "retry": {"limit": 5, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}},
            },
            "ignoreDifferences": [
                {
                    "group": "apps",
                    "kind": "StatefulSet",
                    "jqPathExpressions": [
                        ".spec.volumeClaimTemplates[]?.apiVersion",
                        ".spec.volumeClaimTemplates[]?.kind",
                        ".spec.volumeClaimTemplates[]?.status",
                    ],
                }
            ],
        },
    }


def test_all_settings() -> None:
    result = delivered(
        ArgoApplication(
            namespace="gitops",
            project="data",
            server="https://10.0.0.5:6443",
            automated=AutomatedSync(prune=False, self_heal=True),
            retries=0,
            on_delete="delete",
        )
    )
    manifest = result.objects["release"]
    assert manifest["metadata"] == {
        "name": "lab",
        "namespace": "gitops",
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }
    assert manifest["spec"]["project"] == "data"
    assert manifest["spec"]["destination"]["server"] == "https://10.0.0.5:6443"
    assert manifest["spec"]["syncPolicy"]["automated"] == {"selfHeal": True}
    assert "limit" not in manifest["spec"]["syncPolicy"]["retry"]


def test_sync_policy_has_no_field_that_argo_cd_removes() -> None:
    """Argo CD removes what is 0 or false, and the next apply would add it again."""
    policy = spec(ArgoApplication(retries=0, automated=AutomatedSync(prune=False, self_heal=False)))["syncPolicy"]
    assert policy == {
        "automated": {},
        "syncOptions": OPTIONS,
        "retry": {"backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}},
    }


def test_automated_none_writes_no_automated_sync() -> None:
    assert "automated" not in spec(ArgoApplication(automated=None))["syncPolicy"]


def test_on_delete_defaults_to_keep() -> None:
    assert "finalizers" not in delivered(ArgoApplication()).objects["release"]["metadata"]


def test_oci_repository_is_written_without_its_scheme() -> None:
    source = spec(ArgoApplication(source=ChartSource.oci("oci://registry.lab/charts/airflow")))["source"]
    assert (source["repoURL"], source["chart"]) == ("registry.lab/charts", "airflow")


def test_sync_hook_is_an_argo_hook_and_not_a_helm_hook() -> None:
    assert sync_hook("Sync") == {
        "useHelmHooks": False,
        "jobAnnotations": {
            "argocd.argoproj.io/hook": "Sync",
            "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
        },
    }


@pytest.mark.parametrize(
    ("automated", "prune"),
    [
        (AutomatedSync(prune=True, self_heal=False), True),
        (AutomatedSync(prune=False, self_heal=True), False),
        (None, False),
    ],
)
def test_recovery_syncs_with_the_same_options(automated: AutomatedSync | None, prune: bool) -> None:
    (note,) = delivered(ArgoApplication(automated=automated)).notes
    first, command = note.splitlines()
    assert first == "If release lab has failed, or its sync does not end, fix the cause, then run:"
    *arguments, patch = shlex.split(command)
    assert arguments == ["kubectl", "-n", "argocd", "patch", "application", "lab", "--type", "merge", "-p"]
    sync = json.loads(patch)["operation"]["sync"]
    assert {key: value for key, value in sync.items() if value is not None} == {"prune": prune, "syncOptions": OPTIONS}


def test_recovery_removes_the_rest_of_the_last_sync() -> None:
    """Otherwise Argo CD would sync the old values, and take the result of the failed migration for that of the new one."""
    (note,) = delivered(ArgoApplication()).notes
    patch = json.loads(shlex.split(note)[-1])
    assert patch["status"] == {"operationState": None}
    assert [key for key, value in patch["operation"].items() if value is None] == ["initiatedBy", "retry"]
    assert [key for key, value in patch["operation"]["sync"].items() if value is None] == [
        "resources",
        "revision",
        "source",
    ]


@pytest.mark.parametrize("automated", [AutomatedSync(prune=True, self_heal=True), None])
@pytest.mark.parametrize("on_delete", ["keep", "delete"])
def test_removal_first_stops_a_sync_that_is_running(
    on_delete: Literal["keep", "delete"], automated: AutomatedSync | None
) -> None:
    """Argo CD does not finish a deletion until the sync has ended. Where none is running, the test in the patch fails."""
    (removal,) = delivered(ArgoApplication(on_delete=on_delete, automated=automated)).removal
    stop, _, delete = removal.partition("; ")
    stop, _, wait = stop.partition(" 2>/dev/null && ")
    kubectl = ["kubectl", "-n", "argocd"]
    *command, patch = shlex.split(stop)
    assert command == [*kubectl, "patch", "application", "lab", "--type", "json", "-p"]
    no_new_sync = [] if automated is None else [{"op": "remove", "path": "/spec/syncPolicy/automated"}]
    assert json.loads(patch) == [
        {"op": "test", "path": "/status/operationState/phase", "value": "Running"},
        {"op": "replace", "path": "/status/operationState/phase", "value": "Terminating"},
        *no_new_sync,
    ]
    phase = "--for=jsonpath={.status.operationState.phase}=Failed"
    assert shlex.split(wait) == [*kubectl, "wait", "application", "lab", phase, "--timeout=2m"]
    assert shlex.split(delete) == [*kubectl, "delete", "application", "lab"]

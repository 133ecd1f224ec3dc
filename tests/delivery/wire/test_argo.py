"""Delivery with Argo CD."""

from __future__ import annotations

import json
import shlex

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
    assert manifest["spec"]["syncPolicy"]["automated"] == {"prune": False, "selfHeal": True}
    assert manifest["spec"]["syncPolicy"]["retry"]["limit"] == 0


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
    *command, patch = shlex.split(note.splitlines()[1])
    assert command == ["kubectl", "-n", "argocd", "patch", "application", "lab", "--type", "merge", "-p"]
    assert json.loads(patch) == {"operation": {"sync": {"prune": prune, "syncOptions": OPTIONS}}}

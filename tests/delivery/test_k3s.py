"""The delivery by a HelmChart object."""

from __future__ import annotations

import pytest

from cdk8s_airflow.checks import check_value
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.pruning import STATE_LABEL, state_metadata
from cdk8s_airflow.delivery.wire import helm_chart, way_out
from tests.truth import assert_accepted


def wire(delivery: K3sHelmChart, *, can_retry: bool = False) -> dict[str, object]:
    return helm_chart(
        delivery,
        release="lab",
        target_namespace="airflow-lab",
        chart_version="1.22.0",
        values="a: 1\n",
        can_retry=can_retry,
    )


def test_defaults() -> None:
    manifest = wire(K3sHelmChart())
    assert manifest == {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": "lab", "namespace": "kube-system"},
        "spec": {
            "chart": "airflow",
            "repo": "https://airflow.apache.org",
            "version": "1.22.0",
            "targetNamespace": "airflow-lab",
            "timeout": "30m",
            "failurePolicy": "abort",
            "valuesContent": "a: 1\n",
        },
    }
    assert_accepted([manifest])


@pytest.mark.parametrize(
    ("policy", "can_retry", "written"),
    [(None, False, "abort"), (None, True, "retry"), ("abort", True, "abort"), ("reinstall", False, "reinstall")],
)
def test_the_failure_policy_is_careful_and_never_reinstalls_by_itself(
    policy: str, can_retry: bool, written: str
) -> None:
    manifest = wire(K3sHelmChart(failure_policy=policy, namespace="helm", timeout="1h"), can_retry=can_retry)  # type: ignore[arg-type]
    assert manifest["spec"]["failurePolicy"] == written  # type: ignore[index]
    assert manifest["spec"]["timeout"] == "1h"  # type: ignore[index]
    assert manifest["metadata"] == {"name": "lab", "namespace": "helm"}
    assert_accepted([manifest])


@pytest.mark.parametrize(("timeout", "found"), [("10m", 0), ("9m59s", 1), ("600s", 0), ("24h", 0)])
def test_a_timeout_leaves_time_for_images_and_a_database(timeout: str, found: int) -> None:
    assert len(check_value(K3sHelmChart(timeout=timeout), K3sHelmChart, "delivery")) == found


def test_the_way_out_of_a_failed_release_forgets_the_failure_and_starts_the_job_anew() -> None:
    assert way_out("lab", "airflow-lab", K3sHelmChart(namespace="helm")) == (
        "kubectl -n airflow-lab delete secret -l owner=helm,name=lab,status=failed && "
        "kubectl -n helm delete pod -l job-name=helm-install-lab"
    )


def test_what_holds_state_is_marked_for_every_tool_that_prunes() -> None:
    assert state_metadata() == {
        "labels": {STATE_LABEL: "true"},
        "annotations": {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }

"""Deliveries as their controllers read them."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.delivery.k3s import K3sHelmChart

CHART_REPOSITORY = "https://airflow.apache.org"
"""Where the official chart is published."""


def helm_chart(
    delivery: K3sHelmChart, *, release: str, target_namespace: str, chart_version: str, values: str, can_retry: bool
) -> dict[str, Any]:
    """The HelmChart object. Source: ``spec`` of helm.cattle.io/v1.

    Values travel as text: a structured ``values`` field would be dropped in silence by every k3s older than 1.35.4.
    """
    return {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": release, "namespace": delivery.namespace},
        "spec": {
            "chart": "airflow",
            "repo": CHART_REPOSITORY,
            "version": chart_version,
            "targetNamespace": target_namespace,
            "timeout": delivery.timeout,
            "failurePolicy": delivery.failure_policy or ("retry" if can_retry else "abort"),
            "valuesContent": values,
        },
    }


def way_out(release: str, namespace: str, delivery: K3sHelmChart) -> str:
    """What to run when a release has failed and the cause is mended.

    Helm keeps the state of a release in Secrets it labels. Without the record of the failure, the latest good revision
    counts again (or none, after a first install), and the controller's Job goes on by itself.
    """
    return (
        f"kubectl -n {namespace} delete secret -l owner=helm,name={release},status=failed && "
        f"kubectl -n {delivery.namespace} delete pod -l job-name=helm-install-{release}"
    )

"""The Flux HelmRelease and the objects it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.controller_versions import FLUX_RETRIES, supports
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.versions import range_text

_INDEX_INTERVAL = "1h"
_NO_SUBSTITUTION = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}


def flux_objects(delivery: FluxRelease, release: Release, facts: ClusterFacts) -> Delivered:
    """The HelmRepository, the ConfigMap with the values, and the HelmRelease.

    An OCI registry is a HelmRepository too: with an OCIRepository, Flux appends a digest to the chart version, the
    Airflow chart writes the version into labels, and the ``+`` is invalid there.

    The values are a string in a ConfigMap, so that None reaches Helm. The key in the ConfigMap contains a digest of the
    values: the HelmRelease changes with its values, so Flux acts immediately and never combines new values with an old
    chart version.
    """
    text_key = f"values-{digest(release.text, 12)}.yaml"
    values_name = f"{release.name}-values"
    return Delivered(
        objects={
            "repository": _repository(delivery, release),
            "values": {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": values_name,
                    "namespace": delivery.namespace,
                    "annotations": dict(_NO_SUBSTITUTION),
                },
                "data": {text_key: release.text},
            },
            "release": {
                "apiVersion": "helm.toolkit.fluxcd.io/v2",
                "kind": "HelmRelease",
                "metadata": {"name": release.name, "namespace": delivery.namespace},
                "spec": _spec(delivery, release, facts, {"name": values_name, "valuesKey": text_key}),
            },
        },
        notes=(flux_recovery(delivery, release),),
        removal=(f"kubectl -n {delivery.namespace} delete helmrelease {release.name}",),
    )


def _repository(delivery: FluxRelease, release: Release) -> Manifest:
    source = delivery.source
    spec: Manifest = {"interval": _INDEX_INTERVAL, "url": source.repository}
    if source.is_oci:
        spec["type"] = "oci"
    if source.credentials is not None:
        spec["secretRef"] = {"name": source.credentials.name}
    if source.ca is not None:
        spec["certSecretRef"] = {"name": source.ca.name}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": {"name": release.name, "namespace": delivery.namespace},
        "spec": spec,
    }


def _spec(delivery: FluxRelease, release: Release, facts: ClusterFacts, values: dict[str, str]) -> dict[str, Any]:
    retries = delivery.failure_policy == "retry" or (
        delivery.failure_policy is None and supports(FLUX_RETRIES, facts.flux)
    )
    after_failure: dict[str, Any] = (
        {"strategy": {"name": "RetryOnFailure", "retryInterval": delivery.retry_interval}}
        if retries
        else {"remediation": {"retries": 0, "remediateLastFailure": False}}
    )
    # Flux would wait for pods that wait for the migration, and Helm runs the migration hook after that wait.
    action = {"disableWait": True, "disableWaitForJobs": True, **after_failure}
    spec: dict[str, Any] = {
        "releaseName": release.name,
        "targetNamespace": release.namespace,
        "storageNamespace": release.namespace,
        "interval": delivery.interval,
        "timeout": delivery.timeout,
        "chart": {
            "spec": {
                "chart": delivery.source.chart,
                "version": release.chart_version,
                "sourceRef": {"kind": "HelmRepository", "name": release.name},
            }
        },
        "install": {"createNamespace": False, **action},
        "upgrade": action,
        "valuesFrom": [{"kind": "ConfigMap", **values}],
    }
    if delivery.service_account is not None:
        spec["serviceAccountName"] = delivery.service_account
    return spec


def flux_recovery(delivery: FluxRelease, release: Release) -> str:
    """The command that makes Flux upgrade a failed release again: it resets the failure count and requests a
    reconciliation.
    """
    return (
        f"If release {release.name} has failed, fix the cause, then run:\n"
        f"  NOW=$(date +%s) && kubectl -n {delivery.namespace} annotate helmrelease {release.name} --overwrite "
        'reconcile.fluxcd.io/requestedAt="$NOW" reconcile.fluxcd.io/resetAt="$NOW"'
    )


def flux_rules(delivery: FluxRelease, facts: ClusterFacts) -> Iterator[Finding]:
    """Check that the Flux version supports ``failure_policy="retry"``."""
    if delivery.failure_policy == "retry" and not supports(FLUX_RETRIES, facts.flux):
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem=f"requires Flux {range_text(FLUX_RETRIES)}; older versions reject the object",
            seen=repr(facts.flux),
            fix='Set ClusterFacts(flux="2.7") to the version in the cluster, or remove failure_policy=',
        )

"""A HelmRelease with what it refers to, as Flux reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.controller_versions import FLUX_RETRIES, has, told
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding

_INDEX_INTERVAL = "1h"
_NO_SUBSTITUTION = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}


def flux_objects(delivery: FluxRelease, release: Release, facts: ClusterFacts) -> Delivered:
    """HelmRepository, ConfigMap with the values, HelmRelease.

    The repository is a HelmRepository for a registry too: with an OCIRepository Flux adds a digest to the version of the
    chart, which Airflow's chart writes into labels, where the ``+`` is refused.

    Values are text in a ConfigMap, so that None reaches Helm. The key there is made from the text: the HelmRelease changes
    with its values, so Flux acts at once, and never puts new values to an old version of the chart or the other way round.
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
        notes=(flux_way_out(delivery, release),),
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
    retries = delivery.failure_policy == "retry" or (delivery.failure_policy is None and has(FLUX_RETRIES, facts.flux))
    after_failure: dict[str, Any] = (
        {"strategy": {"name": "RetryOnFailure", "retryInterval": delivery.retry_interval}}
        if retries
        else {"remediation": {"retries": 0, "remediateLastFailure": False}}
    )
    # Waiting would be for pods that wait for the migration, which Helm runs after the wait.
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


def flux_way_out(delivery: FluxRelease, release: Release) -> str:
    """What makes Flux upgrade a failed release again: it forgets its count of failures, and is asked to look."""
    return (
        f"If release {release.name} has failed: mend the cause, then\n"
        f"  NOW=$(date +%s) && kubectl -n {delivery.namespace} annotate helmrelease {release.name} --overwrite "
        'reconcile.fluxcd.io/requestedAt="$NOW" reconcile.fluxcd.io/resetAt="$NOW"'
    )


def flux_rules(delivery: FluxRelease, facts: ClusterFacts) -> Iterator[Finding]:
    """Whether the cluster's Flux can retry."""
    if delivery.failure_policy == "retry" and not has(FLUX_RETRIES, facts.flux):
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem=f"needs Flux {told(FLUX_RETRIES)}, and older ones refuse the object",
            seen=repr(facts.flux),
            fix='say ClusterFacts(flux="...") if yours is new enough, or leave it out',
        )

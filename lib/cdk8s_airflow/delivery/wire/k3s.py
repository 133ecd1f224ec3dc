"""The HelmChart object of the helm-controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.controller_versions import HELM_CONTROLLER, OLDEST_BUNDLED, supports
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, PullSecret
from cdk8s_airflow.text.documents import steps_below
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.versions import range_text


def k3s_objects(delivery: K3sHelmChart, release: Release, facts: ClusterFacts) -> Delivered:
    """The HelmChart object. Source: ``spec`` of helm.cattle.io/v1.

    By default the values are a string: every k3s older than 1.35.4 ignores the structured ``values`` field.
    """
    spec: Manifest = {
        **_chart(delivery),
        "version": release.chart_version,
        "targetNamespace": release.namespace,
        "timeout": delivery.timeout,
        "failurePolicy": delivery.failure_policy or ("retry" if facts.can_retry_releases else "abort"),
    }
    if delivery.values == "text":
        spec["valuesContent"] = release.text
    else:
        spec["values"] = dict(release.values)
    for field, value in (
        ("forceConflicts", delivery.force_conflicts),
        ("takeOwnership", delivery.take_ownership),
        ("jobImage", delivery.job_image),
    ):
        if value:
            spec[field] = value
    if delivery.backoff_limit is not None:
        spec["backOffLimit"] = delivery.backoff_limit
    manifest = {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": release.name, "namespace": delivery.namespace},
        "spec": spec,
    }
    return Delivered(
        objects={"release": manifest},
        notes=(k3s_recovery(delivery, release),),
        removal=(f"kubectl -n {delivery.namespace} delete helmchart {release.name}",),
    )


def _chart(delivery: K3sHelmChart) -> dict[str, Any]:
    source = delivery.source
    chart: dict[str, Any] = {"chart": source.url.rstrip("/")}
    if not source.is_oci:
        chart = {"chart": source.chart, "repo": source.repository}
    if source.credentials is not None:
        field = "authSecret" if isinstance(source.credentials, BasicAuthSecret) else "dockerRegistrySecret"
        chart[field] = {"name": source.credentials.name}
    if source.ca is not None:
        chart["repoCAConfigMap"] = {"name": source.ca.name}
    return chart


def k3s_recovery(delivery: K3sHelmChart, release: Release) -> str:
    """The commands to run after a release has failed and the cause is fixed.

    Helm stores the state of a release in labelled Secrets. Without the Secret of the failed revision, Helm continues
    from the latest successful revision, or installs the release if there is none. The Job of the controller then runs
    again.
    """
    return (
        f"If release {release.name} has failed, fix the cause, then run:\n"
        f"  kubectl -n {release.namespace} delete secret -l owner=helm,name={release.name},status=failed && "
        f"kubectl -n {delivery.namespace} delete pod -l job-name=helm-install-{release.name}"
    )


def k3s_rules(delivery: K3sHelmChart, facts: ClusterFacts) -> Iterator[Finding]:
    """Check that the helm-controller supports every setting."""
    if delivery.failure_policy == "retry" and not facts.can_retry_releases:
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem="requires helm-controller 0.16.25 or 0.17.6 or newer; older versions reject the object",
            seen=repr(facts.helm_controller),
            fix='Set ClusterFacts(helm_controller="0.17.6") to the version in the cluster, or remove failure_policy=',
        )
    source = delivery.source
    for field, at, used in (
        ("forceConflicts", "force_conflicts", delivery.force_conflicts),
        ("takeOwnership", "take_ownership", delivery.take_ownership),
        ("backOffLimit", "backoff_limit", delivery.backoff_limit is not None),
        ("values", "values", delivery.values == "structured"),
        ("authSecret", "source.credentials", isinstance(source.credentials, BasicAuthSecret)),
        ("dockerRegistrySecret", "source.credentials", isinstance(source.credentials, PullSecret)),
        ("repoCAConfigMap", "source.ca", source.ca is not None),
    ):
        versions = HELM_CONTROLLER[field]
        if used and not supports(versions, facts.helm_controller or OLDEST_BUNDLED):
            yield Finding(
                rule="delivery/helm-controller",
                at=f"delivery.{at}",
                problem=f"requires helm-controller {range_text(versions)}, because of the field {field}",
                seen=repr(facts.helm_controller),
                fix='Set ClusterFacts(helm_controller="0.17.6") to the version in the cluster, or remove '
                f"{at.rpartition('.')[2]}=",
            )


def structured_rules(delivery: object, values: object) -> Iterator[Finding]:
    """Check that the values contain no None: cdk8s removes None from an object, and the default of the chart would
    apply.
    """
    if not isinstance(delivery, K3sHelmChart) or delivery.values != "structured":
        return
    for path, value in steps_below(values):
        if value is None:
            yield Finding(
                rule="delivery/structured-null",
                at="values." + ".".join(map(str, path)),
                problem='must not be None with K3sHelmChart(values="structured"), which removes None from the object',
                seen=show(value),
                fix='Set values="text" in K3sHelmChart',
            )

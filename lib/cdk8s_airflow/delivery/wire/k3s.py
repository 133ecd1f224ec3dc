"""A HelmChart as helm-controller reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.release import Delivered, Manifest, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.controller_versions import ALWAYS_THERE, HELM_CONTROLLER, has, told
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, PullSecret
from cdk8s_airflow.text.documents import steps_below
from cdk8s_airflow.validation import Finding, show


def k3s_objects(delivery: K3sHelmChart, release: Release, facts: ClusterFacts) -> Delivered:
    """The HelmChart object. Source: ``spec`` of helm.cattle.io/v1.

    Values travel as text unless asked otherwise: a structured ``values`` field would be dropped in silence by every k3s
    older than 1.35.4.
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
        notes=(k3s_way_out(delivery, release),),
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


def k3s_way_out(delivery: K3sHelmChart, release: Release) -> str:
    """What to run when a release has failed and the cause is mended.

    Helm keeps the state of a release in Secrets it labels. Without the record of the failure, the latest good revision
    counts again (or none, after a first install), and the controller's Job goes on by itself.
    """
    return (
        f"If release {release.name} has failed: mend the cause, then\n"
        f"  kubectl -n {release.namespace} delete secret -l owner=helm,name={release.name},status=failed && "
        f"kubectl -n {delivery.namespace} delete pod -l job-name=helm-install-{release.name}"
    )


def k3s_rules(delivery: K3sHelmChart, facts: ClusterFacts) -> Iterator[Finding]:
    """Whether the cluster's helm-controller knows everything that is said."""
    if delivery.failure_policy == "retry" and not facts.can_retry_releases:
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem="needs helm-controller 0.16.25 or 0.17.6, and older ones refuse the object",
            seen=repr(facts.helm_controller),
            fix='say ClusterFacts(helm_controller="...") if yours is new enough, or leave it out',
        )
    source = delivery.source
    for field, at, said in (
        ("forceConflicts", "force_conflicts", delivery.force_conflicts),
        ("takeOwnership", "take_ownership", delivery.take_ownership),
        ("backOffLimit", "backoff_limit", delivery.backoff_limit is not None),
        ("values", "values", delivery.values == "structured"),
        ("authSecret", "source.credentials", isinstance(source.credentials, BasicAuthSecret)),
        ("dockerRegistrySecret", "source.credentials", isinstance(source.credentials, PullSecret)),
        ("repoCAConfigMap", "source.ca", source.ca is not None),
    ):
        since = HELM_CONTROLLER[field]
        unsaid = facts.helm_controller is None and since[-1] <= ALWAYS_THERE
        if said and not unsaid and not has(since, facts.helm_controller):
            yield Finding(
                rule="delivery/helm-controller",
                at=f"delivery.{at}",
                problem=f"needs helm-controller {told(since)}, and older ones refuse or lose {field}",
                seen=repr(facts.helm_controller),
                fix='say ClusterFacts(helm_controller="...") if yours is new enough, or leave it out',
            )


def structured_rules(delivery: object, values: object) -> Iterator[Finding]:
    """Whether values can be part of an object: cdk8s leaves out what is None, and a default would come back."""
    if not isinstance(delivery, K3sHelmChart) or delivery.values != "structured":
        return
    for path, value in steps_below(values):
        if value is None:
            yield Finding(
                rule="delivery/structured-null",
                at="values." + ".".join(map(str, path)),
                problem="None is left out of an object, and the default it should remove would stay",
                seen=show(value),
                fix='leave delivery.values at "text"',
            )

"""Helm releases that failed or are stuck, and databases that are not healthy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import LiveCluster, Object
from cdk8s_airflow.doctor.requirements import Requirements
from cdk8s_airflow.plan.release import Release

_HELM_SECRET = "helm.sh/release.v1"
_HEALTHY = "Cluster in healthy state"


def states(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Releases whose last revision failed, or that no process is working on any more."""
    for release in required.releases:
        kind = release.manifest.kind
        if kind == "HelmRelease":
            yield from _flux(release, cluster)
        elif kind == "Application":
            yield from _argo_cd(release, cluster)
        else:
            yield from _helm(release, cluster)


def _revisions(release: Release, cluster: LiveCluster) -> list[tuple[int, str]]:
    """The revisions of a release and their states, oldest first. Helm keeps them in labels of Secrets."""
    found = []
    for each in cluster.secrets(release.namespace).values():
        labels = each.labels
        if each.type == _HELM_SECRET and labels.get("owner") == "helm" and labels.get("name") == release.name:
            found.append((int(labels.get("version", "0")), labels.get("status", "")))
    return sorted(found)


def _helm(release: Release, cluster: LiveCluster) -> Iterator[Diagnosis]:
    revisions = _revisions(release, cluster)
    manifest = release.manifest
    job = _install_job(release, cluster) if manifest.kind == "HelmChart" else None
    status = revisions[-1][1] if revisions else ""
    running = bool(job and (job.get("status") or {}).get("active"))
    if status == "failed" or (status.startswith("pending-") and not running):
        again = (
            f" && kubectl -n {manifest.namespace} delete pod -l job-name=helm-install-{manifest.name}" if job else ""
        )
        yield Diagnosis(
            "doctor/release-failed" if status == "failed" else "doctor/release-stuck",
            manifest.id,
            f"revision {revisions[-1][0]} of release {release.name} is {status}"
            + ("" if status == "failed" else ", and nothing works on it any more"),
            "Fix the cause, then delete the record of this revision: "
            f"kubectl -n {release.namespace} delete secret -l owner=helm,name={release.name},status={status}{again}",
        )
    elif not revisions and job and (job.get("status") or {}).get("failed"):
        yield Diagnosis(
            "doctor/release-not-installed",
            manifest.id,
            f"the Job helm-install-{manifest.name} failed before it installed release {release.name}",
            f"Find the cause: kubectl -n {manifest.namespace} logs job/helm-install-{manifest.name}",
        )


def _install_job(release: Release, cluster: LiveCluster) -> Object | None:
    name = f"helm-install-{release.manifest.name}"
    jobs = cluster.objects("jobs.batch", release.manifest.namespace)
    return next((each for each in jobs if each["metadata"]["name"] == name), None)


def _live(release: Release, resource: str, cluster: LiveCluster) -> Mapping[str, Any]:
    """The status of the object that delivers a release; empty if the object does not exist."""
    manifest = release.manifest
    for each in cluster.objects(resource, manifest.namespace):
        if each["metadata"]["name"] == manifest.name:
            return each.get("status") or {}
    return {}


def _flux(release: Release, cluster: LiveCluster) -> Iterator[Diagnosis]:
    manifest = release.manifest
    for condition in _live(release, "helmreleases.helm.toolkit.fluxcd.io", cluster).get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") == "False":
            yield Diagnosis(
                "doctor/release-failed",
                manifest.id,
                f"is not ready: {condition.get('message') or condition.get('reason')}",
                f"Fix the cause, then run: flux -n {manifest.namespace} reconcile helmrelease {manifest.name} --reset --force",
            )


def _argo_cd(release: Release, cluster: LiveCluster) -> Iterator[Diagnosis]:
    manifest = release.manifest
    status = _live(release, "applications.argoproj.io", cluster)
    operation = status.get("operationState") or {}
    if operation.get("phase") in ("Failed", "Error"):
        yield Diagnosis(
            "doctor/release-failed",
            manifest.id,
            f"the last sync failed: {operation.get('message')}",
            f"Fix the cause, then run: argocd app sync {manifest.name}",
        )


def clusters(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """PostgreSQL clusters of CloudNativePG that are not healthy."""
    for each in required.platform.of_kind("Cluster"):
        if each.group != "postgresql.cnpg.io":
            continue
        for live in cluster.objects("clusters.postgresql.cnpg.io", each.namespace):
            status = live.get("status") or {}
            phase = status.get("phase")
            if live["metadata"]["name"] != each.name or phase in (None, _HEALTHY):
                continue
            reason = f" ({status['phaseReason']})" if status.get("phaseReason") else ""
            yield Diagnosis(
                "doctor/database-not-healthy",
                each.id,
                f"is in phase {phase!r}{reason}, with {status.get('readyInstances', 0)} of "
                f"{status.get('instances', each.spec.get('instances'))} instances ready",
                f"Find the cause: kubectl -n {each.namespace} describe cluster.postgresql.cnpg.io {each.name}",
                Severity.ERROR if not status.get("readyInstances") else Severity.WARNING,
            )

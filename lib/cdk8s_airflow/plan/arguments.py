"""Which argument of which construct sets a field of an object.

The table for values of the Airflow chart is generated from the library by ``tools/make_values_table.py``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path as File

from cdk8s_airflow.plan.manifest import Manifest
from cdk8s_airflow.plan.release import Release
from cdk8s_airflow.plan.tree import Path, matches, parse_path

CONSTRUCTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Cluster": ("CnpgCluster", {
        "metadata.name": "name=", "metadata.namespace": "namespace=", "spec.storage.**": "storage=", "spec.walStorage.**": "wal_storage=",
        "spec.instances": "instances=", "spec.imageName": "postgres_major= or image=", "spec.imageCatalogRef.**": "catalog=",
        "spec.postgresql.parameters.**": "parameters=", "spec.postgresql.synchronous.**": "synchronous=",
        "spec.postgresql.pg_hba": "pg_hba=", "spec.postgresql.shared_preload_libraries": "preload=", "spec.resources.**": "resources=",
        "spec.bootstrap.initdb.database": "database=", "spec.bootstrap.initdb.owner": "owner=",
        "spec.bootstrap.initdb.secret.**": "credentials=", "spec.bootstrap.recovery.**": "recovery=", "spec.plugins.**": "backup=",
        "spec.managed.roles.**": "roles=",
    }),
    "Pooler": ("CnpgPooler", {
        "metadata.name": "name=", "spec.instances": "instances=", "spec.pgbouncer.poolMode": "mode=",
        "spec.pgbouncer.parameters.max_client_conn": "max_clients=", "spec.pgbouncer.parameters.default_pool_size": "pool_size=",
        "spec.pgbouncer.parameters.*": "parameters=",
    }),
    "ScheduledBackup": ("CnpgBackup", {"spec.schedule": "schedule=", "spec.suspend": "suspended="}),
    "ObjectStore": ("CnpgBackup", {
        "spec.retentionPolicy": "retention=", "spec.configuration.destinationPath": "bucket= or prefix=",
    }),
    "Namespace": ("Namespace", {
        "metadata.name": "name=", 'metadata.labels["pod-security.kubernetes.io/enforce"]': "pod_security=", "metadata.labels.*": "labels=",
    }),
    "ResourceQuota": ("Namespace", {"spec.hard.**": "quota="}),
    "LimitRange": ("Namespace", {"spec.limits.**": "limits="}),
    "HelmChart": ("AirflowChart", {
        "metadata.name": "release=", "spec.version": "chart_version=", "spec.targetNamespace": "namespace=",
        "spec.timeout": "delivery=K3sHelmChart(timeout=)", "spec.failurePolicy": "delivery=K3sHelmChart(failure_policy=)",
        "spec.repo": "delivery=K3sHelmChart(source=)", "kind": "delivery=",
    }),
    "HelmRelease": ("AirflowChart", {
        "spec.releaseName": "release=", "spec.chart.spec.version": "chart_version=", "spec.targetNamespace": "namespace=",
        "spec.timeout": "delivery=FluxRelease(timeout=)", "spec.interval": "delivery=FluxRelease(interval=)", "kind": "delivery=",
    }),
    "Application": ("AirflowChart", {
        "spec.source.helm.releaseName": "release=", "spec.source.targetRevision": "chart_version=",
        "spec.destination.namespace": "namespace=", "spec.syncPolicy.automated.**": "delivery=ArgoApplication(automated=)",
        "kind": "delivery=",
    }),
}  # fmt: skip
"""Kind -> the construct that emits it, and its argument for each field."""

_MOST = 2
"""Arguments that are named; a key that more of them set is named by none."""


def argument_of(manifest: Manifest, release: Release | None, path: Path) -> str:
    """The argument that sets a field: ``AirflowChart(scheduler=Scheduler(replicas=))``; empty if it is not known.

    Args:
        manifest: the object.
        release: the release that it delivers.
        path: the field.
    """
    if release is not None:
        if not release.is_airflow:
            return ""
        if path[: len(release.at)] == release.at and len(path) > len(release.at):
            return _of_value(path[len(release.at) :])
    construct, fields = CONSTRUCTS.get(manifest.kind, ("", {}))
    argument = next((text for pattern, text in fields.items() if matches(parse_path(pattern), path)), "")
    return f"{construct}({argument})" if argument else ""


def _of_value(path: Path) -> str:
    table = _values()
    for length in range(min(len(path), 3), 0, -1):
        found = table.get(".".join(path[:length]))
        if found:
            chosen = _specific(found)
            return f"AirflowChart({' or '.join(chosen)})" if len(chosen) <= _MOST else ""
    return "AirflowChart(config=)" if path[0] == "config" else ""


def _specific(arguments: Sequence[str]) -> list[str]:
    """The arguments without those that only say that a part is there, where one of its own arguments is known."""
    return [
        each
        for each in arguments
        if not (each.endswith("()") and any(other.startswith(each[:-1]) for other in arguments if other != each))
    ]


@functools.cache
def _values() -> Mapping[str, list[str]]:
    text = File(__file__).with_name("arguments.json").read_text(encoding="utf-8")
    found: Mapping[str, list[str]] = json.loads(text)
    return found

"""Small platforms to compare."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any

import yaml

from cdk8s_airflow.plan.comparison import Change, Plan, compare
from cdk8s_airflow.plan.manifest import Manifest, Platform, platform

Body = dict[str, Any]

API_VERSIONS = {
    "Namespace": "v1", "ConfigMap": "v1", "Secret": "v1", "Service": "v1", "ServiceAccount": "v1", "PersistentVolumeClaim": "v1",
    "ResourceQuota": "v1", "LimitRange": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
    "Job": "batch/v1", "CronJob": "batch/v1", "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1", "ClusterRole": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1", "HorizontalPodAutoscaler": "autoscaling/v2",
    "Cluster": "postgresql.cnpg.io/v1", "Pooler": "postgresql.cnpg.io/v1", "Database": "postgresql.cnpg.io/v1",
    "DatabaseRole": "postgresql.cnpg.io/v1", "ScheduledBackup": "postgresql.cnpg.io/v1",
    "ObjectStore": "barmancloud.cnpg.io/v1", "ExternalSecret": "external-secrets.io/v1", "SealedSecret": "bitnami.com/v1alpha1",
    "HelmChart": "helm.cattle.io/v1", "HelmChartConfig": "helm.cattle.io/v1", "HelmRelease": "helm.toolkit.fluxcd.io/v2",
    "HelmRepository": "source.toolkit.fluxcd.io/v1", "Application": "argoproj.io/v1alpha1",
    "HTTPRoute": "gateway.networking.k8s.io/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}  # fmt: skip


def thing(kind: str, name: str = "it", namespace: str = "airflow", /, **fields: Any) -> Body:
    """An object of a kind; ``metadata`` among the fields is merged with its name."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": metadata, **fields}


def values(**changes: Any) -> Body:
    """Values of a small release with all keys that a release needs; dots in names are written as two underscores."""
    found: Body = {
        "airflowVersion": "3.2.2",
        "defaultAirflowTag": "3.2.2",
        "executor": "KubernetesExecutor",
        "fernetKeySecretName": "fernet",
        "jwtSecretName": "jwt",
        "apiSecretKeySecretName": "api",
        "data": {"metadataSecretName": "metadata"},
        "postgresql": {"enabled": False},
        "redis": {"enabled": False},
        "scheduler": {"replicas": 2},
        "logs": {"persistence": {"enabled": True, "existingClaim": "logs"}},
        "podTemplate": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: base\n    image: apache/airflow:3.2.2\n",
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return found


def release(given: Mapping[str, Any] | None = None, /, name: str = "airflow", **spec: Any) -> Body:
    """A release of the Airflow chart, delivered by k3s."""
    return thing(
        "HelmChart",
        name,
        "kube-system",
        spec={
            "chart": "airflow", "repo": "https://airflow.apache.org", "version": "1.22.0", "targetNamespace": "airflow",
            "timeout": "30m", "failurePolicy": "abort", "valuesContent": yaml.safe_dump(dict(given or values())), **spec,
        },
    )  # fmt: skip


def of(*bodies: Body) -> Platform:
    """The platform of some objects."""
    return platform([Manifest(copy.deepcopy(body)) for body in bodies])


def plan(old: Body | list[Body] | None, new: Body | list[Body] | None) -> Plan:
    """The plan from one object, or some, to others."""
    before, after = (of(*(each if isinstance(each, list) else [each] if each else [])) for each in (old, new))
    return compare(before, after)


def found(changes: Plan) -> set[tuple[str, str, str]]:
    """Class, rule and object of all changes with an effect."""
    return {(change.risk.value, change.rule, change.object) for change in changes.changes}


def only(changes: Plan) -> Change:
    """The one change of a plan."""
    (change,) = changes.changes
    return change


@functools.cache
def text_of(name: str) -> str:
    """A file of the repository."""
    from pathlib import Path

    return (Path(__file__).resolve().parents[2] / name).read_text(encoding="utf-8")

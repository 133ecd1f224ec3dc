"""A small PostgreSQL for a lab, as Kubernetes reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import BasicAuthSecret
from cdk8s_airflow.model.traffic import PodGroup
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

POSTGRES_USER = 999
"""The user of the official image built on Debian."""

LAB_ANNOTATION = "cdk8s-airflow/for"
"""The mark on everything that is not meant for work that matters."""

_DATA = "/var/lib/lab-postgres"
_SECURITY: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_PARAMETER = regex(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")
_KEPT = frozenset(
    ("config_file", "data_directory", "hba_file", "ident_file", "listen_addresses", "port", "unix_socket_directories")
)


@frozen
class LabSettings:
    """The validated settings of a LabDatabase."""

    name: str
    namespace: str
    image: str
    database: str
    user: str
    credentials: str
    storage: Volume
    resources: Resources
    parameters: Mapping[str, str] = field(default_factory=dict)
    pull_secret: str | None = None
    placement: NodePlacement = Placement()
    architecture: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The labels that its pod, and no other, has."""
        return lab_labels(self.name)


def lab_pods(name: str, namespace: str) -> PodGroup:
    """The pod of a LabDatabase."""
    return PodGroup(name=f"{name} database", namespace=namespace, labels=lab_labels(name))


def lab_labels(name: str) -> dict[str, str]:
    """The labels that the pod of a LabDatabase, and no other, has."""
    return {"app.kubernetes.io/name": "lab-postgres", "app.kubernetes.io/instance": name}


def lab_objects(settings: LabSettings) -> dict[str, dict[str, Any]]:
    """The claim, the Service and the one pod. The claim outlives the rest, and can grow: it is no template of the set."""
    marked = {"annotations": {LAB_ANNOTATION: "lab"}, "labels": settings.labels}
    metadata = {"name": settings.name, "namespace": settings.namespace, **marked}
    state = state_metadata()
    kept = {
        "labels": {**settings.labels, **state["labels"]},
        "annotations": {**marked["annotations"], **state["annotations"]},
    }
    access = settings.storage.access_mode or "ReadWriteOnce"
    return {
        "claim": claim(f"{settings.name}-data", settings.namespace, settings.storage, access, kept),
        "service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "selector": settings.labels,
                "ports": [{"name": "postgresql", "port": 5432, "targetPort": "postgresql"}],
            },
        },
        "database": {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": metadata,
            "spec": {
                "serviceName": settings.name,
                "replicas": 1,
                "selector": {"matchLabels": settings.labels},
                "template": {"metadata": marked, "spec": _pod(settings)},
            },
        },
    }


def _pod(settings: LabSettings) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": POSTGRES_USER,
            "runAsGroup": POSTGRES_USER,
            "fsGroup": POSTGRES_USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **placement(settings.placement, settings.architecture),
        "containers": [_container(settings)],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": f"{settings.name}-data"}},
            {"name": "run", "emptyDir": {"sizeLimit": "16Mi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return pod


def _container(settings: LabSettings) -> dict[str, Any]:
    """The official image: it creates the database on an empty volume, and ignores the variables on any other."""
    alive = {"exec": {"command": ["pg_isready", "-h", "127.0.0.1", "-U", settings.user, "-d", settings.database]}}
    password = {"secretKeyRef": {"name": settings.credentials, "key": "password"}}
    container: dict[str, Any] = {
        "name": "postgres",
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "POSTGRES_USER", "value": settings.user},
            {"name": "POSTGRES_DB", "value": settings.database},
            {"name": "POSTGRES_PASSWORD", "valueFrom": password},
            {"name": "POSTGRES_INITDB_ARGS", "value": "--auth-host=scram-sha-256 --data-checksums"},
            {"name": "PGDATA", "value": f"{_DATA}/pgdata"},
        ],
        "ports": [{"name": "postgresql", "containerPort": 5432}],
        "startupProbe": {**alive, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**alive, "periodSeconds": 10, "timeoutSeconds": 5},
        "livenessProbe": {**alive, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6},
        "resources": resources(settings.resources),
        "securityContext": dict(_SECURITY),
        "volumeMounts": [
            {"name": "data", "mountPath": _DATA},
            {"name": "run", "mountPath": "/var/run/postgresql"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    if settings.parameters:
        container["args"] = [
            "postgres",
            *(word for name, value in sorted(settings.parameters.items()) for word in ("-c", f"{name}={value}")),
        ]
    return container


def lab_login(ref: BasicAuthSecret, namespace: str, user: str, purpose: str) -> needs.SecretNeed:
    """The Secret with its user and password; no controller watches it, so it needs no label for that."""
    need = needs.basic_auth(ref, namespace, username=user, purpose=purpose)
    return replace(need, command=need.command.partition(" && kubectl")[0], labels={})


def lab_parameter_findings(parameters: Mapping[str, str]) -> Iterator[Finding]:
    """Whether parameters are ones that PostgreSQL takes on its command line and nothing else here relies on."""
    for name in sorted(parameters):
        if name in _KEPT or _PARAMETER.fullmatch(name) is None or "$(" in parameters[name]:
            yield Finding(
                rule="database/parameter",
                at=f"parameters.{name}",
                problem="is set by LabDatabase, or is not a parameter of PostgreSQL",
                seen=repr(parameters[name]),
                fix='Use a parameter of PostgreSQL, such as {"max_connections": "50"}, or remove it',
            )

"""The Job that makes buckets, as Kubernetes reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.traffic import ClusterComponent, ExternalPeer, Peer, PodGroup, Traffic, TrafficFlow
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.storage.object_storage import (
    CHECKSUMS,
    AzureCredentials,
    GcsCredentials,
    ObjectStorage,
    S3Credentials,
    StorageCredentials,
    addressing_style,
)
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation.frozen import frozen

_FOLDER = "/opt/make-buckets"
_LOGIN_FOLDER = "/etc/store-login"
_CA_FOLDER = "/etc/store-ca"
_SCRIPT = "make_buckets.py"
_USER = 50000


@frozen
class BucketJobSettings:
    """The validated settings of a BucketJob."""

    name: str
    namespace: str
    storage: ObjectStorage
    buckets: tuple[str, ...]
    versioned: tuple[str, ...]
    credentials: StorageCredentials | None
    image: str
    pull_policy: str
    timeout: int
    resources: Resources
    placement: NodePlacement = Placement()
    pull_secret: str | None = None
    service_account: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ca: SecretKey | ConfigMapKey | None = None
    architecture: str | None = None


@cache
def script() -> str:
    """The text of the script in this package."""
    return (Path(__file__).parents[1] / "programs" / "create_buckets.py").read_text(encoding="utf-8")


def task(settings: BucketJobSettings) -> dict[str, Any]:
    """The input of the script."""
    storage = settings.storage
    told = {
        "scheme": storage.scheme,
        "endpoint": storage.endpoint,
        "region": storage.region,
        "addressing": addressing_style(storage) if storage.scheme == "s3" else None,
        "account": storage.account,
        "project": storage.project,
        "patience": settings.timeout,
    }
    buckets = [
        {"name": name, "versioning": True} if name in settings.versioned else {"name": name}
        for name in settings.buckets
    ]
    return {**{key: value for key, value in told.items() if value is not None}, "buckets": buckets}


def job_labels(settings: BucketJobSettings) -> dict[str, str]:
    """The labels that only the pods of the Job have."""
    return {"app.kubernetes.io/name": "bucket-job", "app.kubernetes.io/instance": settings.name}


def bucket_job_objects(settings: BucketJobSettings) -> dict[str, dict[str, Any]]:
    """The Job, and a ConfigMap with its script.

    A Job cannot be changed once it is there, so both have a name made from what is in them: another list of buckets is another
    Job. Nothing deletes the old one; it is done, and costs nothing.
    """
    pod = _pod(settings)
    labels = job_labels(settings)
    spec = {"backoffLimit": 6, "template": {"metadata": {"labels": {**settings.labels, **labels}}, "spec": pod}}
    name = f"{settings.name}-{digest(json.dumps([spec, script()], sort_keys=True), 8)}"
    pod["volumes"][0]["configMap"]["name"] = name
    metadata = {"name": name, "namespace": settings.namespace, "labels": labels}
    return {
        "script": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "immutable": True,
            "data": {_SCRIPT: script()},
        },
        "job": {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": spec,
        },
    }


def _pod(settings: BucketJobSettings) -> dict[str, Any]:
    restricted = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    volumes: list[dict[str, Any]] = [{"name": "script", "configMap": {"name": ""}}, {"name": "tmp", "emptyDir": {}}]
    mounts: list[dict[str, Any]] = [
        {"name": "script", "mountPath": _FOLDER, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    for name, folder, source in (
        ("login", _LOGIN_FOLDER, _login_file(settings.credentials)),
        ("ca", _CA_FOLDER, _file(settings.ca, "ca.crt")),
    ):
        if source is not None:
            volumes.append({"name": name, **source})
            mounts.append({"name": name, "mountPath": folder, "readOnly": True})
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": 0,
            "fsGroup": 0,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **placement(settings.placement, settings.architecture),
        "containers": [
            {
                "name": "make-buckets",
                "image": settings.image,
                "imagePullPolicy": settings.pull_policy,
                "command": ["python", f"{_FOLDER}/{_SCRIPT}"],
                "env": list(_env(settings)),
                "resources": resources(settings.resources),
                "securityContext": restricted,
                "volumeMounts": mounts,
            }
        ],
        "volumes": volumes,
    }
    if settings.service_account is not None:
        pod["serviceAccountName"] = settings.service_account
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return pod


def _env(settings: BucketJobSettings) -> Iterator[dict[str, Any]]:
    yield {"name": "BUCKETS", "value": json.dumps(task(settings))}
    yield {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}
    given = settings.credentials
    if isinstance(given, S3Credentials):
        yield _from_secret("AWS_ACCESS_KEY_ID", given.secret, given.access_key_id)
        yield _from_secret("AWS_SECRET_ACCESS_KEY", given.secret, given.secret_access_key)
    if isinstance(given, AzureCredentials):
        yield _from_secret("AZURE_STORAGE_KEY", given.secret, given.account_key)
    if isinstance(given, GcsCredentials):
        yield {"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": f"{_LOGIN_FOLDER}/key.json"}
    if settings.storage.endpoint is not None:
        for name, value in CHECKSUMS.items():
            yield {"name": name, "value": value}
    if settings.ca is not None:
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            yield {"name": name, "value": f"{_CA_FOLDER}/ca.crt"}


def _from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _login_file(credentials: StorageCredentials | None) -> dict[str, Any] | None:
    if not isinstance(credentials, GcsCredentials):
        return None
    return _file(SecretKey(credentials.secret, credentials.key_file), "key.json")


def _file(source: SecretKey | ConfigMapKey | None, name: str) -> dict[str, Any] | None:
    if source is None:
        return None
    items = [{"key": source.key, "path": name}]
    if isinstance(source, SecretKey):
        return {"secret": {"secretName": source.name, "items": items}}
    return {"configMap": {"name": source.name, "items": items}}


def bucket_job_traffic(settings: BucketJobSettings) -> Traffic:
    """The Job resolves names, and opens connections to the store and to nothing else.

    Without a login it also asks its cloud who it is.
    """
    pods = PodGroup(name=f"Job {settings.name}", namespace=settings.namespace, labels=job_labels(settings))
    storage = settings.storage
    flows = [
        TrafficFlow(source=pods, target=ClusterComponent(role="dns"), port=53, protocol=protocol, purpose="DNS queries")
        for protocol in ("UDP", "TCP")
    ]
    flows.append(TrafficFlow(source=pods, target=storage.where, port=storage.listens_on, purpose="makes buckets"))
    flows += identity_flows(pods, storage, settings.credentials)
    return Traffic(workloads=(pods,), flows=tuple(flows))


def identity_flows(
    pods: PodGroup, storage: ObjectStorage, credentials: StorageCredentials | None
) -> Sequence[TrafficFlow]:
    """The endpoints, other than the store, that pods use to log in: the identity service of the cloud, and the token service of Google."""
    asked: list[Peer] = []
    if credentials is None:
        asked.append(ClusterComponent(role="cloud-identity"))
    if storage.scheme == "gs":
        asked.append(ExternalPeer(name="oauth2.googleapis.com"))
    return [TrafficFlow(source=pods, target=peer, port=443, purpose="logs in to the store") for peer in asked]

"""Chart values of MinIO, and the objects next to the release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.traffic import ClusterComponent, PodGroup, Traffic, TrafficFlow
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.storage.object_storage import S3Credentials
from cdk8s_airflow.storage.store_users import StoreSettings, StoreUser

CHART_VERSION = "5.4.0"
"""The last chart version of the MinIO community edition."""

REPOSITORY = "https://charts.min.io"
SERVER, CLIENT = "quay.io/minio/minio", "quay.io/minio/mc"
_SERVER_TAG, _CLIENT_TAG = "RELEASE.2024-12-18T13-15-44Z", "RELEASE.2024-11-21T17-21-54Z"

S3_PORT = 9000
_USER = 1000
_JOB = Resources(cpu="10m", memory="64Mi", memory_limit="256Mi")


def root_credentials(name: str) -> S3Credentials:
    """The root credentials. Only the server and the Job of the chart read them."""
    return S3Credentials(f"{name}-root", access_key_id="rootUser", secret_access_key="rootPassword")


def store_pods(settings: StoreSettings) -> PodGroup:
    """The pods of the server."""
    labels = {"app": "minio", "release": settings.name}
    return PodGroup(name=f"store {settings.name}", namespace=settings.namespace, labels=labels)


def claim_name(name: str) -> str:
    """The name of the claim with all data."""
    return f"{name}-data"


def minio_values(settings: StoreSettings) -> dict[str, Any]:
    """One server with our claim, users with one policy each, and no buckets, because the chart can be configured to
    empty them.

    By default the chart runs sixteen servers that request 16Gi of memory each, and creates a user ``console`` with a
    publicly known password.
    """
    restricted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, **restricted}
    pod = {"enabled": True, "runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER, **restricted}
    step = {
        "securityContext": {"enabled": True},
        "containerSecurityContext": container,
        "resources": resources(_JOB),
    }
    placed = placement(settings.placement, settings.facts.architecture)
    admin = _user(settings.admin_credentials, settings.admin_credentials.secret)
    values: dict[str, Any] = {
        "fullnameOverride": settings.name,
        "mode": "standalone",
        "replicas": 1,
        "image": {"repository": _mirrored(settings, SERVER), "tag": _SERVER_TAG},
        "mcImage": {"repository": _mirrored(settings, CLIENT), "tag": _CLIENT_TAG},
        "existingSecret": root_credentials(settings.name).secret,
        "users": [admin, *(_user(user.credentials, user.credentials.secret) for user in settings.users)],
        "policies": [_admin_policy(settings), *(_policy(user) for user in settings.users)],
        "buckets": [],
        "persistence": {"enabled": True, "existingClaim": claim_name(settings.name)},
        "deploymentUpdate": {"type": "Recreate"},
        "service": {"port": str(S3_PORT)},
        "environment": {"MINIO_BROWSER": "off"},
        "serviceAccount": {"create": True, "name": settings.name},
        "securityContext": {**pod, "fsGroupChangePolicy": "OnRootMismatch"},
        "containerSecurityContext": container,
        "resources": resources(settings.resources),
        "makePolicyJob": step,
        "makeUserJob": step,
        "postJob": {"securityContext": pod, **placed},
        **placed,
    }
    if settings.pull_secret is not None:
        values["imagePullSecrets"] = [{"name": settings.pull_secret.name}]
    return values


def _mirrored(settings: StoreSettings, image: str) -> str:
    return image if settings.mirror is None else settings.mirror.of(image)


def _user(credentials: S3Credentials, policy: str) -> dict[str, str]:
    """A user named after its Secret, because the chart requires access key ids in plain text."""
    return {
        "accessKey": credentials.secret,
        "existingSecret": credentials.secret,
        "existingSecretKey": credentials.secret_access_key,
        "policy": policy,
    }


def _admin_policy(settings: StoreSettings) -> dict[str, Any]:
    actions = [
        "s3:CreateBucket",
        "s3:ListBucket",
        "s3:GetBucketLocation",
        "s3:GetBucketVersioning",
        "s3:PutBucketVersioning",
    ]
    return {"name": settings.admin_credentials.secret, "statements": [_statement(actions, settings.buckets)]}


def _policy(user: StoreUser) -> dict[str, Any]:
    in_buckets = ["s3:GetBucketLocation", "s3:ListBucket"]
    in_objects = ["s3:GetObject"]
    if user.access == "write":
        in_buckets.append("s3:ListBucketMultipartUploads")
        in_objects += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    objects = tuple(f"{bucket}/*" for bucket in user.buckets)
    return {
        "name": user.credentials.secret,
        "statements": [_statement(in_buckets, tuple(user.buckets)), _statement(in_objects, objects)],
    }


def _statement(actions: list[str], resources: tuple[str, ...]) -> dict[str, Any]:
    return {"effect": "Allow", "actions": actions, "resources": [f"arn:aws:s3:::{each}" for each in resources]}


def minio_objects(settings: StoreSettings) -> dict[str, Mapping[str, Any]]:
    """The claim."""
    return {
        "data": claim(
            claim_name(settings.name), settings.namespace, settings.storage, "ReadWriteOnce", state_metadata()
        )
    }


def minio_traffic(settings: StoreSettings) -> Traffic:
    """The server, and the Job of the chart that creates users."""

    server = store_pods(settings)
    labels = {"app": "minio-job", "release": settings.name}
    job = PodGroup(name=f"users of {settings.name}", namespace=settings.namespace, labels=labels)
    names = [
        TrafficFlow(source=job, target=ClusterComponent(role="dns"), port=53, protocol=protocol, purpose="DNS queries")
        for protocol in ("UDP", "TCP")
    ]
    return Traffic(
        workloads=(server, job),
        flows=(*names, TrafficFlow(source=job, target=server, port=S3_PORT, purpose="makes users")),
    )

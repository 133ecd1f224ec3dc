"""SeaweedFS by its chart: the values, and what stands beside the release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.traffic import PodGroup
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.storage.object_storage import S3Credentials
from cdk8s_airflow.storage.store_users import StoreSettings, StoreUser, variable_of
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation.constraints import quantity

CHART_VERSION = "4.44.0"
"""The chart, whose server is 4.44: the first that takes keys by reference from its variables."""

REPOSITORY = "https://seaweedfs.github.io/seaweedfs/helm"
IMAGE = "chrislusf/seaweedfs"

S3_PORT = 8333
_USERS_FOLDER = "/etc/seaweedfs-users"
_USER = 1000
_MEBIBYTE = 2**20

# One file of 1/50 of the disk at a time for each bucket: by default seven of 1 GB would be taken, and a small disk be full
# of empty ones after two buckets.
_GROWTH = "[master.volume_growth]\ncopy_1 = 1\ncopy_2 = 1\ncopy_3 = 1\ncopy_other = 1\n"
_SMALLEST_FILE, _LARGEST_FILE, _FILES = 64, 1000, 50


def store_pods(settings: StoreSettings) -> PodGroup:
    """The pods of the server."""
    return PodGroup(name=f"store {settings.name}", namespace=settings.namespace, labels=pod_labels(settings.name))


def pod_labels(name: str) -> dict[str, str]:
    """The labels that the chart gives to the server's pods."""
    return {
        "app.kubernetes.io/name": "seaweedfs",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": "seaweedfs-all-in-one",
    }


def service(name: str, namespace: str) -> str:
    """The Service of the server, in a form that any namespace resolves."""
    return f"{name}-all-in-one.{namespace}.svc"


def claim_name(name: str) -> str:
    """The claim with all objects."""
    return f"{name}-data"


def users_name(name: str) -> str:
    """The ConfigMap that says who may do what; keys stand in it by reference only."""
    return f"{name}-users"


def users_text(settings: StoreSettings) -> str:
    """Who may do what. Source: ``identities`` of SeaweedFS's S3 configuration; an action is one on one bucket.

    ``${NAME}`` is read from the server's variables, which come from Secrets: no key stands here.
    """
    makes = [f"Admin:{bucket}" for bucket in settings.buckets]
    identities = [
        _identity(settings.admin_credentials, makes),
        *(_identity(u.credentials, _actions(u)) for u in settings.users),
    ]
    return json.dumps({"identities": identities}, indent=2) + "\n"


def _actions(user: StoreUser) -> list[str]:
    words = ("Read", "List") if user.access == "read" else ("Read", "Write", "List", "Tagging")
    return [f"{word}:{bucket}" for bucket in user.buckets for word in words]


def _identity(credentials: S3Credentials, actions: list[str]) -> dict[str, Any]:
    name = variable_of(credentials)
    keys = {"accessKey": f"${{{name}_ID}}", "secretKey": f"${{{name}_KEY}}"}
    return {"name": credentials.secret, "credentials": [keys], "actions": actions}


def _variables(settings: StoreSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for given in (settings.admin_credentials, *(user.credentials for user in settings.users)):
        name = variable_of(given)
        found[f"{name}_ID"] = {"secretKeyRef": {"name": given.secret, "key": given.access_key_id}}
        found[f"{name}_KEY"] = {"secretKeyRef": {"name": given.secret, "key": given.secret_access_key}}
    return found


def file_size(settings: StoreSettings) -> int:
    """How large the files get that SeaweedFS keeps objects in, in mebibytes."""
    disk = quantity(settings.storage.size) / _MEBIBYTE
    return int(min(_LARGEST_FILE, max(_SMALLEST_FILE, disk // _FILES)))


def seaweedfs_values(settings: StoreSettings) -> dict[str, Any]:
    """The whole server in one pod, on our claim, with users of our own.

    The chart makes a ClusterRole over all pods, random logins and buckets unless told otherwise; none of it here.
    """
    repository = IMAGE if settings.mirror is None else settings.mirror.of(IMAGE)
    gives_up = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    server: dict[str, Any] = {
        "enabled": True,
        "replicas": 1,
        "updateStrategy": {"type": "Recreate"},
        "serviceAccountName": settings.name,
        "data": {"type": "existingClaim", "claimName": claim_name(settings.name)},
        "s3": {"enabled": True, "port": S3_PORT, "enableAuth": False},
        "extraArgs": [f"-s3.config={_USERS_FOLDER}/users.json"],
        "secretExtraEnvironmentVars": _variables(settings),
        "extraVolumes": _block([{"name": "users", "configMap": {"name": users_name(settings.name)}}]),
        "extraVolumeMounts": _block([{"name": "users", "mountPath": _USERS_FOLDER, "readOnly": True}]),
        "podAnnotations": {"cdk8s-airflow/users": digest(users_text(settings), 12)},
        "podSecurityContext": {
            "enabled": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            **gives_up,
        },
        "containerSecurityContext": {
            "enabled": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            **gives_up,
        },
        "resources": _bounded(settings),
        # The chart's own keeps two servers apart, and there is one.
        "affinity": "",
        **_placed(settings),
    }
    values: dict[str, Any] = {
        "fullnameOverride": settings.name,
        "global": {
            "seaweedfs": {
                "createClusterRole": False,
                "serviceAccountName": settings.name,
                "automountServiceAccountToken": False,
            }
        },
        "master": {"enabled": False, "volumeSizeLimitMB": file_size(settings), "config": _GROWTH},
        "volume": {"enabled": False},
        "filer": {"enabled": False},
        "allInOne": server,
    }
    if repository != IMAGE:
        values["image"] = {"repository": repository}
    if settings.pull_secret is not None:
        values["global"]["imagePullSecrets"] = [{"name": settings.pull_secret.name}]
    return values


def _block(entries: list[dict[str, Any]]) -> str:
    """List items as the text that the chart wants; JSON is YAML."""
    return "\n".join(f"- {json.dumps(entry)}" for entry in entries)


def _bounded(settings: StoreSettings) -> dict[str, Any]:
    """Resources without the limit of CPU that the chart has by default, where none was asked for."""
    told = resources(settings.resources)
    if settings.resources.cpu_limit is None:
        told["limits"]["cpu"] = None
    return told


def _placed(settings: StoreSettings) -> dict[str, str]:
    told = placement(settings.placement, settings.facts.architecture)
    return {key: json.dumps(value) for key, value in told.items()}


def seaweedfs_objects(settings: StoreSettings) -> dict[str, Mapping[str, Any]]:
    """The claim, the users, and a policy that lets clients reach the S3 port and nothing else."""
    place = {"namespace": settings.namespace}
    volume = claim(claim_name(settings.name), settings.namespace, settings.storage, "ReadWriteOnce", state_metadata())
    users: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": users_name(settings.name),
            **place,
            # Flux would put something of its own in the place of ${NAME}.
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "data": {"users.json": users_text(settings)},
    }
    objects: dict[str, Mapping[str, Any]] = {"data": volume, "users": users}
    if settings.own_policy:
        objects["only-s3"] = _only_s3(settings)
    return objects


def _only_s3(settings: StoreSettings) -> dict[str, Any]:
    """The server's other ports ask for no login: whoever reaches them reads and deletes everything."""
    labels = pod_labels(settings.name)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{settings.name}-only-s3", "namespace": settings.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"ports": [{"port": S3_PORT, "protocol": "TCP"}]},
                {"from": [{"podSelector": {"matchLabels": labels}}]},
            ],
        },
    }

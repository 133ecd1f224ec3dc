"""Chart values of SeaweedFS, and the objects next to the release."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.traffic import ClusterComponent, PodGroup, Traffic, TrafficFlow
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.network.wire.network_policy import peer
from cdk8s_airflow.storage.object_storage import S3Credentials
from cdk8s_airflow.storage.store_users import StoreSettings, StoreUser, variable_of
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.quantities import MEBIBYTE, quantity

CHART_VERSION = "4.44.0"
"""The chart version. Its server, 4.44, is the first that reads keys from environment variables."""

REPOSITORY = "https://seaweedfs.github.io/seaweedfs/helm"
IMAGE = "chrislusf/seaweedfs"

S3_PORT = 8333
METRICS_PORT = 9324
"""The port with the metrics of all parts of the server, which the chart calls ``server-metrics``."""

_USERS_FOLDER = "/etc/seaweedfs-users"
_USER = 1000

# Reserve one file of 1/50 of the disk for each bucket at a time. By default seven files of 1 GB are reserved, so a
# small disk would be full after two empty buckets.
_GROWTH = "[master.volume_growth]\ncopy_1 = 1\ncopy_2 = 1\ncopy_3 = 1\ncopy_other = 1\n"
_SMALLEST_FILE, _LARGEST_FILE, _FILES = 64, 1000, 50


def store_pods(settings: StoreSettings) -> PodGroup:
    """The pods of the server."""
    return PodGroup(name=f"store {settings.name}", namespace=settings.namespace, labels=pod_labels(settings.name))


def pod_labels(name: str) -> dict[str, str]:
    """The labels of the server pods, set by the chart."""
    return {
        "app.kubernetes.io/name": "seaweedfs",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": "seaweedfs-all-in-one",
    }


def service(name: str, namespace: str) -> str:
    """The DNS name of the Service of the server, which resolves in every namespace."""
    return f"{name}-all-in-one.{namespace}.svc"


def claim_name(name: str) -> str:
    """The name of the claim with all data."""
    return f"{name}-data"


def users_name(name: str) -> str:
    """The name of the ConfigMap with the permissions of users. It contains no keys, only references."""
    return f"{name}-users"


def users_text(settings: StoreSettings) -> str:
    """The permissions of users. Source: ``identities`` of the S3 configuration of SeaweedFS; an action applies to one
    bucket.

    The server replaces ``${NAME}`` with its environment variables, which come from Secrets, so the text contains no
    key.
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
    """The size of the files in which SeaweedFS stores objects, in MiB."""
    disk = quantity(settings.storage.size) / MEBIBYTE
    return int(min(_LARGEST_FILE, max(_SMALLEST_FILE, disk // _FILES)))


def seaweedfs_values(settings: StoreSettings) -> dict[str, Any]:
    """The whole server in one pod, with our claim and our users.

    By default the chart creates a ClusterRole for all pods, random credentials, and buckets. All of that is disabled
    here.
    """
    repository = IMAGE if settings.mirror is None else settings.mirror.of(IMAGE)
    restricted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
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
            **restricted,
        },
        "containerSecurityContext": {
            "enabled": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            **restricted,
        },
        "resources": _bounded(settings),
        # The chart's affinity spreads several servers, but there is only one.
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
    if settings.metrics:
        server["metricsPort"] = METRICS_PORT
    if repository != IMAGE:
        values["image"] = {"repository": repository}
    if settings.pull_secret is not None:
        values["global"]["imagePullSecrets"] = [{"name": settings.pull_secret.name}]
    return values


def _block(entries: list[dict[str, Any]]) -> str:
    """List items as text, as the chart requires. JSON is valid YAML."""
    return "\n".join(f"- {json.dumps(entry)}" for entry in entries)


def _bounded(settings: StoreSettings) -> dict[str, Any]:
    """Resources without the chart's default CPU limit, unless one is set."""
    told = resources(settings.resources)
    if settings.resources.cpu_limit is None:
        told["limits"]["cpu"] = None
    return told


def _placed(settings: StoreSettings) -> dict[str, str]:
    told = placement(settings.placement, settings.facts.architecture)
    return {key: json.dumps(value) for key, value in told.items()}


def seaweedfs_objects(settings: StoreSettings) -> dict[str, Mapping[str, Any]]:
    """The claim, the users, and a network policy that allows clients to connect only to the S3 port."""
    place = {"namespace": settings.namespace}
    volume = claim(claim_name(settings.name), settings.namespace, settings.storage, "ReadWriteOnce", state_metadata())
    users: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": users_name(settings.name),
            **place,
            # Flux would substitute ${NAME}.
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "data": {"users.json": users_text(settings)},
    }
    objects: dict[str, Mapping[str, Any]] = {"data": volume, "users": users}
    if settings.own_policy:
        objects["only-s3"] = _only_s3(settings)
    return objects


def metrics_rules(settings: StoreSettings) -> Iterator[Finding]:
    """The own policy must know the pods of Prometheus."""
    if settings.metrics and settings.own_policy and not isinstance(settings.facts.monitoring, PodGroup):
        yield Finding(
            rule="storage/metrics",
            at="metrics",
            problem="requires ClusterFacts(monitoring=), the pods of Prometheus: no other pods may connect to the port of the "
            "metrics, which also serves profiles of the process",
            seen="True",
            fix='Set ClusterFacts(monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": '
            '"prometheus"})), or use NetworkIsolation and own_policy=False',
        )


def store_traffic(settings: StoreSettings) -> Traffic:
    """The server, and Prometheus if it serves metrics."""
    server = store_pods(settings)
    scrape = TrafficFlow(
        source=ClusterComponent(role="monitoring"), target=server, port=METRICS_PORT, purpose="metrics"
    )
    return Traffic(workloads=(server,), flows=(scrape,) if settings.metrics else ())


def _only_s3(settings: StoreSettings) -> dict[str, Any]:
    """Denies the other ports, which require no login and allow reading and deleting everything.

    Only Prometheus connects to the port of the metrics: it also serves profiles of the process, under ``/debug/pprof``.
    """
    labels = pod_labels(settings.name)
    prometheus = settings.facts.monitoring
    metrics: list[dict[str, Any]] = []
    if settings.metrics and isinstance(prometheus, PodGroup):
        ports = [{"port": METRICS_PORT, "protocol": "TCP"}]
        metrics.append({"ports": ports, "from": [peer(prometheus, settings.namespace)]})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{settings.name}-only-s3", "namespace": settings.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"ports": [{"port": S3_PORT, "protocol": "TCP"}]},
                *metrics,
                {"from": [{"podSelector": {"matchLabels": labels}}]},
            ],
        },
    }

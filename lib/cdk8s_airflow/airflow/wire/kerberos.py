"""Kerberos in generated pod templates, as in the chart's own template. It is set with ``values=`` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.airflow.wire.task_pod_overlay import TaskPodOverlay
from cdk8s_airflow.airflow.wire.tree import Tree

_KEYTAB = "kerberos-keytab"
_CACHE = "kerberos-ccache"
_USUAL = {
    "ccacheMountPath": "/var/kerberos-ccache",
    "ccacheFileName": "cache",
    "configPath": "/etc/krb5.conf",
    "keytabPath": "/etc/airflow.keytab",
}
"""Keys below ``kerberos`` and the chart's defaults."""


def kerberos_volumes(release: str, given: TaskPodOverlay) -> list[Tree]:
    """The keytab, in the Secret with the chart's name for it, and the ticket cache."""
    if not given.kerberos.get("enabled"):
        return []
    return [
        {"name": _KEYTAB, "secret": {"secretName": f"{release}-{_KEYTAB}"}},
        {"name": _CACHE, "emptyDir": {}},
    ]


def kerberos_mounts(given: TaskPodOverlay, *, read_only: bool) -> list[Tree]:
    """The mounts of one container.

    Args:
        given: what ``values=`` sets.
        read_only: whether the container only reads the ticket cache.
    """
    if not given.kerberos.get("enabled"):
        return []
    keytab, config, cache = (_path(given, key) for key in ("keytabPath", "configPath", "ccacheMountPath"))
    return [
        {"name": _KEYTAB, "subPath": "kerberos.keytab", "mountPath": keytab, "readOnly": True},
        {"name": "config", "mountPath": config, "subPath": "krb5.conf", "readOnly": True},
        {"name": _CACHE, "mountPath": cache, "readOnly": read_only},
    ]


def kerberos_variables(given: TaskPodOverlay) -> list[Tree]:
    """The variables of a container in a pod that gets tickets."""
    if not any(part.get("enabled") for part in (given.kerberos_sidecar, given.kerberos_init)):
        return []
    cache = f"{_path(given, 'ccacheMountPath')}/{_path(given, 'ccacheFileName')}"
    return [
        {"name": "KRB5_CONFIG", "value": _path(given, "configPath")},
        {"name": "KRB5CCNAME", "value": cache},
    ]


def kerberos_init_containers(
    given: TaskPodOverlay, base: Mapping[str, Any], common: Mapping[str, Any], *, with_lifecycle: bool
) -> list[Tree]:
    """The init container that gets a ticket.

    Args:
        given: what ``values=`` sets.
        base: the container of the task. The Kerberos containers have its variables and mounts too.
        common: image, pull policy and security context of Airflow's own containers.
        with_lifecycle: whether this chart version has lifecycle hooks for it.
    """
    container = _container("kerberos-init", ["kerberos", "-o"], given, given.kerberos_init, base, common)
    if not with_lifecycle:
        container.pop("lifecycle", None)
    return [container] if given.kerberos_init.get("enabled") is True else []


def kerberos_sidecars(given: TaskPodOverlay, base: Mapping[str, Any], common: Mapping[str, Any]) -> list[Tree]:
    """The sidecar that renews the ticket."""
    container = _container("worker-kerberos", ["kerberos"], given, given.kerberos_sidecar, base, common)
    return [container] if given.kerberos_sidecar.get("enabled") is True else []


def _container(
    name: str,
    arguments: list[str],
    given: TaskPodOverlay,
    part: Mapping[str, Any],
    base: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Tree:
    mounts = [mount for mount in base.get("volumeMounts", ()) if mount["name"] not in (_KEYTAB, _CACHE, "dags")]
    mounts = [mount for mount in mounts if mount.get("subPath") != "krb5.conf"]
    contexts = part.get("securityContexts")
    context = contexts.get("container") if isinstance(contexts, Mapping) else None
    container: Tree = {
        "name": name,
        **common,
        "args": arguments,
        "securityContext": context or common["securityContext"],
        "lifecycle": part.get("containerLifecycleHooks") or given.kerberos_lifecycle,
        "resources": part.get("resources") or base.get("resources"),
        "envFrom": base.get("envFrom"),
        "env": base.get("env"),
        "volumeMounts": [*mounts, *kerberos_mounts(given, read_only=False)],
    }
    return {key: value for key, value in container.items() if value not in (None, [], {})}


def _path(given: TaskPodOverlay, key: str) -> str:
    return str(given.kerberos.get(key) or _USUAL[key])

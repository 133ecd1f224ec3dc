"""Kerberos in generated pod templates, as in the chart's own template. It is set with ``values=`` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def kerberos_volumes(release: str, values: Mapping[str, Any]) -> list[Tree]:
    """The keytab, in the Secret with the chart's name for it, and the ticket cache."""
    if not _told(values).get("enabled"):
        return []
    return [
        {"name": _KEYTAB, "secret": {"secretName": f"{release}-{_KEYTAB}"}},
        {"name": _CACHE, "emptyDir": {}},
    ]


def kerberos_mounts(values: Mapping[str, Any], *, read_only: bool) -> list[Tree]:
    """The mounts of one container.

    Args:
        values: the values of the chart.
        read_only: whether the container only reads the ticket cache.
    """
    if not _told(values).get("enabled"):
        return []
    return [
        {"name": _KEYTAB, "subPath": "kerberos.keytab", "mountPath": _path(values, "keytabPath"), "readOnly": True},
        {"name": "config", "mountPath": _path(values, "configPath"), "subPath": "krb5.conf", "readOnly": True},
        {"name": _CACHE, "mountPath": _path(values, "ccacheMountPath"), "readOnly": read_only},
    ]


def kerberos_variables(values: Mapping[str, Any], workers: Mapping[str, Any]) -> list[Tree]:
    """The variables of a container in a pod that gets tickets."""
    if not any(_part(workers, part).get("enabled") for part in ("kerberosSidecar", "kerberosInitContainer")):
        return []
    cache = f"{_path(values, 'ccacheMountPath')}/{_path(values, 'ccacheFileName')}"
    return [
        {"name": "KRB5_CONFIG", "value": _path(values, "configPath")},
        {"name": "KRB5CCNAME", "value": cache},
    ]


def kerberos_containers(
    values: Mapping[str, Any],
    workers: Mapping[str, Any],
    base: Mapping[str, Any],
    image: tuple[str, str],
    *,
    init_hooks: bool,
) -> tuple[list[Tree], list[Tree]]:
    """The init container that gets a ticket, and the sidecar that renews it.

    Args:
        values: the values of the chart.
        workers: the values of task pods.
        base: the container of the task. The Kerberos containers have its variables and mounts too.
        image: Airflow's image and its pull policy.
        init_hooks: whether this chart version has lifecycle hooks for the init container.
    """
    mounts = [mount for mount in base.get("volumeMounts", ()) if mount["name"] not in (_KEYTAB, _CACHE, "dags")]
    mounts = [mount for mount in mounts if mount.get("subPath") != "krb5.conf"]
    found: list[list[Tree]] = []
    for part, name, arguments in (
        ("kerberosInitContainer", "kerberos-init", ["kerberos", "-o"]),
        ("kerberosSidecar", "worker-kerberos", ["kerberos"]),
    ):
        told = _part(workers, part)
        hooks = told.get("containerLifecycleHooks") or values.get("containerLifecycleHooks")
        container: Tree = {
            "name": name,
            "image": image[0],
            "imagePullPolicy": image[1],
            "args": arguments,
            "securityContext": _part(told, "securityContexts").get("container")
            or _part(values, "securityContexts").get("containers"),
            "lifecycle": hooks if init_hooks or part == "kerberosSidecar" else None,
            "resources": told.get("resources") or base.get("resources"),
            "envFrom": base.get("envFrom"),
            "env": base.get("env"),
            "volumeMounts": [*mounts, *kerberos_mounts(values, read_only=False)],
        }
        present = told.get("enabled") is True
        found.append([{key: value for key, value in container.items() if value not in (None, [], {})}] * present)
    return found[0], found[1]


def _told(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(values, "kerberos")


def _path(values: Mapping[str, Any], key: str) -> str:
    return str(_told(values).get(key) or _USUAL[key])


def _part(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, Mapping) else {}


__all__ = ["kerberos_containers", "kerberos_mounts", "kerberos_variables", "kerberos_volumes"]

"""Permissions of service accounts, for the summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.permission import Permission, merged, permissions_in


def permissions_of(registry: Registry) -> tuple[Permission, ...]:
    """Permissions of every account of an app: from the objects that it emits, and those that a chart creates."""
    return merged(
        [*permissions_in(registry.rbac), *(permission for each in registry.permissions for permission in each())]
    )


def permissions_text(permissions: Iterable[Permission]) -> str:
    """Permissions as a paragraph for each namespace, equal accounts on one line, cluster-wide permissions last."""
    by_place: dict[tuple[bool, str], list[Permission]] = {}
    for permission in permissions:
        by_place.setdefault((permission.namespace is None, permission.namespace or ""), []).append(permission)
    if not by_place:
        return ""
    lines = ["Permissions of service accounts in the Kubernetes API:"]
    for (whole, namespace), there in sorted(by_place.items()):
        lines.append("  in the whole cluster" if whole else f"  in namespace {namespace}")
        lines += (f"    {line}" for line in _accounts(there, namespace))
    return "\n".join(lines)


def _accounts(permissions: list[Permission], namespace: str) -> Iterator[str]:
    by_account: dict[str, list[str]] = {}
    for permission in permissions:
        home = permission.account_namespace
        name = permission.account if home == namespace else f"{permission.account} of namespace {home}"
        by_account.setdefault(name, []).append(_told(permission))
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, told in by_account.items():
        alike.setdefault(tuple(told), []).append(name)
    for deeds, names in alike.items():
        yield f"{', '.join(names)}: {'; '.join(deeds)}"


def _told(permission: Permission) -> str:
    if permission.is_everything:
        return "everything"
    resource = permission.resource if permission.group == "" else f"{permission.resource}.{permission.group}"
    only = f" named {', '.join(permission.names)}" if permission.names else ""
    return f"{' '.join(permission.verbs)} {resource}{only}"

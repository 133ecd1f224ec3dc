"""What service accounts may do, as a reader of the summary sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.permission import Permission, merged, permissions_in


def permissions_of(registry: Registry) -> tuple[Permission, ...]:
    """What every account of an app may do: by the objects it emits, and by what those bring along."""
    return merged(
        [*permissions_in(registry.rbac), *(permission for each in registry.permissions for permission in each())]
    )


def permissions_text(permissions: Iterable[Permission]) -> str:
    """Rights as a paragraph: place by place, accounts that may do the same in one line, and the whole cluster last."""
    by_place: dict[tuple[bool, str], list[Permission]] = {}
    for permission in permissions:
        by_place.setdefault((permission.namespace is None, permission.namespace or ""), []).append(permission)
    if not by_place:
        return ""
    lines = ["What accounts may do with the API of Kubernetes:"]
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

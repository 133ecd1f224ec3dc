"""What service accounts may do, as a reader of the summary sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.app.registry import Ledger
from cdk8s_airflow.model.permission import Right, merged, rights_in


def rights_of(ledger: Ledger) -> tuple[Right, ...]:
    """What every account of an app may do: by the objects it emits, and by what those bring along."""
    return merged([*rights_in(ledger.rbac), *(right for each in ledger.rights for right in each())])


def rights_text(rights: Iterable[Right]) -> str:
    """Rights as a paragraph: place by place, accounts that may do the same in one line, and the whole cluster last."""
    by_place: dict[tuple[bool, str], list[Right]] = {}
    for right in rights:
        by_place.setdefault((right.namespace is None, right.namespace or ""), []).append(right)
    if not by_place:
        return ""
    lines = ["What accounts may do with the API of Kubernetes:"]
    for (whole, namespace), there in sorted(by_place.items()):
        lines.append("  in the whole cluster" if whole else f"  in namespace {namespace}")
        lines += (f"    {line}" for line in _accounts(there, namespace))
    return "\n".join(lines)


def _accounts(rights: list[Right], namespace: str) -> Iterator[str]:
    by_account: dict[str, list[str]] = {}
    for right in rights:
        home = right.account_namespace
        name = right.account if home == namespace else f"{right.account} of namespace {home}"
        by_account.setdefault(name, []).append(_told(right))
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, told in by_account.items():
        alike.setdefault(tuple(told), []).append(name)
    for deeds, names in alike.items():
        yield f"{', '.join(names)}: {'; '.join(deeds)}"


def _told(right: Right) -> str:
    if right.is_everything:
        return "everything"
    resource = right.resource if right.group == "" else f"{right.resource}.{right.group}"
    only = f" named {', '.join(right.names)}" if right.names else ""
    return f"{' '.join(right.verbs)} {resource}{only}"

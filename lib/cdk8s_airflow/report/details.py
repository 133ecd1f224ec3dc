"""The part of the report that is not needed to apply the manifests: state, deletion, permissions, sessions, recovery."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.report.lines import paragraph
from cdk8s_airflow.report.permissions import permissions_of, permissions_text
from cdk8s_airflow.report.removal import removal_text
from cdk8s_airflow.secret_scan import Exemptions


def details(registry: Registry, folder: Path) -> list[str]:
    """The paragraphs of the details.

    Args:
        registry: what the constructs of the app have recorded.
        folder: the folder with its manifests.
    """
    texts = [
        _state(registry),
        removal_text(registry, folder),
        *(note for note in registry.all_notes if not isinstance(note, BeforeApply)),
        permissions_text(permissions_of(registry)),
        *_sessions(registry),
        _keys(registry),
        _provided(registry),
        _partly_checked(registry.partly_checked),
        _exempt(registry.slot(Exemptions).declared),
    ]
    return [text for text in texts if text]


def details_text(registry: Registry, folder: Path) -> str:
    """The details as text for a terminal, with at most 100 columns where a line can be broken."""
    paragraphs = ("\n".join(paragraph(text)) for text in details(registry, folder))
    return "\n\n".join(paragraphs) + "\n"


def _state(registry: Registry) -> str:
    if not registry.state:
        return ""
    lines = "\n".join(
        f"  {kind.partition('/')[0]} {'/'.join(part for part in (namespace, name) if part)}"
        for kind, namespace, name in registry.state
    )
    return f"These objects hold state. If you delete one, its data is lost:\n{lines}"


def _sessions(registry: Registry) -> list[str]:
    """The largest number of sessions at each database and pooler, and what opens them."""
    if not registry.sessions:
        return []
    from cdk8s_airflow.model.sessions import session_report

    return [session_report(demands) for _, demands in sorted(registry.sessions.items())]


def _keys(registry: Registry) -> str:
    """The keys of each Secret that the user creates."""
    lines = []
    for need in sorted(registry.missing, key=lambda each: (each.namespace, each.name)):
        lines.append(f"  {need.namespace}/{need.name} (type {need.type}): {need.purpose}")
        lines += (f"    {key}: {content}" for key, content in need.keys.items())
    return "\n".join(["Keys of the Secrets that you create:", *lines]) if lines else ""


def _provided(registry: Registry) -> str:
    """The Secrets that the platform creates itself."""
    lines = [f"  {namespace}/{name}: {source.by}" for (namespace, name), source in sorted(registry.provided.items())]
    return "\n".join(["Secrets that the platform creates, and what creates each:", *lines]) if lines else ""


def _partly_checked(kinds: set[str]) -> str:
    """Which of the user's own objects were not compared with a schema, although Kubernetes has one."""
    if not kinds:
        return ""
    return (
        f"Your own objects of kind {', '.join(sorted(kinds))} were checked for names, labels, quantities and enumerations, "
        "not for unknown fields. The API server checks those: kubectl apply --server-side --dry-run=server"
    )


def _exempt(strings: int) -> str:
    """The number of strings that the program exempts from the secret scan."""
    if not strings:
        return ""
    verb = "string is" if strings == 1 else "strings are"
    return f"{strings} {verb} exempt from the secret scan: not_secret()."

"""Secrets that the platform creates itself, compared with what their readers require."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.model.secret_need import ANY_KEY, SecretNeed
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen


@frozen
class ProvidedSecret:
    """A Secret that something on the platform creates: an operator, a Job, or a controller such as External Secrets.

    Attributes:
        name: the name of the Secret.
        namespace: its namespace.
        keys: its keys; None if only the source of the Secret determines them.
        type: the type of the Secret; None if it is unknown.
        by: what creates it, as shown in the report, such as ``"ExternalSecret airflow/airflow-fernet-key"``.
    """

    name: str
    namespace: str
    keys: frozenset[str] | None
    by: str
    type: str | None = "Opaque"


def unmet(need: SecretNeed, source: ProvidedSecret) -> Iterator[Finding]:
    """The keys and the type that a reader requires of a Secret and that its creator does not provide."""
    place = f"Secret {need.name!r} in namespace {need.namespace!r}, created by {source.by},"
    missing = sorted(need.keys.keys() - {ANY_KEY} - source.keys) if source.keys is not None else []
    if missing:
        yield Finding(
            rule="secrets/key-not-made",
            at="secret",
            problem=f"{place} must contain {', '.join(missing)}; purpose: {need.purpose}",
            seen=", ".join(sorted(source.keys or ())) or "no keys",
            fix=f"Add {', '.join(missing)} where the Secret is created",
        )
    if source.type is not None and need.type not in ("Opaque", source.type):
        yield Finding(
            rule="secrets/type",
            at="secret",
            problem=f"{place} must be of type {need.type}; purpose: {need.purpose}",
            seen=source.type,
            fix=f"Create it with type {need.type}",
        )

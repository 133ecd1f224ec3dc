"""Secrets that a platform makes itself, and whether each is what its reader expects."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.model.secret_need import ANY_KEY, SecretNeed
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen


@frozen
class ProvidedSecret:
    """A Secret that something on the platform makes: an operator, a Job, a controller of secrets.

    Attributes:
        name: the Secret's name.
        namespace: where it is made.
        keys: its keys; None where they are known only to whoever holds the source.
        type: the Secret's type; None where it is not known.
        by: what makes it, as a reader of the summary knows it, like ``"ExternalSecret airflow/airflow-fernet-key"``.
    """

    name: str
    namespace: str
    keys: frozenset[str] | None
    by: str
    type: str | None = "Opaque"


def unmet(need: SecretNeed, source: ProvidedSecret) -> Iterator[Finding]:
    """What a reader misses in a Secret that something makes."""
    place = f"Secret {need.name!r} of namespace {need.namespace!r}, made by {source.by},"
    missing = sorted(need.keys.keys() - {ANY_KEY} - source.keys) if source.keys is not None else []
    if missing:
        yield Finding(
            rule="secrets/key-not-made",
            at="secret",
            problem=f"{place} lacks {', '.join(missing)}, which is read for this: {need.purpose}",
            seen=", ".join(sorted(source.keys or ())) or "no key",
            fix="add the key where the Secret is made",
        )
    if source.type is not None and need.type not in ("Opaque", source.type):
        yield Finding(
            rule="secrets/type",
            at="secret",
            problem=f"{place} has another type than its reader takes ({need.purpose})",
            seen=source.type,
            fix=f"make it of type {need.type}",
        )

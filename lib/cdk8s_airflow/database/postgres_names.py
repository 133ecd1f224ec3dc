"""What PostgreSQL and CloudNativePG keep for themselves, and what no PostgreSQL can have."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import Finding

RESERVED_DATABASES = ("postgres", "template0", "template1")
"""Databases that PostgreSQL makes for itself."""


RESERVED_ROLES = ("postgres", "streaming_replica")
"""Roles that are the operator's. Source: CloudNativePG, ``pkg/postgres/roles.go``."""


def is_reserved_role(name: str) -> bool:
    """Whether a role is PostgreSQL's or the operator's own."""
    return name in RESERVED_ROLES or name.startswith(("pg_", "cnpg_"))


def database_findings(database: str) -> Iterator[Finding]:
    """Whether a database is one that PostgreSQL makes for itself."""
    if database in RESERVED_DATABASES:
        yield Finding(
            rule="database/database",
            at="database",
            problem="is a database that PostgreSQL creates itself",
            seen=repr(database),
            fix="Use another name for the database",
        )


def volume_findings(volume: Volume, at: str, *, writer: str) -> Iterator[Finding]:
    """Whether a volume of a database is one that others could write too.

    Args:
        volume: the volume.
        at: the argument it is given by.
        writer: what alone writes it, like ``"one instance"``.
    """
    if volume.access_mode == "ReadWriteMany":
        yield Finding(
            rule="database/access-mode",
            at=f"{at}.access_mode",
            problem=f"is not supported for a database: only {writer} writes to its volume",
            seen="ReadWriteMany",
            fix="Remove it",
        )

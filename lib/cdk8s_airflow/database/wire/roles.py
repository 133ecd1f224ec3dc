"""The roles of a Cluster: in its spec, or as objects of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.database.roles import DatabaseRole
from cdk8s_airflow.database.wire.settings import ClusterSettings, cluster_object
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.database_login import DatabasePasswords, PasswordSource
from cdk8s_airflow.model.secret_reference import BasicAuthSecret

_ROLE_DEFAULTS = {"ensure": "present", "inherit": True, "connectionLimit": -1}
"""What the API server adds to an entry of ``managed.roles``. Written, so that the list is the same in the manifest and the cluster."""


def all_roles(settings: ClusterSettings) -> list[DatabaseRole]:
    """The roles of the Cluster and the owners of its databases, each once."""
    owners = [each.owner for each in settings.databases if isinstance(each.owner, DatabaseRole)]
    found: list[DatabaseRole] = []
    for role in (*settings.roles, *owners):
        if role not in found:
            found.append(role)
    return found


def role_spec(settings: ClusterSettings) -> dict[str, Any]:
    """The part of the Cluster's ``spec`` with roles; empty where roles are objects of their own."""
    roles = [] if settings.role_objects else [_role(role) for role in all_roles(settings)]
    return {"managed": {"roles": [{**_ROLE_DEFAULTS, **role} for role in roles]}} if roles else {}


def role_objects(settings: ClusterSettings) -> dict[str, dict[str, Any]]:
    """Construct id -> DatabaseRole, for versions of the operator that have it."""
    if not settings.role_objects:
        return {}
    return {
        f"role-{role.name}": cluster_object(settings, "DatabaseRole", role.name, _role(role))
        for role in all_roles(settings)
    }


def role_needs(settings: ClusterSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets with the logins of roles."""
    for role in all_roles(settings):
        if role.credentials is not None:
            yield needs.basic_auth(
                role.credentials,
                settings.namespace,
                username=role.name,
                purpose=f"role {role.name} in Cluster {settings.name}",
            )


def register_passwords(
    passwords: DatabasePasswords, settings: ClusterSettings, credentials: BasicAuthSecret | None
) -> None:
    """Register the Secrets with the passwords of the owner and of all roles, for every Service of the Cluster.

    Args:
        passwords: the passwords of the app.
        settings: the Cluster.
        credentials: the Secret with the login of the owner; None for the one that the operator creates.
    """
    owners = f"{settings.name}-app" if credentials is None else credentials.name
    services = [f"{settings.name}-{kind}" for kind in ("rw", "ro", "r")]
    for user, secret in (
        (settings.owner, owners),
        *((role.name, role.credentials.name) for role in all_roles(settings) if role.credentials is not None),
    ):
        passwords.add(services, settings.namespace, user, PasswordSource(namespace=settings.namespace, secret=secret))


def _role(role: DatabaseRole) -> dict[str, Any]:
    """A role, in the form that the Cluster and the object of its own share."""
    made: dict[str, Any] = {"name": role.name, "login": role.credentials is not None}
    if role.credentials is None:
        made["disablePassword"] = True
    else:
        made["passwordSecret"] = {"name": role.credentials.name}
    for key, value in (
        ("inRoles", list(role.member_of)),
        ("createdb", role.create_databases),
        ("createrole", role.create_roles),
        ("comment", role.comment),
    ):
        if value:
            made[key] = value
    if role.connection_limit != -1:
        made["connectionLimit"] = role.connection_limit
    return made

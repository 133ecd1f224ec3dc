"""The databases of a Cluster beyond its first, and the extensions of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdk8s_airflow.database.cluster_settings import PostgresExtension
from cdk8s_airflow.database.roles import DatabaseRole, PostgresDatabase
from cdk8s_airflow.database.wire.roles import all_roles
from cdk8s_airflow.database.wire.settings import ClusterSettings, cluster_object
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.validation import Finding


def database_objects(settings: ClusterSettings) -> dict[str, dict[str, Any]]:
    """Construct id -> Database. The first database has one only for its extensions."""
    made: dict[str, dict[str, Any]] = {}
    if settings.extensions:
        first = PostgresDatabase(name=settings.database, extensions=settings.extensions)
        made["first-database"] = _database(settings, first)
    for each in settings.databases:
        made[f"database-{each.name}"] = _database(settings, each)
    return made


def owner_of(settings: ClusterSettings, database: PostgresDatabase) -> str:
    """The name of the role that owns a database."""
    if isinstance(database.owner, DatabaseRole):
        return database.owner.name
    return settings.owner if database.owner is None else database.owner


def login_of(settings: ClusterSettings, name: str, *, operators: str) -> tuple[str, str] | Finding:
    """The role that owns a further database, and the Secret with its password, in the namespace of the Cluster.

    Args:
        operators: the Secret of the owner of the first database.
    """
    database = next((each for each in settings.databases if each.name == name), None)
    if database is None:
        known = ", ".join([settings.database, *(each.name for each in settings.databases)])
        return Finding(
            rule="database/database",
            at="database",
            problem=f"must be a database of Cluster {settings.name}",
            seen=repr(name),
            fix=f"Use one of: {known}; or add it to databases=[...]",
        )
    owner = owner_of(settings, database)
    if owner == settings.owner:
        return owner, operators
    role = next(each for each in all_roles(settings) if each.name == owner)
    if role.credentials is None:
        return Finding(
            rule="database/role",
            at="database",
            problem=f"is owned by role {owner}, which has no password",
            seen=repr(name),
            fix=f'Set for the role credentials=BasicAuthSecret("{owner.replace("_", "-")}-login")',
        )
    return owner, role.credentials.name


def _database(settings: ClusterSettings, database: PostgresDatabase) -> dict[str, Any]:
    """A Database object. The operator leaves the database where it is when the object goes (``retain``)."""
    owner = owner_of(settings, database)
    spec: dict[str, Any] = {"name": database.name, "owner": owner, "databaseReclaimPolicy": "retain"}
    if database.connection_limit != -1:
        spec["connectionLimit"] = database.connection_limit
    if database.schemas:
        spec["schemas"] = [{"name": each, "owner": owner, "ensure": "present"} for each in database.schemas]
    if database.extensions:
        spec["extensions"] = _extensions(database.extensions)
    made = cluster_object(settings, "Database", database.name, spec)
    made["metadata"] |= state_metadata()
    return made


def _extensions(given: Sequence[PostgresExtension | str]) -> list[dict[str, Any]]:
    made = []
    for each in given:
        extension = PostgresExtension(name=each) if isinstance(each, str) else each
        said = (
            ("name", extension.name),
            ("schema", extension.schema),
            ("version", extension.version),
            ("ensure", "present"),
        )
        made.append({key: value for key, value in said if value is not None})
    return made

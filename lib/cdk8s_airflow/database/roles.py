"""Further roles and databases in a PostgreSQL cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from cdk8s_airflow.database.cluster_settings import PostgresExtension
from cdk8s_airflow.database.postgres_names import RESERVED_DATABASES, is_reserved_role
from cdk8s_airflow.model.secret_reference import BasicAuthSecret
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import ExtensionName, Must, SqlName
from cdk8s_airflow.validation.frozen import frozen

_RoleName = Annotated[
    SqlName,
    Must(
        lambda name: not is_reserved_role(name),
        "must not be a reserved role of PostgreSQL or CloudNativePG",
        "Use another name",
        "database/owner",
    ),
]

_MemberOf = Annotated[
    str,
    Must(
        lambda name: 0 < len(name) <= 63 and name.isidentifier() and name.islower(),
        "must be a role name that PostgreSQL accepts without quotes",
        "use lower-case letters, digits and underscores, starting with a letter",
        "argument/name",
    ),
]

_DatabaseName = Annotated[
    SqlName,
    Must(
        lambda name: name not in RESERVED_DATABASES,
        "must not be a database that PostgreSQL creates itself",
        "Use another name",
        "database/database",
    ),
]

_Sessions = Annotated[
    int,
    Must(
        lambda number: -1 <= number <= 2**31 - 1,
        "must be a number of sessions",
        "Use 0 or more, or -1 for no limit",
        "argument/range",
    ),
]


@frozen
class DatabaseRole:
    """A role of PostgreSQL. The operator keeps it as defined here; privileges granted in SQL stay.

    The first release of the operator with an object for it is 1.30. With an older or unknown one
    it is part of the Cluster, which every version supports.

    Attributes:
        name: the name of the role, ``name`` in ``spec.managed.roles``.
        credentials: a Secret in the namespace of the Cluster with the role as ``username`` and its ``password``. Default: none: a
            group that other roles are members of, which cannot log in.
        member_of: roles whose privileges it inherits.
        create_databases: whether it may create databases. Default: no.
        create_roles: whether it may create roles. Default: no.
        connection_limit: the maximum number of sessions. Default: no limit (-1).
        comment: a comment on the role.
    """

    how_to_write: ClassVar[str] = 'DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login"))'

    name: _RoleName
    credentials: BasicAuthSecret | None = None
    member_of: Sequence[_MemberOf] = ()
    create_databases: bool = False
    create_roles: bool = False
    connection_limit: _Sessions = -1
    comment: str | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.name in self.member_of:
            yield Finding(
                rule="database/role",
                at="member_of",
                problem="must not contain the role itself",
                seen=repr(self.name),
                fix="Remove it",
            )
        if len(set(self.member_of)) < len(self.member_of):
            yield Finding(
                rule="database/role",
                at="member_of",
                problem="contains a role twice",
                seen=repr(list(self.member_of)),
                fix="List each role once",
            )


@frozen
class PostgresDatabase:
    """A further database in a Cluster, such as the warehouse that dbt builds.

    Removing it here leaves the database and its data where they are.

    Attributes:
        name: the name of the role, ``name`` in ``spec.managed.roles``. It cannot be changed later.
        owner: the role that owns it: the name of one of the Cluster's ``roles``, or a role of its own. Default: the owner of the Cluster's
            first database.
        schemas: schemas that are created in it, and owned by its owner.
        extensions: extensions that are created in it.
        connection_limit: the maximum number of sessions. Default: no limit (-1).
    """

    how_to_write: ClassVar[str] = (
        'PostgresDatabase(name="warehouse", owner=DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login")))'
    )

    name: _DatabaseName
    owner: DatabaseRole | SqlName | None = None
    schemas: Sequence[SqlName] = ()
    extensions: Sequence[PostgresExtension | ExtensionName] = ()
    connection_limit: _Sessions = -1

    def _rules(self) -> Iterator[Finding]:
        yield from twice(self.extensions, "extensions")
        if len(set(self.schemas)) < len(self.schemas):
            yield Finding(
                rule="database/schema",
                at="schemas",
                problem="contains a schema twice, which CloudNativePG rejects",
                seen=repr(list(self.schemas)),
                fix="List each schema once",
            )


def twice(extensions: Sequence[PostgresExtension | str], at: str) -> Iterator[Finding]:
    """Whether an extension is named twice, which the operator refuses."""
    names = [each.name if isinstance(each, PostgresExtension) else each for each in extensions]
    if len(set(names)) < len(names):
        yield Finding(
            rule="database/extension",
            at=at,
            problem="contains an extension twice, which CloudNativePG rejects",
            seen=repr(names),
            fix="List each extension once",
        )

"""Values in a secret store, and how they become keys of a Secret."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import active, find_in_text, is_secret_value
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Must, NonEmpty, SqlName, VariableName, is_token
from cdk8s_airflow.validation.frozen import frozen

_PART = regex(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

_RemoteName = Annotated[
    NonEmpty,
    Must(
        lambda text: not is_token(text) and "\n" not in text and len(text) <= 2048,
        "must be the name of a secret in a store",
        "Use the name of the secret, never its content",
        "secrets/remote-name",
        hides=True,
    ),
]


@frozen(kw_only=False)
class RemoteKey:
    """A secret in a store, or one field of it.

    Args:
        name: the name in the store: ``"prod/airflow"`` in AWS, a path in Vault, the name of a Secret in Kubernetes.
            ``remoteRef.key``.
        property: the field. Required for Vault and Kubernetes; for other stores, a field of a JSON value.
            ``remoteRef.property``. Default: None, the whole value.
        version: the version of the secret. ``remoteRef.version``. Default: None, the latest.
        base64: whether the value is stored as base64 and is decoded. ``remoteRef.decodingStrategy``. Default: False;
            the value is copied unchanged, as a Fernet key requires.
    """

    how_to_write: ClassVar[str] = 'RemoteKey("prod/airflow", property="fernet-key")'

    name: _RemoteName
    property: NonEmpty | None = None
    version: NonEmpty | None = None
    base64: bool = False


TemplateEscape = Literal["url", "json", "none"]
"""How a part is escaped inside a string: percent-encoded, as a JSON string, or not at all."""


@frozen
class RemoteTemplate:
    """A string with secrets from a store, composed in the cluster.

    Attributes:
        template: the string, with part names in braces: ``"postgresql://{user}:{password}@db.acme.lab:5432/airflow"``.
        parts: part name -> where the value is stored. At least one.
        escape: how each part is escaped: ``"url"`` percent-encodes it, ``"json"`` writes it as a JSON string with its
            quotes (so do not add quotes), ``"none"`` copies it unchanged. Default: ``"url"``.
    """

    how_to_write: ClassVar[str] = (
        'RemoteTemplate(template="postgresql://airflow:{password}@db.acme.lab:5432/airflow", '
        'parts={"password": RemoteKey("prod/db", property="password")})'
    )

    template: NonEmpty
    parts: Mapping[VariableName, RemoteKey]
    escape: TemplateEscape = "url"

    def _rules(self) -> Iterator[Finding]:
        named = set(_PART.findall(self.template))
        for name in sorted(named - self.parts.keys()):
            yield Finding(
                rule="secrets/part",
                at="template",
                problem=f"contains {{{name}}}, which is not in parts",
                fix=f"Add parts={{{name!r}: RemoteKey(...)}}",
            )
        for name in sorted(self.parts.keys() - named):
            yield Finding(
                rule="secrets/part",
                at=f"parts.{name}",
                problem="is not in the template and would be unused",
                seen=show(name),
                fix=f"Add {{{name}}} to the template, or remove the part",
            )
        if not self.parts:
            yield Finding(
                rule="secrets/part",
                at="parts",
                problem="must contain at least one part, otherwise the manifest contains the whole string in plain "
                "text",
                fix="Replace each secret in the template with a name in braces, and set its RemoteKey in parts",
            )
        if find_in_text(_PART.sub("{{part}}", self.template)):
            yield Finding(
                rule="secrets/literal",
                at="template",
                problem="contains a password or token, which would be written to the manifest in clear text",
                fix="Write a name in braces in its place, and pass where it is stored in parts=",
            )


@runtime_checkable
class HasConnection(Protocol):
    """A database that offers a connection through a Secret in the namespace of the reader: a CnpgCluster or a
    pooler.
    """

    def connection(self, *, bridge: Any = None, tls: Any = ...) -> Any:
        """The connection for ``AirflowChart(database=...)``."""
        ...


def takes(database: object, argument: str) -> bool:
    """Whether ``connection`` of a database has an argument."""
    connection = getattr(type(database), "connection", None)
    return callable(connection) and argument in inspect.signature(connection).parameters


PlatformDatabase = Annotated[
    HasConnection,
    Must(
        lambda database: hasattr(database, "sound") and takes(database, "bridge"),
        "must be a database of this platform",
        "Pass the CnpgCluster itself, not its connection; for another database use RemoteTemplate(template=...)",
        "secrets/database",
    ),
]
"""A database of this platform, whose URL is known except for the password."""


@frozen
class DatabaseUrl:
    """The URL of a database of this platform, with a password from a store.

    Attributes:
        database: the database. Determines host, port, user and database name.
        password: where the password is stored. The login of the database owner must have the same password.
        database_name: the name of a database of the Cluster. Default: None, the first database.
    """

    how_to_write: ClassVar[str] = 'DatabaseUrl(database=db, password=RemoteKey("prod/db", property="password"))'

    database: PlatformDatabase
    password: RemoteKey
    database_name: SqlName | None = None

    def _rules(self) -> Iterator[Finding]:
        if not getattr(self.database, "sound", True):
            return
        found = database_arguments(self.database, self.database_name)[1]
        yield from found
        if not found and around_password(self.database, self.database_name) is None:
            yield Finding(
                rule="secrets/database",
                at="database",
                problem="must be a database with a known host, user and name",
                fix="Use RemoteTemplate(template=...) with the URL",
            )


@frozen(kw_only=False)
class LiteralValue:
    """A value that is not secret, next to keys that are: a user name, an address, a type. The manifest contains it.

    Args:
        value: the string, which must not be a secret.
    """

    how_to_write: ClassVar[str] = 'LiteralValue("airflow")'
    names_a_secret: ClassVar[bool] = True

    value: NonEmpty


RemoteValue = RemoteKey | RemoteTemplate | DatabaseUrl | LiteralValue
"""The content of a key of a Secret."""


def literal_rules(key: str, text: LiteralValue) -> Iterator[Finding]:
    """Check that a literal value is not a secret, by the name of its key and by its format."""
    if active().covers(text.value):
        return
    if is_secret_value(key, text.value, only_secrets=True) or find_in_text(text.value):
        yield Finding(
            rule="secrets/literal",
            at=f"data.{key}",
            problem="looks like a secret, and would be written to the manifest in clear text",
            fix='Use RemoteKey(...), or, if it is not a secret, LiteralValue(not_secret("..."))',
        )


def database_arguments(database: HasConnection, name: str | None) -> tuple[dict[str, Any], list[Finding]]:
    """The arguments of ``connection`` that select a database by name, or a finding if the database cannot be
    selected.
    """
    if name is None:
        return {}, []
    if takes(database, "database"):
        return {"database": name}, []
    return {}, [
        Finding(
            rule="secrets/database",
            at="database_name",
            problem="is not supported here, because this construct leads to one database only",
            seen=show(name),
            fix="Remove database_name=",
        )
    ]


def around_password(database: HasConnection, name: str | None = None) -> tuple[str, str] | None:
    """The text of the URL before and after the password; None if unknown."""
    from cdk8s_airflow.model.secret_reference import DsnSecret

    which, _ = database_arguments(database, name)
    url: tuple[str, str] | None = getattr(database.connection(bridge=DsnSecret("unknown"), **which), "url", None)
    return url


def as_text(value: RemoteTemplate | DatabaseUrl) -> RemoteTemplate:
    """The value as a template with parts."""
    if isinstance(value, RemoteTemplate):
        return value
    before, after = around_password(value.database, value.database_name) or ("", "")
    return RemoteTemplate(template=f"{before}{{password}}{after}", parts={"password": value.password})


def pieces(form: str) -> Iterator[tuple[str, str]]:
    """Splits a template into pairs of plain text and the part name that follows it. The last name is empty."""
    end = 0
    for match in _PART.finditer(form):
        yield form[end : match.start()], match[1]
        end = match.end()
    yield form[end:], ""

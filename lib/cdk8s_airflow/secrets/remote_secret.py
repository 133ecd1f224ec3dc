"""What stands in a store of secrets, and how it becomes a key of a Secret."""

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
        "is not the name of a secret in a store",
        "give its name, never what is in it",
        "secrets/remote-name",
        hides=True,
    ),
]


@frozen(kw_only=False)
class RemoteKey:
    """One secret in a store, or one field of it.

    Args:
        name: its name in the store: ``"prod/airflow"`` in AWS, a path in Vault, the name of a Secret in Kubernetes.
        property: the field, where the store keeps several under one name. Always needed with Vault and Kubernetes; with the others,
            a field of a secret that is JSON. Default: all of it.
        version: which version, where the store keeps several. Default: the newest.
        base64: whether it is kept in base64 and comes into the Secret decoded. Default: it comes as it is; a Fernet key must.
    """

    how_to_write: ClassVar[str] = 'RemoteKey("prod/airflow", property="fernet-key")'

    name: _RemoteName
    property: NonEmpty | None = None
    version: NonEmpty | None = None
    base64: bool = False


TemplateEscape = Literal["url", "json", "none"]
"""What is done to a part so that it means the same inside a text: percent-encoding, JSON in quotes, or nothing."""


@frozen
class RemoteTemplate:
    """A text with secrets of a store in it, put together in the cluster.

    Attributes:
        template: the string, with the names of parts in braces: ``"postgresql://{user}:{password}@db.acme.lab:5432/airflow"``.
        parts: what stands for each name.
        escape: what is done to each part: ``"url"`` percent-encodes it, ``"json"`` writes it in quotes as JSON does (so write no
            quotes around it), ``"none"`` leaves it as it is. Default: ``"url"``.
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
                problem=f"names {{{name}}}, and parts has nothing of that name",
                fix=f"add it: parts={{{name!r}: RemoteKey(...)}}",
            )
        for name in sorted(self.parts.keys() - named):
            yield Finding(
                rule="secrets/part",
                at=f"parts.{name}",
                problem="is not in the template, so that it would go nowhere",
                seen=show(name),
                fix=f"write {{{name}}} where it belongs, or leave the part out",
            )
        if not self.parts:
            yield Finding(
                rule="secrets/part",
                at="parts",
                problem="is empty: the whole text would stand in the manifest for everybody to read",
                fix="give each secret in the text a name in braces, and say here where it is kept",
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
    """Anything that offers a connection to its database through a Secret beside the reader: a CnpgCluster, a pooler."""

    def connection(self, *, bridge: Any = None, tls: Any = ...) -> Any:
        """The handle for ``AirflowChart(database=...)``."""
        ...


def takes(database: object, argument: str) -> bool:
    """Whether the connection of a database can be told something."""
    connection = getattr(type(database), "connection", None)
    return callable(connection) and argument in inspect.signature(connection).parameters


PlatformDatabase = Annotated[
    HasConnection,
    Must(
        lambda database: hasattr(database, "sound") and takes(database, "bridge"),
        "is not a database of this platform",
        "give the CnpgCluster itself, not its connection; for another one, write the URL: RemoteTemplate(template=...)",
        "secrets/database",
    ),
]
"""A database of this platform, whose URL is known but for the password."""


@frozen
class DatabaseUrl:
    """The URL of a database of this platform, with a password from a store.

    Attributes:
        database: the database. Host, port, user and name come from it.
        password: where the password is kept; the login of the database's owner has to have the same.
        database_name: which of the Cluster's databases. Default: the first.
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
                problem="does not say host, user and name of the database, so that no URL can be written",
                fix="write the URL: RemoteTemplate(template=...)",
            )


@frozen(kw_only=False)
class LiteralValue:
    """A text that is no secret, for a key beside others that are: a user's name, an address, a type. It stands in the manifest.

    Args:
        value: the string.
    """

    how_to_write: ClassVar[str] = 'LiteralValue("airflow")'
    names_a_secret: ClassVar[bool] = True

    value: NonEmpty


RemoteValue = RemoteKey | RemoteTemplate | DatabaseUrl | LiteralValue
"""What a key of a Secret can come from."""


def literal_rules(key: str, text: LiteralValue) -> Iterator[Finding]:
    """Whether what stands in clear text under a key is a secret, by the key's name or by its own form."""
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
    """What to tell a database's ``connection`` of which one is meant; a finding where it knows of one only."""
    if name is None:
        return {}, []
    if takes(database, "database"):
        return {"database": name}, []
    return {}, [
        Finding(
            rule="secrets/database",
            at="database_name",
            problem="is for a Cluster: this leads to one database only",
            seen=show(name),
            fix="leave it out",
        )
    ]


def around_password(database: HasConnection, name: str | None = None) -> tuple[str, str] | None:
    """What stands in the URL before and after the password; None where it is not known."""
    from cdk8s_airflow.model.secret_reference import DsnSecret

    which, _ = database_arguments(database, name)
    url: tuple[str, str] | None = getattr(database.connection(bridge=DsnSecret("unknown"), **which), "url", None)
    return url


def as_text(value: RemoteTemplate | DatabaseUrl) -> RemoteTemplate:
    """The value as a text with parts."""
    if isinstance(value, RemoteTemplate):
        return value
    before, after = around_password(value.database, value.database_name) or ("", "")
    return RemoteTemplate(template=f"{before}{{password}}{after}", parts={"password": value.password})


def pieces(form: str) -> Iterator[tuple[str, str]]:
    """A form, taken apart: plain text, and the name of the part after it, empty at the end."""
    end = 0
    for match in _PART.finditer(form):
        yield form[end : match.start()], match[1]
        end = match.end()
    yield form[end:], ""

"""Where dbt works: profiles and their targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.traffic import Peer
from cdk8s_airflow.secret_scan import find_in_text, is_secret_value
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count, Duration, HostName, Must, NonEmpty, PortNumber, SqlName
from cdk8s_airflow.validation.frozen import frozen

_NAME = regex(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_ABSOLUTE = regex(r"(?:/[A-Za-z0-9._-]+)+")

DbtName = Annotated[
    str,
    Must(
        lambda text: _NAME.fullmatch(text) is not None,
        "must be a name that can be converted to the name of a variable",
        "use letters, digits, underscores and dashes, starting with a letter",
        "dbt/name",
    ),
]
"""The name of a profile, a target or one of its settings."""

PodPath = Annotated[
    str,
    Must(
        lambda text: _ABSOLUTE.fullmatch(text) is not None and ".." not in text.split("/"),
        "must be the absolute path of a file or folder in a pod",
        'Use a path such as "/profiles"',
        "dbt/path",
    ),
]
"""A path in a pod, from its root."""

_Plain = Annotated[
    str,
    Must(
        lambda text: "{{" not in text and "{%" not in text,
        "contains a template, which dbt would evaluate",
        "Use the final name",
        "dbt/template",
    ),
]


@frozen
class DbtPostgres:
    """A target on PostgreSQL, by the adapter ``dbt-postgres``.

    Attributes:
        host: the server, like the ``host`` of a :class:`CnpgCluster`.
        database: the database in it.
        schema: the schema dbt builds in.
        user: the role that dbt logs in as, or the key of a Secret with its name.
        password: the key of the Secret with its password, in the namespace of the pods that run dbt.
        port: the server's port. Default: 5432.
        threads: how many models dbt builds at once; each opens a session of the database. Default: 4.
        tls: the TLS mode of dbt; ``sslmode`` of the adapter. Default: ``"require"``.
        ca: the CA certificate of the server, for ``"verify-ca"`` and ``"verify-full"``: the path of a file in the image, or the key
            of a Secret or ConfigMap, which is mounted as a file. It must be in the namespace of the pods. Default: None.
        connect_timeout: how long a connection may take. Default: ``"10s"``, the adapter's own.
        role: the role that dbt switches to after the login. Default: the one it logs in as.
        peer: the server in network policies: the ``peer`` of a database's connection, or an :class:`ExternalPeer` with its
            networks. Default: derived from the host.
    """

    how_to_write: ClassVar[str] = (
        'DbtPostgres(host="warehouse-rw.data.svc", database="warehouse", schema="analytics", user="dbt", '
        'password=SecretKey("dbt-warehouse", "password"))'
    )
    names_a_secret: ClassVar[bool] = True

    host: HostName
    database: SqlName
    schema: SqlName
    user: Annotated[NonEmpty, _Plain] | SecretKey
    password: SecretKey
    port: PortNumber = 5432
    threads: Count = 4
    tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "require"
    ca: SecretKey | ConfigMapKey | PodPath | None = None
    connect_timeout: Duration = "10s"
    role: SqlName | None = None
    peer: Peer | None = None

    def _rules(self) -> Iterator[Finding]:
        verifies = self.tls in ("verify-ca", "verify-full")
        if verifies and self.ca is None:
            yield Finding(
                rule="dbt/tls",
                at="ca",
                problem=f"is required: tls={self.tls!r} verifies the certificate of the server",
                fix='set ca= to the key of a ConfigMap or Secret with the CA certificate in PEM: ca=ConfigMapKey("warehouse-ca", "ca.crt")',
            )
        if self.ca is not None and not verifies:
            yield Finding(
                rule="dbt/tls",
                at="tls",
                problem="does not verify the certificate of the server, so ca= is ignored",
                seen=repr(self.tls),
                fix='use tls="verify-full", or remove ca=',
            )


DbtSetting: TypeAlias = bool | int | float | str | SecretKey
"""The value of a setting of a dbt target. A :class:`SecretKey` becomes an environment variable of the pod."""


_WHOLE_SECRETS = ("keyfile_json", "connection", "connection_string")
"""Settings whose value contains a secret, whatever it looks like."""


@frozen
class DbtTarget:
    """A target on anything else that dbt has an adapter for.

    Attributes:
        type: the adapter, like ``"snowflake"``, ``"redshift"`` or ``"bigquery"``.
        settings: what the adapter takes, under its own names. What is secret is the key of a Secret.
        peer: where the warehouse is, for network policies. Default: what ``settings["host"]`` looks like; without one,
            :class:`NetworkIsolation` asks.
    """

    how_to_write: ClassVar[str] = (
        'DbtTarget(type="redshift", settings={"host": "...", "password": SecretKey("redshift", "password")})'
    )
    names_a_secret: ClassVar[bool] = True

    type: DbtName
    settings: Mapping[DbtName, DbtSetting]
    peer: Peer | None = None

    def _rules(self) -> Iterator[Finding]:
        if "type" in self.settings:
            yield Finding(
                rule="dbt/setting",
                at="settings.type",
                problem="is set by type=",
                fix="Remove it",
            )
        for name, value in self.settings.items():
            if not isinstance(value, str):
                continue
            if name in _WHOLE_SECRETS or is_secret_value(name, value, only_secrets=True) or find_in_text(value):
                yield Finding(
                    rule="dbt/literal-secret",
                    at=f"settings.{name}",
                    problem="must be a key of a Secret, because it would be written to a ConfigMap in clear text",
                    fix=f'Use SecretKey("{self.type}", "{name}")',
                )
            elif "{{" in value or "{%" in value:
                yield Finding(
                    rule="dbt/template",
                    at=f"settings.{name}",
                    problem="contains a template, which dbt would evaluate",
                    fix="Use the final value, or SecretKey(...) for a secret",
                )


@frozen
class DbtProfile:
    """One profile: a warehouse, and the ways dbt may work in it.

    Attributes:
        targets: name -> target, like ``{"prod": DbtPostgres(...)}``.
        default: the target that dbt uses by default. Default: the only one.
    """

    how_to_write: ClassVar[str] = 'DbtProfile(targets={"prod": DbtPostgres(...)})'
    names_a_secret: ClassVar[bool] = True

    targets: Mapping[DbtName, DbtPostgres | DbtTarget]
    default: DbtName | None = None

    @property
    def target(self) -> str:
        """The default target."""
        return self.default or next(iter(self.targets))

    def _rules(self) -> Iterator[Finding]:
        if not self.targets:
            yield Finding(rule="dbt/empty", at="targets", problem="has no target", fix=f"Use {DbtProfile.how_to_write}")
        elif self.default is None and len(self.targets) > 1:
            yield Finding(
                rule="dbt/default",
                at="default",
                problem="is required, because there are several targets",
                seen=", ".join(self.targets),
                fix="set default= to the name of one target",
            )
        elif self.default is not None and self.default not in self.targets:
            yield Finding(
                rule="dbt/default",
                at="default",
                problem="is not one of the targets",
                seen=repr(self.default),
                fix=f"use one of {', '.join(self.targets)}",
            )

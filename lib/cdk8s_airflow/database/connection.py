"""How Airflow reaches its database: a handle that a database offers and a release takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.secret_reference import ConfigMapKey, DsnSecret, ExistingSecret, SecretKey
from cdk8s_airflow.model.sessions import RESERVED, DatabaseServer
from cdk8s_airflow.model.traffic import Peer
from cdk8s_airflow.validation import Finding, check_setting, report, show
from cdk8s_airflow.validation.constraints import Count, Must, NonEmpty, PortNumber, SecretKeyName, SecretName, at_least
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_host

TlsMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
"""The TLS mode of clients, as libpq's ``PGSSLMODE``. The last two verify the certificate of the server."""

VERIFYING = ("verify-ca", "verify-full")
"""The modes that verify the server with a CA certificate."""


@frozen
class DatabaseAddress:
    """A database and who logs in there: all of a URL but the password.

    Attributes:
        host: the server, in a form that every namespace resolves.
        port: the port it listens on.
        database: the name of the database on the server.
        user: the name of the database role that logs in.
    """

    host: str
    port: int
    database: str
    user: str

    def url(self, scheme: str = "postgresql") -> str:
        """The URL without a password, user and database percent-encoded. Drivers then take it from ``PGPASSWORD``."""
        return f"{scheme}://{_quoted(self.user)}@{self.place}"

    @property
    def place(self) -> str:
        """The part of the URL after the ``@``."""
        return f"{self.host}:{self.port}/{_quoted(self.database)}"

    @property
    def around_password(self) -> tuple[str, str]:
        """The parts of a URL before and after the password."""
        return self.url_parts("postgresql")

    def url_parts(self, scheme: str) -> tuple[str, str]:
        """The parts of a URL of a scheme before and after the password."""
        return f"{scheme}://{_quoted(self.user)}:", f"@{self.place}"


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


@frozen
class DatabaseConnection:
    """A way to a database. Made by a database's ``connection(...)``, not by hand.

    Attributes:
        secret: the Secret with the URL, or with the password alone where ``address`` is known.
        secret_key: the key of it there.
        secret_namespace: the namespace of the Secret; None if the user creates it in the namespace of its reader.
        tls: the TLS mode of clients.
        ca: the CA certificate of the server, for the modes that verify it.
        ca_namespace: the namespace of ``ca``; None if the user creates it in the namespace of its reader.
        address: where the database is, when the Secret holds the password alone; None where it holds the whole URL.
        direct: where the database is without the pooler in between, for what must not go through one: migrations.
        direct_peer: where the server behind the pooler is, where it is known.
        pgbouncer: the chart's own pooler between Airflow and ``address``.
        results: the address for Celery results, through a separate pool. None: the same address as for all other connections.
        results_peer: where the server of ``results`` is, where it is known.
        results_secret: the Secret with the URL of ``results``; None if the URL is composed without the password.
        server: the server that accepts the sessions, and how many.
        pooler: the same for the pooler in between.
        results_pooler: the same for the pooler of Celery's results.
        url: the parts before and after the password, if both are known.
        password: namespace and name of the Secret with the password, where it is known.
        postgres_major: the version of PostgreSQL, where it is known.
        peer: where the server that clients connect to is, where it is known.
        port: the port it listens on.
    """

    how_to_write: ClassVar[str] = 'db.connection(bridge=ExistingSecret("airflow-metadata"))'
    names_a_secret: ClassVar[bool] = True

    secret: SecretName
    secret_key: SecretKeyName = "connection"
    secret_namespace: str | None = None
    tls: TlsMode = "require"
    ca: SecretKey | ConfigMapKey | None = None
    ca_namespace: str | None = None
    address: DatabaseAddress | None = None
    direct: DatabaseAddress | None = None
    direct_peer: Peer | None = None
    pgbouncer: PgBouncer | None = None
    results: DatabaseAddress | None = None
    results_peer: Peer | None = None
    results_secret: SecretName | None = None
    server: DatabaseServer | None = None
    pooler: DatabaseServer | None = None
    results_pooler: DatabaseServer | None = None
    url: tuple[str, str] | None = None
    password: tuple[str, str] | None = None
    postgres_major: int | None = None
    peer: Peer | None = None
    port: int = 5432

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong with it; an unsound one exists only while findings are being collected."""
        return self is not UNSOUND


UNSOUND = DatabaseConnection(secret="unsound")
"""A connection whose findings are already reported. It prevents findings that only follow from them."""


def authority_rules(tls: TlsMode, ca: object) -> Iterator[Finding]:
    """Findings if the TLS mode requires a CA certificate and there is none, or the reverse."""
    if tls in VERIFYING and ca is None:
        yield Finding(
            rule="database/authority",
            at="ca",
            problem=f"is required with tls={tls!r}, which verifies the certificate of the server",
            fix='Set the key of a ConfigMap or Secret with the CA certificate in PEM: ca=ConfigMapKey("database-ca", "ca.crt")',
        )
    elif tls not in VERIFYING and ca is not None:
        yield Finding(
            rule="database/authority",
            at="ca",
            problem=f"is ignored: tls={tls!r} does not verify the certificate of the server",
            seen=show(ca),
            fix='Set tls="verify-full", or remove ca=',
        )


_ServerName = Annotated[
    str,
    Must(
        lambda text: is_host(text) or _is_address(text),
        "must be the name or address of a server",
        'Use the bare name, such as "airflow.abc123.eu-central-1.rds.amazonaws.com", without scheme, user, port and database',
        "argument/host",
        hides=True,
    ),
]


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(text).version == 4
    except ValueError:
        return False


@frozen
class ExternalDatabase:
    """An external PostgreSQL: Amazon RDS, Cloud SQL, or a server of your own.

    There are two ways to specify it. ``url`` is a Secret with the whole URL. Or set ``host``, ``user`` and ``password``: the Secret
    then contains only the password, not encoded. Airflow's drivers read it from the variable ``PGPASSWORD``. If tasks have the
    database's variables (Airflow 2, Celery), their own connections to other PostgreSQL servers without a password would send
    this one.

    Airflow needs the primary server. Use read replicas only for dashboards and reports.

    Attributes:
        url: the Secret with its whole URL, in the namespace of the release.
        host: the host name of the primary server.
        port: its port. Default: 5432.
        database: the name of the database, which must exist. Default: ``"airflow"``.
        user: the role that owns it, which must exist. Default: ``"airflow"``.
        password: the key of a Secret with its password, in the namespace of the release.
        tls: the TLS mode of clients (``sslmode``). Default: ``"require"``.
        ca: the CA certificate of the server in PEM, for ``"verify-ca"`` and ``"verify-full"``: the key of a ConfigMap or
            Secret.
        postgres_major: its major version, which is compared with the versions that Airflow supports. Default: unknown.
        max_connections: how many sessions the server accepts (``SHOW max_connections``). Default: None; the summary then only
            prints how many Airflow can open.
        reserved_connections: how many of them Airflow cannot use: those for superusers, for the cloud provider and for other users.
            Default: 3, which PostgreSQL reserves for superusers.
        pooling: the chart's PgBouncer between Airflow and the server; requires ``host``. Default: None; every Airflow process opens
            its own sessions.
        peer: the server in network policies: an :class:`ExternalPeer` with its networks, or :class:`PodGroup`. Default: derived
            from the host.
    """

    how_to_write: ClassVar[str] = 'ExternalDatabase(url=DsnSecret("airflow-metadata"))'

    url: DsnSecret | ExistingSecret | None = None
    host: _ServerName | None = None
    port: PortNumber = 5432
    database: NonEmpty = "airflow"
    user: NonEmpty = "airflow"
    password: SecretKey | None = None
    tls: TlsMode = "require"
    ca: SecretKey | ConfigMapKey | None = None
    postgres_major: int | None = None
    max_connections: Count | None = None
    reserved_connections: Annotated[int, at_least(0)] = RESERVED
    pooling: PgBouncer | None = None
    peer: Peer | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from authority_rules(self.tls, self.ca)
        if self.url is None and self.host is None:
            yield Finding(
                rule="database/address",
                at="url",
                problem="is required, or host=",
                seen="None",
                fix='Set url=DsnSecret("airflow-metadata"), or host=, user= and password=',
            )
        elif self.url is not None and self.host is not None:
            yield Finding(
                rule="database/address",
                at="host",
                problem="conflicts with url=: the Secret contains it",
                seen=show(self.host),
                fix="Set url=, or host=, user= and password=",
            )
        elif self.max_connections is not None and self.reserved_connections >= self.max_connections:
            yield Finding(
                rule="database/connections",
                at="reserved_connections",
                problem="leaves no sessions for Airflow",
                seen=show(self.reserved_connections),
                fix=f"Use less than max_connections={self.max_connections}",
            )
        elif self.host is not None and self.password is None:
            yield Finding(
                rule="database/address",
                at="password",
                problem="is required",
                seen="None",
                fix='Set the key of a Secret: password=SecretKey("airflow-db", "password")',
            )
        elif self.url is not None:
            for name, default in (
                ("port", 5432),
                ("database", "airflow"),
                ("user", "airflow"),
                ("password", None),
                ("pooling", None),
            ):
                if getattr(self, name) != default:
                    yield Finding(
                        rule="database/address",
                        at=name,
                        problem="is ignored: the Secret in url= contains the whole URL",
                        seen=show(getattr(self, name)),
                        fix="Remove it, or set host= instead of url=",
                    )

    def connection(self) -> DatabaseConnection:
        """The handle for ``AirflowChart(database=...)``.

        Raises:
            PlatformError: if this setting is invalid.
        """
        if report(check_setting(self, "ExternalDatabase")):
            return UNSOUND
        if self.host is None or self.password is None:
            return DatabaseConnection(
                secret=getattr(self.url, "name", ""),
                tls=self.tls,
                ca=self.ca,
                postgres_major=self.postgres_major,
                peer=self.peer,
                server=self._server(),
            )
        from cdk8s_airflow.model.url_host import peer_of

        return DatabaseConnection(
            secret=self.password.name,
            secret_key=self.password.key,
            tls=self.tls,
            ca=self.ca,
            address=DatabaseAddress(host=self.host, port=self.port, database=self.database, user=self.user),
            pgbouncer=self.pooling,
            server=self._server(),
            postgres_major=self.postgres_major,
            peer=self.peer or peer_of(self.host, self.port, "cluster.local"),
            port=self.port,
        )

    def _server(self) -> DatabaseServer | None:
        """The server if its size is known. Its name depends on the namespace of the release."""
        if self.max_connections is None:
            return None
        return DatabaseServer(name="", takes=self.max_connections, reserved=self.reserved_connections)

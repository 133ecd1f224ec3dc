"""How Airflow reaches its database: a handle that a database offers and a release takes."""

from __future__ import annotations

from typing import ClassVar, Literal

from cdk8s_airflow.checks import check_setting, report
from cdk8s_airflow.checks.constraints import SecretKeyName, SecretName
from cdk8s_airflow.checks.frozen import frozen
from cdk8s_airflow.network.traffic import Peer
from cdk8s_airflow.secrets.contracts import DsnSecret, ExistingSecret

TlsMode = Literal["disable", "prefer", "require"]
"""How much TLS a client insists on, as libpq's ``PGSSLMODE``."""


@frozen
class Connection:
    """A way to a database. Made by a database's ``connection(...)``, not by hand.

    Attributes:
        secret: the Secret with the URL.
        secret_key: the key of the URL in it.
        secret_namespace: the one namespace the Secret is in; None where the user makes it beside its reader.
        tls: how much TLS clients insist on.
        url: what stands before and after the password, where both are known.
        password: namespace and name of the Secret with the password, where it is known.
        postgres_major: the version of PostgreSQL, where it is known.
        peer: where the server that clients connect to is, where it is known.
        port: the port it listens on.
        missing: what keeps this connection from working in another namespace than the database's; empty when nothing does.
    """

    how_to_write: ClassVar[str] = 'db.connection(bridge=ExistingSecret("airflow-metadata"))'
    names_a_secret: ClassVar[bool] = True

    secret: SecretName
    secret_key: SecretKeyName = "connection"
    secret_namespace: str | None = None
    tls: TlsMode = "require"
    url: tuple[str, str] | None = None
    password: tuple[str, str] | None = None
    postgres_major: int | None = None
    peer: Peer | None = None
    port: int = 5432
    missing: str = ""


UNSOUND = Connection(secret="unsound")
"""Stands for a connection whose faults have been reported, so that nobody reports what follows from them."""


@frozen
class ExternalDatabase:
    """A PostgreSQL that somebody else runs.

    Attributes:
        url: the Secret with its whole URL, in the namespace of the release.
        tls: how much TLS clients insist on. Default: ``"require"``.
    """

    how_to_write: ClassVar[str] = 'ExternalDatabase(url=DsnSecret("airflow-metadata"))'

    url: DsnSecret | ExistingSecret
    tls: TlsMode = "require"

    def connection(self) -> Connection:
        """The handle for ``AirflowChart(database=...)``.

        Raises:
            PlatformError: when this setting is not sound.
        """
        if report(check_setting(self, "ExternalDatabase")):
            return UNSOUND
        return Connection(secret=getattr(self.url, "name", ""), tls=self.tls)

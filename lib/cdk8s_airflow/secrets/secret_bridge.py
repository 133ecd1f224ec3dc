"""A way for the URL of a database into another namespace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.secret_reference import DsnSecret, SecretKey
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.remote_secret import PlatformDatabase, database_arguments, takes
from cdk8s_airflow.secrets.wire.secret_bridge import BridgeSettings, bridge_objects
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, ObjectName, SqlName


class SecretBridge(PlatformConstruct):
    """Brings the URL of a database beside Airflow, by External Secrets' Kubernetes provider. Needs the operator 0.16 or newer.

    It makes an account that may read the one Secret with the database's password and nothing else (with ``ca=``, the one with the
    authority too), a ClusterSecretStore that reads as this account and that only the namespace of Airflow may use, and an
    ExternalSecret with the URL under ``connection``. The account lives where Airflow launches no pods: any author of a DAG could borrow it otherwise.
    """

    how_to_write = (
        'SecretBridge(chart, "bridge", database=db, namespace=Namespace.existing("airflow"), '
        'secret=DsnSecret("airflow-metadata"))'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        database: PlatformDatabase,
        namespace: NamespaceHandle,
        secret: DsnSecret,
        database_name: SqlName | None = None,
        ca: SecretKey | None = None,
        name: ObjectName | None = None,
        reader_namespace: NamespaceHandle | None = None,
        interval: Duration = "1h",
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the objects that copy the database URL.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            database: the database itself, such as a :class:`CnpgCluster`, or a pooler of it.
            namespace: where Airflow is, and the URL is read.
            secret: the Secret that is made there; give it on as ``db.connection(bridge=bridge.secret)``.
            database_name: which of the Cluster's databases. Default: the first.
            ca: the key of the Secret that is made there for the certificate of the server's authority; give it on as
                ``db.connection(..., tls="verify-full", ca=bridge.ca)``. Default: none, for modes of TLS that check no certificate.
            name: of the account, its Role and the store, which is a name in the whole cluster. Default: namespace and Secret, like
                ``"airflow-airflow-metadata"``.
            reader_namespace: where the account lives. Default: beside the database.
            interval: how often the operator reads the password. Default: ``"1h"``.
            facts: what is known of the cluster.

        Raises:
            PlatformError: when Airflow can read the operator's Secret where it is; when a release may launch pods beside the account;
                when the database does not say where its password is.
        """
        found = checked(SecretBridge.__init__, locals())
        settings = None
        self._secret, self._ca = secret, ca
        if not found and getattr(database, "sound", True):
            settings, found = _settings(database, database_name, namespace.name, secret.name, interval, name, ca)
            if settings is not None:
                reader = settings.source_namespace if reader_namespace is None else reader_namespace.name
                settings = replace(settings, reader_namespace=reader)
                found += _rules(settings, "namespace" if reader_namespace is None else "reader_namespace")
        super().__init__(scope, id, found)
        if not self._sound or settings is None:
            return
        self._emit(bridge_objects(settings), facts=facts)
        if not self._sound:
            return
        account = (
            f"the account {settings.name!r} that reads Secret {settings.source!r} of {settings.source_namespace!r}"
        )
        at = "database" if reader_namespace is None else "reader_namespace"
        self._found_late(self._registry.guard(settings.reader_namespace, account, at=at))
        self._provide([_made(settings, secret.name, "connection", settings.source)])
        if settings.ca is not None:
            there, here = settings.ca
            self._provide([_made(settings, here.name, here.key, there.name)])

    @property
    def secret(self) -> DsnSecret:
        """The Secret with the URL, for ``db.connection(bridge=...)``."""
        return self._secret

    @property
    def ca(self) -> SecretKey | None:
        """The certificate of the server's authority, for ``db.connection(ca=...)``."""
        return self._ca


def _made(settings: BridgeSettings, name: str, key: str, source: str) -> ProvidedSecret:
    return ProvidedSecret(
        name=name,
        namespace=settings.namespace,
        keys=frozenset({key}),
        by=f"ExternalSecret {settings.namespace}/{name}, from Secret {settings.source_namespace}/{source}",
    )


def _settings(
    database: PlatformDatabase,
    database_name: str | None,
    namespace: str,
    secret: str,
    interval: str,
    name: str | None,
    ca: SecretKey | None,
) -> tuple[BridgeSettings | None, list[Finding]]:
    """What the database says of itself, or what it does not say. Neither, where its own faults have been reported."""
    which, found = database_arguments(database, database_name)
    if found:
        return None, found
    bridged = database.connection(bridge=DsnSecret(secret), **which)
    if not bridged.sound:
        return None, []
    if bridged.url is None or bridged.password is None:
        return None, [_unknown("database", "does not say which Secret has its password")]
    source_namespace, source = bridged.password
    direct = database.connection(**which)
    authority = None
    if ca is not None:
        checking = database.connection(**which, tls="verify-ca") if takes(database, "tls") else direct
        if checking.ca_namespace != source_namespace or not isinstance(checking.ca, SecretKey):
            return None, [_unknown("ca", "cannot be brought: the database does not say which Secret has its authority")]
        authority = (checking.ca, ca)
    settings = BridgeSettings(
        name=name or f"{namespace}-{secret}",
        namespace=namespace,
        secret=secret,
        source_namespace=source_namespace,
        source=source,
        reader_namespace=source_namespace,
        uri=direct.secret_key == "uri" and direct.secret == source,
        url=bridged.url,
        interval=interval,
        ca=authority,
    )
    return settings, []


def _unknown(at: str, problem: str) -> Finding:
    return Finding(
        rule="secrets/database",
        at=at,
        problem=problem,
        fix="make the Secret another way: ExternalSecret, SealedSecret or by hand",
    )


def _rules(settings: BridgeSettings, at: str) -> Iterator[Finding]:
    if settings.namespace == settings.source_namespace and settings.uri:
        yield Finding(
            rule="secrets/bridge",
            at="namespace",
            problem="is the database's own, where Airflow can read the operator's Secret without a bridge",
            seen=repr(settings.namespace),
            fix="leave the bridge out: database=db.connection()",
        )
    elif settings.reader_namespace == settings.namespace:
        yield Finding(
            rule="secrets/exposed-account",
            at=at,
            problem="is where Airflow launches pods, and any author of a DAG could start one as the account that reads the password",
            seen=repr(settings.reader_namespace),
            fix="name another namespace, in which no Airflow runs pods: reader_namespace=",
        )

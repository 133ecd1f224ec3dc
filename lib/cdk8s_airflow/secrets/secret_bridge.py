"""Copies the URL of a database into another namespace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.secret_reference import DsnSecret, SecretKey
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.remote_secret import PlatformDatabase, database_arguments, takes
from cdk8s_airflow.secrets.wire.secret_bridge import BridgeSettings, bridge_objects
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, ObjectName, SqlName


class SecretBridge(PlatformConstruct):
    """Copies the URL of a database into the namespace of Airflow with External Secrets. Requires version 0.16.

    It creates a service account with permission to read only the Secret with the database password, and with ``ca=``
    the Secret with the CA certificate. It creates a ClusterSecretStore that uses this account and that only the namespace
    of Airflow can use, and an ExternalSecret with the URL in the key ``connection``. The account is in a namespace
    where Airflow starts no pods; otherwise every DAG author could use it.
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
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the objects that copy the database URL.

        Args:
            scope: the Chart that the objects are written to.
            id: the construct id.
            database: the database, such as a :class:`CnpgCluster`, or a pooler of it.
            namespace: the namespace of Airflow, where the URL is read.
            secret: the Secret to create there. Pass it on as ``db.connection(bridge=bridge.secret)``.
            database_name: the name of a database of the Cluster. Default: None, the first database.
            ca: the key of a Secret to create there for the CA certificate of the server. Pass it on as
                ``db.connection(..., tls="verify-full", ca=bridge.ca)``. Default: None, for TLS modes without
                certificate verification.
            name: the name of the service account, its Role and the ClusterSecretStore, which is unique in the cluster.
                Default: None; namespace and Secret, such as ``"airflow-airflow-metadata"``.
            reader_namespace: the namespace of the service account. Default: None, the namespace of the database.
            interval: how often the operator reads the password, ``spec.refreshInterval``. Default: ``"1h"``.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if Airflow can read the original Secret without a bridge, if a release starts pods in the
                namespace of the account, or if the Secret with the password of the database is unknown.
        """
        found = checked(SecretBridge.__init__, locals())
        facts = facts_of(scope, facts)
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
            f"the account {settings.name!r} that can read Secret {settings.source!r} in namespace "
            f"{settings.source_namespace!r}"
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
        """The CA certificate of the server, for ``db.connection(ca=...)``."""
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
    """The settings from the database, or findings. Neither if the database has findings that were already reported."""
    which, found = database_arguments(database, database_name)
    if found:
        return None, found
    bridged = database.connection(bridge=DsnSecret(secret), **which)
    if not bridged.sound:
        return None, []
    if bridged.url is None or bridged.password is None:
        return None, [_unknown("database", "must be a database whose password is in a known Secret")]
    source_namespace, source = bridged.password
    direct = database.connection(**which)
    authority = None
    if ca is not None:
        checking = database.connection(**which, tls="verify-ca") if takes(database, "tls") else direct
        if checking.ca_namespace != source_namespace or not isinstance(checking.ca, SecretKey):
            return None, [_unknown("ca", "is not supported, because the Secret with the CA certificate is unknown")]
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
        fix="Create the Secret with ExternalSecret, SealedSecret or kubectl instead",
    )


def _rules(settings: BridgeSettings, at: str) -> Iterator[Finding]:
    if settings.namespace == settings.source_namespace and settings.uri:
        yield Finding(
            rule="secrets/bridge",
            at="namespace",
            problem="must not be the namespace of the database, where Airflow can read the Secret of the operator "
            "directly",
            seen=repr(settings.namespace),
            fix="Remove the bridge and pass database=db.connection()",
        )
    elif settings.reader_namespace == settings.namespace:
        yield Finding(
            rule="secrets/exposed-account",
            at=at,
            problem="must not be a namespace where Airflow starts pods, because DAG authors could use the account "
            "that reads the password",
            seen=repr(settings.reader_namespace),
            fix="Set reader_namespace= to a namespace where no Airflow runs pods",
        )

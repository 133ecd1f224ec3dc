"""A PostgreSQL cluster that the CloudNativePG operator runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from constructs import Construct

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.construct import PlatformConstruct, checked, path_below
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.database.connection import UNSOUND, VERIFYING, DatabaseAddress, DatabaseConnection, TlsMode
from cdk8s_airflow.database.parameters import DEFAULT_MAX_CONNECTIONS, LIBRARY, parameter_findings
from cdk8s_airflow.database.postgres_names import database_findings, is_reserved_role, volume_findings
from cdk8s_airflow.database.wire.cluster import cluster_manifest
from cdk8s_airflow.database.wire.settings import ClusterParts, ClusterSettings
from cdk8s_airflow.database.wire.traffic import cluster_traffic, instances
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.database_login import DatabasePasswords
from cdk8s_airflow.model.image import RegistryMirror, registry_and_path
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.pod_requests import PodRequests
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import (
    BasicAuthSecret,
    ConfigMapKey,
    DsnSecret,
    ExistingSecret,
    PullSecret,
    SecretKey,
)
from cdk8s_airflow.model.sessions import RESERVED, DatabaseServer
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, claim_rules, fitting_rules
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding, check_arguments, report, show
from cdk8s_airflow.validation.constraints import (
    AnnotationKey,
    Count,
    ExtensionName,
    LabelValue,
    Must,
    NonEmpty,
    ObjectName,
    SqlName,
    short_label,
)
from cdk8s_airflow.validation.versions import minor_text, range_text, within

if TYPE_CHECKING:
    from cdk8s_airflow.database.backup import CnpgBackup, CnpgRecovery
    from cdk8s_airflow.database.cluster_settings import (
        ImageCatalog,
        InitDb,
        PostgresAntiAffinity,
        PostgresCertificates,
        PostgresExtension,
        PostgresExtensionImage,
        PostgresMonitoring,
        PostgresSize,
        PostgresUpdates,
        SynchronousReplication,
    )
    from cdk8s_airflow.database.roles import DatabaseRole, PostgresDatabase
    from cdk8s_airflow.model.node_group import NodePlacement
    from cdk8s_airflow.model.placement import TopologySpread
    from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount

_LONGEST_NAME = 50
_IMAGE = "ghcr.io/cloudnative-pg/postgresql:{major}-standard-trixie"
_IMAGE_MAJOR = regex(r"[\w.:/-]+:(\d+)[.\d]*(?:-[\w.-]*)?(?:@sha256:[0-9a-f]{64})?", re.ASCII)
_SUPPORTED_KUBERNETES: Mapping[str, str] = {
    "1.26": ">=1.30 <=1.33",
    "1.27": ">=1.31 <=1.33",
    "1.28": ">=1.32 <=1.34",
    "1.29": ">=1.33 <=1.35",
    "1.30": ">=1.34 <=1.36",
}
"""Release of the operator -> versions of Kubernetes. Source: ``docs/src/supported_releases.md`` at each tag."""
_OPERATORS_KEYS = frozenset(
    ["username", "user", "password", "dbname", "host", "port", "pgpass", "uri", "jdbc-uri", "fqdn-uri", "fqdn-jdbc-uri"]
)
"""What the Secret that the operator makes for the owner has. Source: CloudNativePG, ``specs/secrets.go``."""
_RESOURCES = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")

_RUNS_18 = ">=1.27"
"""The releases of the operator that run PostgreSQL 18. Source: as above."""

_ClusterName = Annotated[
    str,
    short_label(_LONGEST_NAME, "must be a name that CloudNativePG accepts for a Cluster", "database/name"),
]

_Library = Annotated[
    str,
    Must(
        lambda text: LIBRARY.fullmatch(text) is not None,
        "must be the name of a library",
        'Use the name without folder and extension, such as "pg_cron"',
        "argument/name",
    ),
]

_Major = Annotated[
    int,
    Must(
        lambda major: 14 <= major <= 18,
        "must be a major version of PostgreSQL that CloudNativePG supports",
        "Use 14 to 18; all supported Airflow versions run with 16",
        "database/postgres-major",
    ),
]


class CnpgCluster(PlatformConstruct):
    """A PostgreSQL cluster by CloudNativePG, with one database and its owner, and more databases if they are defined.

    It is annotated so that no delivery tool prunes it: deleting it deletes the data. Login as the superuser is disabled.
    """

    how_to_write = 'CnpgCluster(chart, "db", ...)'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: _ClusterName,
        namespace: NamespaceHandle,
        storage: Volume,
        database: SqlName = "airflow",
        owner: SqlName | None = None,
        credentials: BasicAuthSecret | None = None,
        instances: Count = 1,
        size: PostgresSize | None = None,
        resources: Resources | None = None,
        parameters: Mapping[str, str] | None = None,
        wal_storage: Volume | None = None,
        postgres_major: _Major = 16,
        image: NonEmpty | None = None,
        catalog: ImageCatalog | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None,
        synchronous: SynchronousReplication | None = None,
        anti_affinity: PostgresAntiAffinity | None = None,
        spread: Sequence[TopologySpread] = (),
        placement: NodePlacement | None = None,
        disruption_budget: bool | None = None,
        priority_class: ObjectName | None = None,
        labels: Mapping[AnnotationKey, LabelValue] | None = None,
        annotations: Mapping[AnnotationKey, str] | None = None,
        service_account: ServiceAccount | ExistingServiceAccount | None = None,
        extensions: Sequence[PostgresExtension | ExtensionName] = (),
        extension_images: Sequence[PostgresExtensionImage] = (),
        preload: Sequence[_Library] = (),
        pg_hba: Sequence[str] = (),
        initdb: InitDb | None = None,
        certificates: PostgresCertificates | None = None,
        updates: PostgresUpdates | None = None,
        roles: Sequence[DatabaseRole] = (),
        databases: Sequence[PostgresDatabase] = (),
        monitoring: PostgresMonitoring | None = None,
        backup: CnpgBackup | None = None,
        recovery: CnpgRecovery | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the PostgreSQL cluster.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            name: the Cluster's name, from which the operator names Services and Secrets. At most 50 characters.
            namespace: where it lives.
            storage: the volume of each instance. It can grow, never shrink.
            database: the database's name. Default: ``"airflow"``.
            owner: the role that owns it. Default: the database's name.
            credentials: a Secret in the same namespace whose ``username`` is the owner. Default: the operator makes
                ``<name>-app``, which also has the URL, so that Airflow in the same namespace reads it directly.
            instances: how many instances: the first writes, the others follow it. Default: 1, without a disruption budget, so
                that its node can be drained.
            size: how large each instance is; PostgreSQL's memory and sessions follow from it. Default: what ``resources`` says, and
                PostgreSQL's own parameters: 100 sessions, 128MB of buffers.
            resources: of each instance. Default: those of ``size``; without it 100m CPU, 512Mi memory, at most 1Gi.
            parameters: PostgreSQL parameters, such as ``{"max_connections": "200"}``; values are strings. They override those of ``size``. Those
                that the operator sets itself are refused.
            wal_storage: a volume of its own for the write-ahead log. It can be added later, never removed. Default: none; it shares
                the data's.
            postgres_major: the major version. Default: 16, which every version of Airflow known here supports; the operator's own
                default is newer than some of them can use, and a major version never changes by itself.
            image: the image, whose tag must start with the major version. Default: CloudNativePG's own ``<major>-standard-trixie``.
            catalog: a catalog that says the image of the major version. Default: ``image``.
            mirror: where a copy of the image is pulled from; the handle that ``AirflowChart(mirror=...)`` takes too. The operator's own
                image, which each instance starts with, is set in the operator. Default: the original registry.
            pull_secret: the Secret, in its namespace, with which nodes log in to the registry. Default: None.
            pull_policy: when nodes pull the image. Default: as Kubernetes has it, when a node lacks it.
            synchronous: how many other instances must have a transaction before it counts. Default: none; the last second of
                transactions can be lost with the instance that writes.
            anti_affinity: on which nodes instances are placed relative to each other. Default: they prefer different nodes.
            spread: further rules for how instances are spread, such as over zones. Default: none.
            placement: on which nodes instances run. Default: on any of ``facts.architecture``.
            disruption_budget: whether nodes are drained one instance at a time. Default: from two instances on.
            priority_class: the priority of the pods. Default: the cluster's.
            labels: labels of everything that the operator makes for it. Default: none.
            annotations: annotations of everything that the operator makes for it. Default: none.
            service_account: annotations of the service account of its pods, such as a cloud identity, or an existing account (from
                CloudNativePG 1.29 on). Default: one that the operator makes.
            extensions: extensions that are created in the database, like ``["pg_trgm"]``. Default: none.
            extension_images: extensions whose files are in images of their own. Default: none.
            preload: libraries that PostgreSQL loads at its start. Default: those whose parameters are set.
            pg_hba: lines of ``pg_hba.conf`` that come before the operator's own, which takes passwords from everywhere. Default: none.
            initdb: encoding, locale and checksums of a new database. Default: UTF8 and ``C``.
            certificates: certificates that are not the operator's own. Default: it makes them.
            updates: how the instance that writes is updated. Default: restarted in place, after the others.
            roles: further roles. Default: none.
            databases: further databases, such as the warehouse that dbt builds. Default: none.
            monitoring: a PodMonitor, and what is measured. Default: none; instances serve the operator's metrics at port 9187.
            backup: where and when it is backed up. Default: not at all.
            recovery: the backup it starts from, in the place of a new database. Default: it starts empty.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: for what the operator or its schema would refuse.
        """
        found = checked(CnpgCluster.__init__, locals())
        facts = facts_of(scope, facts)
        self._name = name
        self._database = database
        self._owner = database if owner is None else owner
        self._credentials = credentials
        self._major = postgres_major
        self._namespace = getattr(namespace, "name", "")
        self._settings: ClusterSettings | None = None
        self._stores = (backup, recovery)
        more = {
            "wal_storage": wal_storage,
            "catalog": catalog,
            "pull_policy": pull_policy,
            "synchronous": synchronous,
            "anti_affinity": anti_affinity,
            "spread": spread,
            "placement": placement,
            "disruption_budget": disruption_budget,
            "priority_class": priority_class,
            "labels": labels,
            "annotations": annotations,
            "service_account": service_account,
            "extensions": extensions,
            "extension_images": extension_images,
            "preload": preload,
            "pg_hba": pg_hba,
            "initdb": initdb,
            "certificates": certificates,
            "updates": updates,
            "roles": roles,
            "databases": databases,
            "monitoring": monitoring,
        }
        said: dict[str, Any] = {key: value for key, value in more.items() if value or value is False}
        source = image or _IMAGE.format(major=postgres_major)
        parts: list[ClusterParts] = []
        if not found:
            settings = ClusterSettings(
                name=name,
                namespace=self._namespace,
                instances=instances,
                image=source if mirror is None else mirror.of(source),
                pull_secret=None if pull_secret is None else pull_secret.name,
                architecture=facts.architecture,
                database=database,
                owner=self._owner,
                credentials=None if credentials is None else credentials.name,
                storage=storage,
                resources=resources or (_RESOURCES if size is None else size.resources),
                parameters={**_derived(size, storage, wal_storage), **(parameters or {})},
                postgres_major=postgres_major,
                **said,
            )
            found += _rules(settings, image, mirror, facts)
            held = settings.resources
            at = "resources" if size is None else "size"
            found += fitting_rules(
                namespace, held, at, always=lambda: [(instances, PodRequests.of([held]))], others="database instances"
            )
            for argument, volume in (("storage", storage), ("wal_storage", wal_storage)):
                found += claim_rules(namespace, volume, argument, times=instances)
            if not found:
                settings, parts = _with_parts(settings, backup, recovery, facts)
                found += (finding for part in parts for finding in part.findings)
            found += parameter_findings(
                settings.parameters,
                settings.resources.memory,
                instances=instances,
                wal_storage=None if wal_storage is None else wal_storage.size,
            )
            if said:
                settings, also = _further(settings, facts)
                found += also
            self._settings = settings
        super().__init__(scope, id, found)
        if not self._sound or self._settings is None:
            return
        self._make(self._settings, parts, bool(said), facts)
        if not self._sound:
            return
        if catalog is None and settings.image != source:
            self._registry.notes.append(
                BeforeApply(f"Copy the image of Cluster {name} to the mirror:\n  {source} -> {settings.image}")
            )
        if pull_secret is not None:
            registry = registry_and_path(settings.image)[0]
            self._need([needs.registry_login(pull_secret, self._namespace, registries=(registry,))])
        if credentials is not None:
            self._need(
                [
                    needs.basic_auth(
                        credentials,
                        self._namespace,
                        username=self._owner,
                        purpose=f"the owner of database {database} in Cluster {name}",
                    )
                ]
            )
        else:
            self._provide(
                [
                    ProvidedSecret(
                        name=f"{name}-app",
                        namespace=self._namespace,
                        keys=_OPERATORS_KEYS,
                        by=f"CloudNativePG, for Cluster {self._namespace}/{name}",
                        type="kubernetes.io/basic-auth",
                    )
                ]
            )

    def _make(self, settings: ClusterSettings, parts: Sequence[ClusterParts], more: bool, facts: ClusterFacts) -> None:
        """Emit the Cluster and its further objects, and register their requirements."""
        objects = {name: manifest for part in parts for name, manifest in part.objects.items()}
        if more:
            from cdk8s_airflow.database.wire import optional_parts

            objects |= optional_parts.optional_objects(settings)
        self._emit({**objects, "cluster": cluster_manifest(settings)}, facts=facts)
        if not self._sound:
            return
        if (backup := self._stores[0]) is not None:
            from cdk8s_airflow.database.wire.backup import archive_of

            who = f"Cluster {settings.namespace}/{settings.name}"
            self._found_late(self._registry.archive(archive_of(backup, settings.name), who))
        require_policies(self, f"CnpgCluster {self._name!r}", partial(cluster_traffic, self._name, self._namespace))
        for part in parts:
            self._registry.notes += part.notes
            self._need(part.needs)
        self._registry.notes += _notes(facts)
        from cdk8s_airflow.database.wire.roles import register_passwords

        register_passwords(self._registry.slot(DatabasePasswords), settings, self._credentials)
        if more:
            self._registry.notes += optional_parts.optional_notes(settings)
            self._need(optional_parts.optional_needs(settings))

    @property
    def name(self) -> str:
        """The Cluster's name."""
        return self._name

    @property
    def host(self) -> str:
        """The Service of the instance that writes, in a form that any namespace resolves."""
        return f"{self._name}-rw.{self._namespace}.svc"

    @property
    def reading_host(self) -> str:
        """The Service of the instances that only read; nothing answers there with one instance."""
        return f"{self._name}-ro.{self._namespace}.svc"

    @property
    def max_connections(self) -> int:
        """The number of sessions that each instance accepts, including those of the operator and of the superuser."""
        given = self._settings.parameters.get("max_connections") if self._settings is not None else None
        return int(given) if given is not None and self._sound else DEFAULT_MAX_CONNECTIONS

    @property
    def server(self) -> DatabaseServer:
        """The number of sessions that it accepts, and how many of them are reserved for superusers."""
        given = (
            self._settings.parameters.get("superuser_reserved_connections", "") if self._settings is not None else ""
        )
        return DatabaseServer(
            name=f"Cluster {self._namespace}/{self._name}",
            takes=self.max_connections,
            reserved=int(given) if given.isdigit() else RESERVED,
            grow='raise it: size=PostgresSize(...) or parameters={"max_connections": "200"}',
        )

    @property
    def traffic(self) -> Traffic:
        """Its pods and their connections, except those of clients. Empty if this construct has errors."""
        if not self._sound:
            return Traffic()
        traffic = cluster_traffic(self._name, self._namespace)
        buckets = [each.bucket for each in self._stores if each is not None]
        if not buckets:
            return traffic
        from cdk8s_airflow.database.wire.backup import store_flows

        # A Job restores, and an instance archives.
        flows = [flow for pods in traffic.workloads for flow in store_flows(pods, buckets)]
        return Traffic(workloads=traffic.workloads, flows=(*traffic.flows, *flows))

    def connection(
        self,
        *,
        bridge: ExistingSecret | DsnSecret | None = None,
        tls: TlsMode = "require",
        ca: SecretKey | ConfigMapKey | None = None,
        database: SqlName | None = None,
    ) -> DatabaseConnection:
        """A way to a database of this Cluster, for ``AirflowChart(database=...)``.

        Args:
            bridge: a Secret in the namespace of Airflow with the whole URL under ``connection``. Needed when Airflow is in another
                namespace, where no pod can read the operator's Secret. Default: the Secret ``<name>-app`` that the operator
                makes, or the password in ``credentials``.
            tls: the TLS mode of clients, ``PGSSLMODE`` in their environment; in the URL it would break one of
                Airflow 3's two drivers. Default: ``"require"``; CloudNativePG always offers it. Where tasks have the
                database's URL (Airflow 2, Celery), their own connections to other PostgreSQL servers inherit it, unless they
                say ``sslmode`` themselves. ``"verify-full"`` also checks that the server is this Cluster.
            ca: the CA certificate of the server, for the two modes that verify it: the key of a ConfigMap or
                Secret in the namespace of Airflow. Default: Secret ``<name>-ca`` in the namespace of the Cluster, which only pods
                of the same namespace can read.
            database: one of ``databases``, for a release that shares the Cluster with others. Default: the first one.

        Raises:
            PlatformError: when an argument is of another type, or there is no such database.
        """
        found = check_arguments(CnpgCluster.connection, {"bridge": bridge, "tls": tls, "ca": ca, "database": database})
        owner, password = self._owner, f"{self._name}-app"
        if self._credentials is not None:
            password = getattr(self._credentials, "name", "")
        if database is not None and database != self._database and not found and self._settings is not None:
            from cdk8s_airflow.database.wire.databases import login_of

            login = login_of(self._settings, database, operators=password)
            if isinstance(login, Finding):
                found = [login]
            else:
                owner, password = login
        path = path_below(self._scope, self._id) if found else ""
        if report(finding.under("connection").within(path) for finding in found) or not self._sound:
            return UNSOUND
        address = DatabaseAddress(host=self.host, port=5432, database=database or self._database, user=owner)
        common: dict[str, Any] = {
            "tls": tls,
            "postgres_major": self._major,
            "peer": instances(self._name, self._namespace),
            "server": self.server,
            **self._authority(tls, ca),
        }
        if bridge is not None:
            return DatabaseConnection(
                secret=getattr(bridge, "name", ""),
                url=address.around_password,
                password=(self._namespace, password),
                **common,
            )
        if address.database == self._database and self._credentials is None:
            return DatabaseConnection(secret=password, secret_key="uri", secret_namespace=self._namespace, **common)
        return DatabaseConnection(
            secret=password, secret_key="password", secret_namespace=self._namespace, address=address, **common
        )

    def _authority(self, tls: str, ca: SecretKey | ConfigMapKey | None) -> dict[str, Any]:
        """The CA certificate that clients trust, and its namespace."""
        if ca is not None or tls not in VERIFYING:
            return {"ca": ca}
        given = self._settings.certificates if self._settings is not None else None
        authority = None if given is None or given.server_ca is None else given.server_ca.name
        return {"ca": SecretKey(authority or f"{self._name}-ca", "ca.crt"), "ca_namespace": self._namespace}


def _derived(size: PostgresSize | None, storage: Volume, wal_storage: Volume | None) -> Mapping[str, str]:
    if size is None:
        return {}
    return size.parameters(storage=storage.size, wal_storage=None if wal_storage is None else wal_storage.size)


def _further(settings: ClusterSettings, facts: ClusterFacts) -> tuple[ClusterSettings, list[Finding]]:
    """Rules of what few Clusters say, and whether roles are objects of their own."""
    from cdk8s_airflow.database.cluster_rules import cluster_findings, has_role_objects

    settings = dataclasses.replace(settings, role_objects=has_role_objects(facts))
    return settings, list(cluster_findings(settings, facts))


def _with_parts(
    settings: ClusterSettings, backup: CnpgBackup | None, recovery: CnpgRecovery | None, facts: ClusterFacts
) -> tuple[ClusterSettings, list[ClusterParts]]:
    """The settings with what backups and recovery add to them."""
    parts: list[ClusterParts] = []
    if backup is None and recovery is None:
        return settings, parts
    from cdk8s_airflow.database.wire.backup import backup_parts, recovery_parts

    if backup is not None:
        parts.append(backup_parts(backup, settings, facts))
        settings = _joined(settings, parts[-1])
    if recovery is not None:
        parts.append(recovery_parts(recovery, settings, facts, backup))
        settings = _joined(settings, parts[-1])
    return settings, parts


def _joined(settings: ClusterSettings, part: ClusterParts) -> ClusterSettings:
    return dataclasses.replace(
        settings,
        plugins=(*settings.plugins, *part.plugins),
        bootstrap=settings.bootstrap if part.bootstrap is None else part.bootstrap,
        external_clusters=(*settings.external_clusters, *part.external_clusters),
    )


def _notes(facts: ClusterFacts) -> Iterator[str]:
    tested = _SUPPORTED_KUBERNETES.get(minor_text(facts.cnpg)) if facts.cnpg is not None else None
    if tested is None or facts.kubernetes is None:
        return
    if not within(tested, facts.kubernetes):
        yield BeforeApply(
            f"CloudNativePG {facts.cnpg} supports Kubernetes {range_text(tested)}; this cluster has {facts.kubernetes}."
        )


def _rules(
    settings: ClusterSettings, image: str | None, mirror: RegistryMirror | None, facts: ClusterFacts
) -> Iterator[Finding]:
    owner, database, major = settings.owner, settings.database, settings.postgres_major
    if is_reserved_role(owner):
        yield Finding(
            rule="database/owner",
            at="owner",
            problem="is a reserved role of PostgreSQL or CloudNativePG",
            seen=repr(owner),
            fix="Use another name for the owner",
        )
    yield from database_findings(database)
    for at, volume in (("storage", settings.storage), ("wal_storage", settings.wal_storage)):
        if volume is not None:
            yield from volume_findings(volume, at, writer="one instance")
    if major == 18 and facts.cnpg is not None and not within(_RUNS_18, facts.cnpg):
        yield Finding(
            rule="database/postgres-major",
            at="postgres_major",
            problem=f"is not supported by CloudNativePG {facts.cnpg}",
            seen="18",
            fix="Use 17 or older, or upgrade the operator to 1.27 or newer",
        )
    if settings.catalog is not None:
        for at, given in (("image", image), ("mirror", mirror)):
            if given is not None:
                yield Finding(
                    rule="database/catalog",
                    at=at,
                    problem="is ignored: the catalog sets the image",
                    seen=show(given),
                    fix="Remove it, or remove catalog=",
                )
    elif image is not None:
        match = _IMAGE_MAJOR.fullmatch(image)
        if any(character.isspace() for character in image):
            yield Finding(
                rule="database/image",
                at="image",
                problem="must not contain whitespace",
                seen=repr(image),
                fix=f"Use an image such as {_IMAGE.format(major=major)!r}",
            )
        elif match is None or int(match[1]) != major:
            yield Finding(
                rule="database/image",
                at="image",
                problem=f"must have a tag that starts with the major version {major}",
                seen=repr(image),
                fix=f"Use an image such as {_IMAGE.format(major=major)!r}, or set postgres_major to the version in the image",
            )

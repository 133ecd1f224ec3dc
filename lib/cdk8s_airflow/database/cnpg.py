"""A PostgreSQL cluster that the CloudNativePG operator runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from constructs import Construct

from cdk8s_airflow.airflow.images import Mirror, registry_and_path
from cdk8s_airflow.checks import Finding, check_arguments, report
from cdk8s_airflow.checks.constraints import Count, Must, NonEmpty, SqlName, is_label_1035, version
from cdk8s_airflow.checks.regex import regex
from cdk8s_airflow.database.backup import CnpgBackup, CnpgRecovery
from cdk8s_airflow.database.connection import UNSOUND, Connection, TlsMode
from cdk8s_airflow.database.parameters import parameter_findings
from cdk8s_airflow.database.traffic import cluster_traffic, instances
from cdk8s_airflow.database.wire import ClusterParts, ClusterSettings, cluster_manifest
from cdk8s_airflow.facts import ClusterFacts
from cdk8s_airflow.kube import bindings
from cdk8s_airflow.kube.construct import PlatformConstruct, checked, path_below
from cdk8s_airflow.network.namespace import NamespaceHandle
from cdk8s_airflow.network.traffic import Traffic
from cdk8s_airflow.scheduling.resources import Resources
from cdk8s_airflow.secrets import needs
from cdk8s_airflow.secrets.contracts import BasicAuthSecret, DsnSecret, ExistingSecret, PullSecret
from cdk8s_airflow.storage.volume import Volume

_LONGEST_NAME = 50
_IMAGE = "ghcr.io/cloudnative-pg/postgresql:{major}-standard-trixie"
_IMAGE_MAJOR = regex(r"[\w.:/-]+:(\d+)[.\d]*(?:-[\w.-]*)?(?:@sha256:[0-9a-f]{64})?", re.ASCII)
_TESTED_KUBERNETES: Mapping[tuple[int, ...], tuple[str, str]] = {(1, 30): ("1.34", "1.36")}
_RESERVED_ROLES = ("postgres", "streaming_replica")

_ClusterName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= _LONGEST_NAME,
        "is not a name CloudNativePG takes for a Cluster",
        f"use at most {_LONGEST_NAME} lower-case letters, digits and dashes, starting with a letter",
        "database/name",
    ),
]

_Major = Annotated[
    int,
    Must(
        lambda major: 14 <= major <= 18,
        "is not a major version of PostgreSQL that CloudNativePG supports",
        "use 14 to 18; every version of Airflow known here runs with 16",
        "database/postgres-major",
    ),
]


class CnpgCluster(PlatformConstruct):
    """A PostgreSQL cluster by CloudNativePG, with one database and its owner.

    It is marked so that no delivery tool prunes it: deleting it deletes the data.

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
        postgres_major: the major version. Default: 16, which every version of Airflow known here supports; the operator's own
            default is newer than some of them can use, and a major version never changes by itself.
        image: the image, whose tag must start with the major version. Default: CloudNativePG's own ``<major>-standard-trixie``.
        mirror: where a copy of the image is pulled from; the handle that ``AirflowChart(mirror=...)`` takes too. The operator's own
            image, which each instance starts with, is the operator's to say. Default: from where its makers put it.
        pull_secret: the Secret beside the Cluster by which nodes log in to the registry. Default: none.
        resources: of each instance. Default: 100m CPU, 512Mi memory, at most 1Gi.
        parameters: of PostgreSQL, like ``{"max_connections": "200"}``; values are texts. Those that the operator sets itself
            are refused.
        backup: where and when it is backed up. Default: not at all.
        recovery: the backup it starts from, in the place of a new database. Default: it starts empty.
        facts: what is known of the cluster.

    Raises:
        PlatformError: for what the operator or its schema would refuse.
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
        postgres_major: _Major = 16,
        image: NonEmpty | None = None,
        mirror: Mirror | None = None,
        pull_secret: PullSecret | None = None,
        resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi"),
        parameters: Mapping[str, str] | None = None,
        backup: CnpgBackup | None = None,
        recovery: CnpgRecovery | None = None,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        found = checked(CnpgCluster.__init__, locals())
        self._name = name
        self._database = database
        self._owner = database if owner is None else owner
        self._credentials = credentials
        self._major = postgres_major
        self._namespace = getattr(namespace, "name", "")
        if not found:
            found += _rules(self._database, self._owner, storage, image, postgres_major)
            found += parameter_findings(parameters or {}, resources.memory)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        source = image or _IMAGE.format(major=postgres_major)
        pulled = source if mirror is None else mirror.of(source)
        settings = ClusterSettings(
            name=name,
            namespace=self._namespace,
            instances=instances,
            image=pulled,
            pull_secret=None if pull_secret is None else pull_secret.name,
            architecture=facts.architecture,
            database=database,
            owner=self._owner,
            credentials=None if credentials is None else credentials.name,
            storage=storage,
            resources=resources,
            parameters=parameters or {},
        )
        settings, parts = _with_parts(settings, backup, recovery, facts)
        self._found_late(finding for part in parts for finding in part.findings)
        if not self._sound:
            return
        self._emit(
            {name: manifest for part in parts for name, manifest in part.objects.items()},
            bound={"cluster": (bindings.cnpg_cluster, cluster_manifest(settings))},
            facts=facts,
        )
        if not self._sound:
            return
        for part in parts:
            self._ledger.notes += part.notes
            self._need(part.needs)
        self._ledger.notes += _notes(facts)
        if pulled != source:
            self._ledger.notes.append(
                f"Cluster {name} pulls a copy of this image; put it there first:\n  {source} -> {pulled}"
            )
        if pull_secret is not None:
            registry = registry_and_path(pulled)[0]
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

    @property
    def host(self) -> str:
        """The Service of the instance that writes, in a form that any namespace resolves."""
        return f"{self._name}-rw.{self._namespace}.svc"

    @property
    def traffic(self) -> Traffic:
        """Its pods, and all connections they take part in but those of clients; nothing while findings are being collected."""
        return cluster_traffic(self._name, self._namespace) if self._sound else Traffic()

    def connection(self, *, bridge: ExistingSecret | DsnSecret | None = None, tls: TlsMode = "require") -> Connection:
        """A way to this database, for ``AirflowChart(database=...)``.

        Args:
            bridge: a Secret beside Airflow that has the whole URL under ``connection``. Needed when Airflow is in another
                namespace, where no pod can read the operator's Secret, and when ``credentials`` were given, because the
                operator writes no URL then. Default: the Secret ``<name>-app`` that the operator makes.
            tls: how much TLS clients insist on, as ``PGSSLMODE`` in their environment; in the URL it would break one of
                Airflow 3's two drivers. Default: ``"require"``; CloudNativePG always offers it. Where tasks have the
                database's URL (Airflow 2, Celery), their own connections to other PostgreSQL servers inherit it, unless they
                say ``sslmode`` themselves.

        Raises:
            PlatformError: when an argument is of another type.
        """
        found = check_arguments(CnpgCluster.connection, {"bridge": bridge, "tls": tls})
        path = path_below(self._scope, self._id) if found else ""
        if report(finding.under("connection").within(path) for finding in found) or not self._sound:
            return UNSOUND
        if bridge is not None:
            source = f"{self._name}-app" if self._credentials is None else getattr(self._credentials, "name", "")
            return Connection(
                secret=getattr(bridge, "name", ""),
                tls=tls,
                url=(f"postgresql://{self._owner}:", f"@{self.host}:5432/{self._database}"),
                password=(self._namespace, source),
                postgres_major=self._major,
                peer=instances(self._name, self._namespace),
            )
        return Connection(
            secret=f"{self._name}-app",
            secret_key="uri",
            secret_namespace=self._namespace,
            tls=tls,
            postgres_major=self._major,
            peer=instances(self._name, self._namespace),
            missing=""
            if self._credentials is None
            else f"the operator writes no URL for Cluster {self._name!r}, because its credentials were given",
        )


def _with_parts(
    settings: ClusterSettings, backup: CnpgBackup | None, recovery: CnpgRecovery | None, facts: ClusterFacts
) -> tuple[ClusterSettings, list[ClusterParts]]:
    """The settings with what backups and recovery add to them."""
    parts: list[ClusterParts] = []
    if backup is None and recovery is None:
        return settings, parts
    from cdk8s_airflow.database.wire_backup import backup_parts, recovery_parts

    if backup is not None:
        parts.append(backup_parts(backup, settings, facts))
        settings = _joined(settings, parts[-1])
    if recovery is not None:
        parts.append(recovery_parts(recovery, settings, facts))
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
    tested = _TESTED_KUBERNETES.get(version(facts.cnpg)[:2]) if facts.cnpg is not None else None
    if tested is None or facts.kubernetes is None:
        return
    oldest, newest = tested
    if not version(oldest) <= version(facts.kubernetes)[:2] <= version(newest):
        yield (
            f"CloudNativePG {facts.cnpg} was tested by its makers on Kubernetes {oldest} to {newest}; "
            f"this cluster has {facts.kubernetes}."
        )


def _rules(database: str, owner: str, storage: Volume, image: str | None, major: int) -> Iterator[Finding]:
    if owner in _RESERVED_ROLES or owner.startswith(("pg_", "cnpg_")):
        yield Finding(
            rule="database/owner",
            at="owner",
            problem="is a role that PostgreSQL or CloudNativePG keeps for itself",
            seen=repr(owner),
            fix="choose another name for the owner",
        )
    if database in ("postgres", "template0", "template1"):
        yield Finding(
            rule="database/database",
            at="database",
            problem="is a database that PostgreSQL makes for itself",
            seen=repr(database),
            fix="choose another name for the database",
        )
    if storage.access_mode == "ReadWriteMany":
        yield Finding(
            rule="database/access-mode",
            at="storage.access_mode",
            problem="is not for a database: one instance writes its volume, alone",
            seen="ReadWriteMany",
            fix="leave it out",
        )
    if image is None:
        return
    match = _IMAGE_MAJOR.fullmatch(image)
    if match is None or int(match[1]) != major:
        yield Finding(
            rule="database/image",
            at="image",
            problem=f"has no tag that starts with the major version {major}, by which CloudNativePG knows what it runs",
            seen=repr(image),
            fix=f"use an image like {_IMAGE.format(major=major)!r}, or set postgres_major to what the image has",
        )

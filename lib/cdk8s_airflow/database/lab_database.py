"""A single PostgreSQL instance for a lab without a database operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked, path_below
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.database.connection import UNSOUND, DatabaseAddress, DatabaseConnection
from cdk8s_airflow.database.postgres_names import database_findings, volume_findings
from cdk8s_airflow.database.wire.lab_database import (
    LabSettings,
    lab_login,
    lab_objects,
    lab_parameter_findings,
    lab_pods,
)
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.database_login import DatabasePasswords, PasswordSource
from cdk8s_airflow.model.image import RegistryMirror, registry_and_path
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, DsnSecret, ExistingSecret, PullSecret
from cdk8s_airflow.model.sessions import DEFAULT_MAX_CONNECTIONS, RESERVED, DatabaseServer
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, fitting_rules
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding, check_arguments, report
from cdk8s_airflow.validation.constraints import Must, NonEmpty, SqlName, short_label

_IMAGE = "docker.io/library/postgres:{major}-bookworm"
_LONGEST_NAME = 52

_LabName = Annotated[
    str,
    short_label(
        _LONGEST_NAME, "must be a name that is valid for a Service and the pods of a StatefulSet", "database/name"
    ),
]

_Major = Annotated[
    int,
    Must(
        lambda major: 14 <= major <= 18,
        "must be a supported major version of PostgreSQL",
        "use 14 to 18; 16 works with every supported version of Airflow",
        "database/postgres-major",
    ),
]


class LabDatabase(PlatformConstruct):
    """One PostgreSQL in one pod, **for a lab only**: no operator, no backup, no second instance, no TLS.

    If its pod or node fails, Airflow waits until it runs again; if its volume is lost, all data is lost. For production, use a
    :class:`CnpgCluster` or an :class:`ExternalDatabase`. Its user is a superuser. Its claim is annotated so that
    no delivery tool prunes it.

    The image creates user, password and database only if the volume is empty. If you change the password in the Secret, change it
    in PostgreSQL too (``ALTER ROLE ... PASSWORD``).
    """

    how_to_write = 'LabDatabase(chart, "db", ...)'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        credentials: BasicAuthSecret,
        storage: Volume,
        name: _LabName = "lab-postgres",
        database: SqlName = "airflow",
        user: SqlName | None = None,
        postgres_major: _Major = 16,
        image: NonEmpty | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        resources: Resources = Resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
        parameters: Mapping[str, str] | None = None,
        placement: NodePlacement = Placement(),
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create a single PostgreSQL instance for a lab.

        Args:
            scope: the Chart that the objects are written to.
            id: the construct id.
            namespace: the namespace of the database.
            credentials: a Secret in that namespace with ``username`` and ``password``; the user name is ``user``.
            storage: the volume. It can be enlarged if the storage class supports it, never shrunk.
            name: the name of its objects. Default: ``"lab-postgres"``.
            database: the name of the database. Default: ``"airflow"``.
            user: the owner of the database. Default: the name of the database.
            postgres_major: the major version. Default: 16, which every supported version of Airflow supports. An existing
                volume cannot be used with another major version.
            image: the image. Default: the official one, based on Debian.
            mirror: the registry with a copy of the image. Default: None; the image is pulled from its original registry.
            pull_secret: the Secret, in its namespace, with which nodes log in to the registry. Default: None.
            resources: of its pod. Default: 100m CPU, 256Mi memory, at most 512Mi.
            parameters: PostgreSQL parameters, such as ``{"max_connections": "50"}``; values are strings. Default: PostgreSQL's own.
            placement: on which nodes it may run. Default: any.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: for values that Kubernetes or PostgreSQL would refuse.
        """
        found = checked(LabDatabase.__init__, locals())
        facts = facts_of(scope, facts)
        self._name = name
        self._namespace: str = getattr(namespace, "name", "")
        self._database = database
        self._user: str = database if user is None else user
        self._major = postgres_major
        self._takes = (parameters or {}).get("max_connections", "")
        self._credentials: str = getattr(credentials, "name", "")
        if not found:
            found += _rules(self._database, self._user, storage)
            found += lab_parameter_findings(parameters or {})
            found += fitting_rules(namespace, resources, "resources")
        super().__init__(scope, id, found)
        if not self._sound:
            return
        source = image or _IMAGE.format(major=postgres_major)
        pulled = source if mirror is None else mirror.of(source)
        settings = LabSettings(
            name=name,
            namespace=self._namespace,
            image=pulled,
            database=database,
            user=self._user,
            credentials=self._credentials,
            storage=storage,
            resources=resources,
            parameters=parameters or {},
            pull_secret=None if pull_secret is None else pull_secret.name,
            placement=placement,
            architecture=facts.architecture,
        )
        self._emit(lab_objects(settings), facts=facts)
        if not self._sound:
            return
        traffic = self.traffic
        require_policies(self, f"LabDatabase {name!r}", lambda: traffic)
        self._registry.notes.append(
            f"LabDatabase {name} in namespace {self._namespace} has one pod, one volume, no backups and no TLS. If the volume is "
            "lost, its data is lost."
        )
        if pulled != source:
            self._registry.notes.append(
                BeforeApply(f"Copy the image of LabDatabase {name} to the mirror:\n  {source} -> {pulled}")
            )
        self._need([lab_login(credentials, self._namespace, self._user, f"the owner of database {database} in {name}")])
        password = PasswordSource(namespace=self._namespace, secret=self._credentials)
        self._registry.slot(DatabasePasswords).add([self._name], self._namespace, self._user, password)
        if pull_secret is not None:
            registry = registry_and_path(pulled)[0]
            self._need([needs.registry_login(pull_secret, self._namespace, registries=(registry,))])

    @property
    def host(self) -> str:
        """The host name of its Service, which works in every namespace."""
        return f"{self._name}.{self._namespace}.svc"

    @property
    def traffic(self) -> Traffic:
        """Its pod, which opens no connection. Clients declare their own. Empty if this construct has errors."""
        return Traffic(workloads=(lab_pods(self._name, self._namespace),)) if self._sound else Traffic()

    def connection(self, *, bridge: ExistingSecret | DsnSecret | None = None) -> DatabaseConnection:
        """The connection to this database, for ``AirflowChart(database=...)``. It is not encrypted: the image has no certificate.

        Args:
            bridge: a Secret in the namespace of Airflow with the whole URL in the key ``connection``. Required if Airflow is in another
                namespace. Default: None; the password is read from the Secret in the namespace of the database.

        Raises:
            PlatformError: if an argument has another type.
        """
        found = check_arguments(LabDatabase.connection, {"bridge": bridge})
        path = path_below(self._scope, self._id) if found else ""
        if report(finding.under("connection").within(path) for finding in found) or not self._sound:
            return UNSOUND
        address = DatabaseAddress(host=self.host, port=5432, database=self._database, user=self._user)
        peer = lab_pods(self._name, self._namespace)
        takes = int(self._takes) if self._takes.isdigit() else DEFAULT_MAX_CONNECTIONS
        server = DatabaseServer(
            name=f"{self._name} in {self._namespace}",
            takes=takes,
            reserved=RESERVED,
            grow='raise it: parameters={"max_connections": "200"}',
        )
        if bridge is not None:
            return DatabaseConnection(
                secret=bridge.name,
                tls="disable",
                url=address.around_password,
                password=(self._namespace, self._credentials),
                postgres_major=self._major,
                peer=peer,
                server=server,
            )
        return DatabaseConnection(
            secret=self._credentials,
            secret_key="password",
            secret_namespace=self._namespace,
            tls="disable",
            address=address,
            postgres_major=self._major,
            peer=peer,
            server=server,
        )


def _rules(database: str, user: str, storage: Volume) -> Iterator[Finding]:
    if user.startswith("pg_"):
        yield Finding(
            rule="database/owner",
            at="user",
            problem="must not be a reserved name of PostgreSQL",
            seen=repr(user),
            fix="Use another name",
        )
    yield from database_findings(database)
    yield from volume_findings(storage, "storage", writer="one pod")

"""What only some Clusters say, and the objects beside them: roles, databases and what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cdk8s_airflow.database.cluster_settings import PostgresExtension
from cdk8s_airflow.database.roles import DatabaseRole, PostgresDatabase
from cdk8s_airflow.database.wire.settings import ClusterSettings, instance_labels
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.secret_reference import ExistingSecret, SecretKey, TlsSecret
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import seconds

_API = "postgresql.cnpg.io/v1"


def further(settings: ClusterSettings) -> dict[str, Any]:
    """Parts of the Cluster's ``spec``."""
    made: dict[str, Any] = {}
    inherited = {"labels": dict(settings.labels), "annotations": dict(settings.annotations)}
    if any(inherited.values()):
        made["inheritedMetadata"] = {key: value for key, value in inherited.items() if value}
    account = settings.service_account
    if isinstance(account, ExistingServiceAccount):
        made["serviceAccountName"] = account.name
    elif account is not None:
        made["serviceAccountTemplate"] = {"metadata": {"annotations": dict(account.annotations)}}
    certificates = settings.certificates
    if certificates is not None:
        made["certificates"] = {
            key: value
            for key, value in (
                ("serverTLSSecret", _named(certificates.server)),
                ("serverCASecret", _named(certificates.server_ca)),
                ("clientCASecret", _named(certificates.client_ca)),
                ("replicationTLSSecret", _named(certificates.replication)),
                ("serverAltDNSNames", list(certificates.names)),
            )
            if value
        }
    if settings.updates is not None:
        made["primaryUpdateMethod"] = settings.updates.by
        made["primaryUpdateStrategy"] = "supervised" if settings.updates.supervised else "unsupervised"
    monitoring = _monitoring(settings)
    if monitoring:
        made["monitoring"] = monitoring
    roles = [] if settings.role_objects else [_role(role) for role in all_roles(settings)]
    if roles:
        made["managed"] = {"roles": [{**_ROLE_DEFAULTS, **role} for role in roles]}
    return made


_ROLE_DEFAULTS = {"ensure": "present", "inherit": True, "connectionLimit": -1}
"""What the API server adds to an entry of ``managed.roles``. Written, so that the list is the same in the manifest and the cluster."""


def _named(ref: ExistingSecret | TlsSecret | None) -> str | None:
    return None if ref is None else ref.name


def _monitoring(settings: ClusterSettings) -> dict[str, Any]:
    given = settings.monitoring
    if given is None:
        return {}
    made: dict[str, Any] = {}
    if given.queries:
        made["customQueriesConfigMap"] = [{"name": each.name, "key": each.key} for each in given.queries]
    if not given.default_queries:
        made["disableDefaultQueries"] = True
    if given.tls:
        made["tls"] = {"enabled": True}
    return made


def all_roles(settings: ClusterSettings) -> list[DatabaseRole]:
    """The roles that are told, and those told with the databases they own, each once."""
    owners = [each.owner for each in settings.databases if isinstance(each.owner, DatabaseRole)]
    found: list[DatabaseRole] = []
    for role in (*settings.roles, *owners):
        if role not in found:
            found.append(role)
    return found


def _role(role: DatabaseRole) -> dict[str, Any]:
    """A role, in the form that the Cluster and the object of its own share."""
    made: dict[str, Any] = {"name": role.name, "login": role.credentials is not None}
    if role.credentials is None:
        made["disablePassword"] = True
    else:
        made["passwordSecret"] = {"name": role.credentials.name}
    for key, value in (
        ("inRoles", list(role.member_of)),
        ("createdb", role.create_databases),
        ("createrole", role.create_roles),
        ("comment", role.comment),
    ):
        if value:
            made[key] = value
    if role.connection_limit != -1:
        made["connectionLimit"] = role.connection_limit
    return made


def objects(settings: ClusterSettings) -> dict[str, dict[str, Any]]:
    """Construct id -> what is beside the Cluster."""
    made: dict[str, dict[str, Any]] = {}
    if settings.role_objects:
        for role in all_roles(settings):
            made[f"role-{role.name}"] = _object(settings, "DatabaseRole", role.name, _role(role))
    if settings.extensions:
        first = PostgresDatabase(name=settings.database, extensions=settings.extensions)
        made["first-database"] = _database(settings, first)
    for each in settings.databases:
        made[f"database-{each.name}"] = _database(settings, each)
    if settings.monitoring is not None:
        made["pod-monitor"] = _pod_monitor(settings)
    return made


def owner_of(settings: ClusterSettings, database: PostgresDatabase) -> str:
    """The name of the role that owns a database."""
    if isinstance(database.owner, DatabaseRole):
        return database.owner.name
    return settings.owner if database.owner is None else database.owner


def login_of(settings: ClusterSettings, name: str, *, operators: str) -> tuple[str, str] | Finding:
    """Who owns a further database, and the Secret beside the Cluster with the password.

    Args:
        operators: the Secret of the owner of the first database.
    """
    database = next((each for each in settings.databases if each.name == name), None)
    if database is None:
        known = ", ".join([settings.database, *(each.name for each in settings.databases)])
        return Finding(
            rule="database/database",
            at="database",
            problem=f"is no database of Cluster {settings.name}",
            seen=repr(name),
            fix=f"use one of these: {known}; or tell it in databases=[...]",
        )
    owner = owner_of(settings, database)
    if owner == settings.owner:
        return owner, operators
    role = next(each for each in all_roles(settings) if each.name == owner)
    if role.credentials is None:
        return Finding(
            rule="database/role",
            at="database",
            problem=f"is owned by role {owner}, which nobody can log in as",
            seen=repr(name),
            fix=f'give the role credentials=BasicAuthSecret("{owner.replace("_", "-")}-login")',
        )
    return owner, role.credentials.name


def _database(settings: ClusterSettings, database: PostgresDatabase) -> dict[str, Any]:
    """A Database object. The operator leaves the database where it is when the object goes (``retain``)."""
    owner = owner_of(settings, database)
    spec: dict[str, Any] = {"name": database.name, "owner": owner, "databaseReclaimPolicy": "retain"}
    if database.connection_limit != -1:
        spec["connectionLimit"] = database.connection_limit
    if database.schemas:
        spec["schemas"] = [{"name": each, "owner": owner, "ensure": "present"} for each in database.schemas]
    if database.extensions:
        spec["extensions"] = _extensions(database.extensions)
    made = _object(settings, "Database", database.name, spec)
    made["metadata"] |= state_metadata()
    return made


def _extensions(given: Sequence[PostgresExtension | str]) -> list[dict[str, Any]]:
    made = []
    for each in given:
        extension = PostgresExtension(name=each) if isinstance(each, str) else each
        said = (
            ("name", extension.name),
            ("schema", extension.schema),
            ("version", extension.version),
            ("ensure", "present"),
        )
        made.append({key: value for key, value in said if value is not None})
    return made


def _object(settings: ClusterSettings, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": kind,
        "metadata": {"name": f"{settings.name}-{name.replace('_', '-').strip('-')}", "namespace": settings.namespace},
        "spec": {"cluster": {"name": settings.name}, **spec},
    }


def _pod_monitor(settings: ClusterSettings) -> dict[str, Any]:
    """A PodMonitor of the instances. Source: the operator's monitoring page; it deprecates making one itself."""
    given = settings.monitoring
    endpoint: dict[str, Any] = {"port": "metrics"}
    if given is not None and given.interval is not None:
        endpoint["interval"] = f"{seconds(given.interval)}s"
    if given is not None and given.tls:
        certificates = settings.certificates
        authority = _named(certificates.server_ca) if certificates is not None else None
        endpoint["scheme"] = "https"
        endpoint["tlsConfig"] = {
            "ca": {"secret": {"name": authority or f"{settings.name}-ca", "key": "ca.crt"}},
            "serverName": f"{settings.name}-rw",
        }
    metadata: dict[str, Any] = {"name": settings.name, "namespace": settings.namespace}
    if given is not None and given.labels:
        metadata["labels"] = dict(given.labels)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": metadata,
        "spec": {
            "selector": {"matchLabels": instance_labels(settings.name)},
            "podMetricsEndpoints": [endpoint],
        },
    }


def secret_needs(settings: ClusterSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets beside the Cluster that these parts read."""
    for role in all_roles(settings):
        if role.credentials is not None:
            yield needs.basic_auth(
                role.credentials,
                settings.namespace,
                username=role.name,
                purpose=f"role {role.name} in Cluster {settings.name}",
            )
    if settings.certificates is not None:
        yield from _certificate_needs(settings)


def _certificate_needs(settings: ClusterSettings) -> Iterator[needs.SecretNeed]:
    given = settings.certificates
    if given is None:
        return
    for ref, whose in ((given.server, "clients see"), (given.replication, "instances follow the writer with")):
        if ref is not None:
            yield needs.pasted(
                ref,
                settings.namespace,
                f"the certificate that {whose}, in Cluster {settings.name}",
                key="tls.key",
                plain={"tls.crt": "tls.crt"},
                awaited=False,
            )
    for authority, whom in ((given.server_ca, "the server"), (given.client_ca, "clients")):
        if authority is not None:
            key = SecretKey(authority.name, "ca.crt")
            yield needs.authority(key, settings.namespace, f"who signs for {whom} of Cluster {settings.name}")
    if given.client_ca is not None and given.replication is None:
        yield needs.free_key(
            SecretKey(given.client_ca.name, "ca.key"),
            settings.namespace,
            f"signs the certificates of clients of Cluster {settings.name}",
            content="the authority's private key, in PEM",
            source="cat ca.key",
        )


def notes(settings: ClusterSettings) -> Iterator[str]:
    """What a reader of the summary should know."""
    given = settings.synchronous
    if given is not None and given.durability == "required" and given.number == settings.instances - 1:
        yield (
            f"Cluster {settings.name} stops writing whenever one of its {settings.instances} instances is missing: all others "
            "must have a transaction. Raise instances, or let it go on with durability='preferred'."
        )
    if settings.extension_images:
        yield (
            f"Instances of Cluster {settings.name} mount images: Kubernetes 1.33 and 1.34 do so with the feature gate "
            "ImageVolume, 1.35 by itself; containerd from 2.1, CRI-O from 1.31 on."
        )
    monitoring = settings.monitoring
    for each in monitoring.queries if monitoring is not None else ():
        yield (
            f"Cluster {settings.name} measures what ConfigMap {each.name} of namespace {settings.namespace} says under "
            f"{each.key}; label it cnpg.io/reload=true, and the operator sees its changes."
        )

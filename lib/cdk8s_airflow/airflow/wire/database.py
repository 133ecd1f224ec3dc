"""The metadata database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.executors import celery_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts, env_variables, secret_or_config_map
from cdk8s_airflow.airflow.wire.pod_settings import unsupported_setting
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.database.connection import DatabaseAddress, authority_rules
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.database_login import login_at
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.version import postgres_findings
from cdk8s_airflow.validation import Finding, show

URL_VARIABLES = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB")
"""The variables with the URL of the database."""

CORE_URL_VARIABLE = "AIRFLOW__CORE__SQL_ALCHEMY_CONN"
"""The name of the first of them before Airflow 2.3. Older charts set it as well."""

LIBRARY_VARIABLES = ("PGSSLMODE", "PGSSLROOTCERT", "PGPASSWORD")
"""The variables that every PostgreSQL driver reads if the URL does not set them, asyncpg and libpq alike."""

PORT = CHART_PORTS["pgbouncer"]
"""The port at which the chart's PgBouncer listens."""

CA_FILE = "/etc/database-ca/ca.crt"
"""The path of the CA certificate of the database server, in every pod that runs Airflow."""

CA_VOLUME = "database-ca"
"""The volume of that file."""


def library_variables(settings: ReleaseSettings) -> dict[str, str | SecretKey]:
    """Settings of the drivers in addition to the URL: the TLS mode, the CA certificate, and the password if the URL has none."""
    database = settings.database
    # PgBouncer accepts plain connections from clients in its namespace; its own connections use the TLS mode of the settings.
    found: dict[str, str | SecretKey] = {"PGSSLMODE": database.tls if database.pgbouncer is None else "prefer"}
    if database.ca is not None:
        found["PGSSLROOTCERT"] = CA_FILE
    if database.address is not None:
        found["PGPASSWORD"] = SecretKey(database.secret, database.secret_key)
    return found


def through(settings: ReleaseSettings, direct: DatabaseAddress, pool: str) -> DatabaseAddress:
    """The address of a pool of the release's PgBouncer: ``metadata`` or ``result-backend``, the names of the chart."""
    return DatabaseAddress(
        host=f"{settings.release}-pgbouncer.{settings.namespace}.svc",
        port=PORT,
        database=f"{settings.release}-{pool}",
        user=direct.user,
    )


def url_variables(settings: ReleaseSettings) -> dict[str, str | SecretKey]:
    """Airflow's variables with the URL: plain values if the URL contains no password."""
    database = settings.database
    address, results = database.address, database.results
    if address is not None:
        if database.pgbouncer is not None:
            results = through(settings, address, "result-backend")
            address = through(settings, address, "metadata")
        urls: dict[str, str | SecretKey] = dict.fromkeys(URL_VARIABLES, address.url())
        if results is not None and settings.has_celery_workers and not _has_result_backend(settings):
            urls["AIRFLOW__CELERY__RESULT_BACKEND"] = results.url("db+postgresql")
        return urls
    return dict.fromkeys(URL_VARIABLES, SecretKey(database.secret, database.secret_key))


def absolute_host(host: str, namespace: str) -> str:
    """A host name that works in every namespace: a single label is the name of a Service in the namespace of the release."""
    return host if "." in host else f"{host}.{namespace}.svc"


def database_identities(settings: ReleaseSettings) -> Iterator[str]:
    """Each identification of the database: its address, if it is known, and the Secret with the whole URL."""
    database = settings.database
    address = database.direct or database.address
    if address is not None:
        yield replace(address, host=absolute_host(address.host, settings.namespace)).place
    elif database.url is not None:
        yield database.url[1].removeprefix("@")
    if database.address is None:
        yield f"{database.secret_key} of Secret {settings.namespace}/{database.secret}"


def _has_result_backend(settings: ReleaseSettings) -> bool:
    celery = celery_of(settings.executor)
    return celery is not None and celery.result_backend is not None


def chart_sets_url(settings: ReleaseSettings) -> bool:
    """Whether the chart itself passes the URL to Airflow's containers."""
    return settings.database.secret_key == "connection" and settings.database.address is None


def database_values(settings: ReleaseSettings) -> Tree:
    """Disables the bundled PostgreSQL. The chart creates a Secret unless the name of an existing one is set."""
    return {"postgresql": {"enabled": False}, "data": {"metadataSecretName": settings.database.secret}}


def database_parts(settings: ReleaseSettings) -> PodParts:
    """The URL: either complete from one Secret, or composed without the password, which the drivers read from a variable.

    A password in a URL must be percent-encoded, which only its owner can do. In ``PGPASSWORD`` it is used unchanged, by
    psycopg2 and asyncpg.

    If the key is ``connection``, the chart sets the variables. For any other key (CloudNativePG writes ``uri``), the chart's
    variables are disabled and the same ones are set from that key. Never only one of them: the chart orders the two
    differently in different pods.
    """
    database, variables = settings.database, library_variables(settings)
    unset: tuple[str, ...] = ()
    if not chart_sets_url(settings):
        variables |= url_variables(settings)
        core = settings.dialect.place("builtin_env.core_sql_alchemy_conn")
        unset = (*URL_VARIABLES, *(() if core is None else (CORE_URL_VARIABLE,)))
    ca = () if database.ca is None else (secret_or_config_map(CA_VOLUME, database.ca, CA_FILE.rpartition("/")[2]),)
    mount = {"name": CA_VOLUME, "mountPath": CA_FILE.rpartition("/")[0], "readOnly": True}
    return PodParts(
        variables=env_variables(variables),
        unset_variables=unset,
        volumes=ca,
        volume_mounts=(mount,) if ca else (),
    )


def database_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if Airflow cannot read the URL, or does not support that PostgreSQL version."""
    database = settings.database
    yield from postgres_findings(settings.dialect.airflow, database.postgres_major)
    yield from authority_rules(database.tls, database.ca)
    yield from _reader_rules(settings)
    if database.secret_namespace is not None and database.secret_namespace != settings.namespace:
        yield Finding(
            rule="database/needs-bridge",
            at="database",
            problem=f"has its {'URL' if database.address is None else 'password'} in Secret {database.secret!r} of namespace {database.secret_namespace!r}, "
            f"and pods in {settings.namespace!r} cannot read it there",
            fix='use a Secret with the URL in the namespace of Airflow: connection(bridge=ExistingSecret("airflow-metadata")). '
            "Create it by hand, with SecretBridge (External Secrets) or with SecretBootstrap (a Job), "
            f"or create the database in {settings.namespace!r}",
        )


def _reader_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if a container other than Airflow's own cannot connect to the database."""
    database = settings.database
    if database.ca is not None and database.ca_namespace not in (None, settings.namespace):
        yield Finding(
            rule="database/authority",
            at="database",
            problem=f"has its CA certificate in {database.ca.name!r} of namespace {database.ca_namespace!r}, and pods in "
            f"{settings.namespace!r} cannot read it there",
            fix='create a copy in the namespace of Airflow and use it: connection(..., ca=ConfigMapKey("database-ca", "ca.crt")), '
            "or use SecretBridge(ca=...) and connection(..., ca=bridge.ca)",
        )
    celery = celery_of(settings.executor)
    if database.results is not None and celery is not None and celery.result_backend is not None:
        yield Finding(
            rule="database/results",
            at="executor.result_backend",
            problem="conflicts with results= of the database's connection",
            seen=show(celery.result_backend.name),
            fix="Remove it, or remove results= from connection()",
        )
    if database.results is not None and celery is None:
        yield Finding(
            rule="database/results",
            at="database",
            problem="has results= in its connection, which is ignored: executor= has no Celery workers",
            fix="Remove results= from connection()",
        )
    if database.ca is not None and settings.cleanup is not None and settings.dialect.place("cleanup.volumes") is None:
        yield unsupported_setting(
            settings.dialect, "cleanup.volumes", "cleanup", "with a database whose certificate is checked"
        )


def database_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret with the URL, unless an operator creates it."""
    database, namespace = settings.database, settings.namespace
    if isinstance(database.ca, SecretKey) and database.ca_namespace is None:
        purpose = "the CA certificate of the database"
        yield replace(needs.authority(database.ca, namespace, purpose), awaited=True)
    if database.secret_namespace is None:
        if database.address is not None:
            key = SecretKey(database.secret, database.secret_key)
            who = f"{database.address.user} at {database.address.host}"
            content = f"the password of {who}, not encoded"
            login = login_at(database.address.host, database.address.user, namespace)
            yield needs.free_key(key, namespace, "the database's password", content=content, login=login)
        elif database.url is not None and database.password is not None:
            yield needs.dsn_copied(
                database.secret, namespace, source=database.password, url=database.url, purpose="the database's URL"
            )
        else:
            yield needs.dsn_typed(database.secret, namespace, "the database's URL")


def database_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The ConfigMap with the CA certificate, which must exist."""
    source = settings.database.ca
    if isinstance(source, ConfigMapKey):
        yield BeforeApply(
            f"Pods of release {settings.release} do not start without ConfigMap {source.name} in namespace {settings.namespace}: "
            f"its key {source.key} contains the CA certificate of the database.\n"
            f"  kubectl -n {settings.namespace} get configmap {source.name}"
        )


DATABASE = Concept(
    values=database_values, parts=database_parts, rules=database_rules, needs=database_needs, notes=database_notes
)
"""The metadata database."""

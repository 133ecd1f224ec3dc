"""The chart's PgBouncer, with settings of ours: the chart would make its own from a database with the password in its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.executors import celery_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.database import CA_FILE, PORT
from cdk8s_airflow.airflow.wire.pod_settings import component_placement
from cdk8s_airflow.airflow.wire.security import CONTAINER, SECCOMP
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.wire.disruption_budget import budget
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding, show

PGBOUNCER_USER = 65534
"""The user of its images; its command line asks for it by name."""

_FOLDER = "/etc/pgbouncer-settings"
_VOLUME = "pgbouncer-settings"

INCLUDE = f"%include {_FOLDER}/pgbouncer.ini"
"""What the file holds that the chart takes from a Secret: only where the settings are."""

_PREPARED_STATEMENTS = 200


def pgbouncer_values(settings: ReleaseSettings) -> Tree:
    """PgBouncer and the exporter of its metrics, where they are asked for."""
    given = settings.database.pgbouncer
    if given is None:
        return {}
    values: Tree = {
        "enabled": True,
        "replicas": given.replicas,
        "configSecretName": given.credentials.name,
        "resources": resources(given.resources),
        "securityContexts": {
            "pod": {
                "runAsNonRoot": True,
                "runAsUser": PGBOUNCER_USER,
                "runAsGroup": PGBOUNCER_USER,
                "fsGroup": PGBOUNCER_USER,
                **SECCOMP,
            },
            "container": CONTAINER,
        },
        "serviceAccount": {"automountServiceAccountToken": False},
        "podAnnotations": {**settings.annotations, "cdk8s-airflow/pgbouncer": digest(pgbouncer_ini(settings), 16)},
        "extraVolumes": [{"name": _VOLUME, "configMap": {"name": settings_name(settings)}}],
        "extraVolumeMounts": [{"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}],
        "metricsExporterSidecar": {
            "statsSecretName": given.credentials.name,
            "statsSecretKey": "connection",
            "resources": resources(given.exporter_resources),
            "securityContexts": {"container": CONTAINER},
        },
    }
    if given.replicas > 1 and given.disruption_budget is not None:
        values["podDisruptionBudget"] = {"enabled": True, "config": budget(given.disruption_budget)}
    return {"pgbouncer": join(values, component_placement(settings, given.placement))}


def settings_name(settings: ReleaseSettings) -> str:
    """The ConfigMap with PgBouncer's settings."""
    return f"{settings.release}-pgbouncer-settings"


def pgbouncer_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The ConfigMap with PgBouncer's settings."""
    if settings.database.pgbouncer is None:
        return {}
    return {
        "pgbouncer-settings": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": settings_name(settings), "namespace": settings.namespace},
            "data": {"pgbouncer.ini": pgbouncer_ini(settings)},
        }
    }


def pgbouncer_ini(settings: ReleaseSettings) -> str:
    """The settings. Source of the names: PgBouncer's documentation of its configuration, and the chart's ``pgbouncer_config``.

    Sessions are assigned for each transaction. Airflow 3's second driver uses prepared statements, so PgBouncer tracks them.
    """
    database = settings.database
    given, direct = database.pgbouncer, database.address
    if given is None or direct is None:
        return ""
    pools = {"metadata": given.pool_size}
    if settings.has_celery_workers:
        pools["result-backend"] = given.results_pool
    options: dict[str, object] = {
        "listen_addr": "*",
        "listen_port": PORT,
        "pool_mode": "transaction",
        "auth_type": "scram-sha-256",
        "auth_file": "/etc/pgbouncer/users.txt",
        "stats_users": direct.user,
        "ignore_startup_parameters": "extra_float_digits",
        "max_client_conn": given.max_clients,
        "max_prepared_statements": _PREPARED_STATEMENTS,
        "server_tls_sslmode": database.tls,
    }
    if database.ca is not None:
        options["server_tls_ca_file"] = CA_FILE
    lines = [
        "[databases]",
        *(
            f"{settings.release}-{pool} = host={_quoted(direct.host)} port={direct.port} "
            f"dbname={_quoted(direct.database)} pool_size={size}"
            for pool, size in pools.items()
        ),
        "",
        "[pgbouncer]",
        *(f"{name} = {value}" for name, value in {**options, **given.parameters}.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def pgbouncer_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret with the login in PgBouncer's own form."""
    database = settings.database
    if database.pgbouncer is not None and database.address is not None:
        yield needs.pgbouncer_login(
            database.pgbouncer.credentials,
            settings.namespace,
            "the database's login, as PgBouncer reads it",
            source=SecretKey(database.secret, database.secret_key),
            user=database.address.user,
            include=INCLUDE,
        )


def pgbouncer_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The ports of PgBouncer."""
    if settings.database.pgbouncer is not None:
        yield (
            f"Release {settings.release} connects to its database through PgBouncer: port {PORT} of Service "
            f"{settings.release}-pgbouncer, metrics at port 9127. Migrations connect to the database directly."
        )


def pgbouncer_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether there are Celery results for the pool of its own."""
    given = settings.database.pgbouncer
    if given is None or given.results_pool_size is None:
        return
    celery = celery_of(settings.executor)
    if celery is None or celery.result_backend is not None:
        what = (
            "executor= has no Celery workers"
            if celery is None
            else "CeleryExecutor(result_backend=) is another database"
        )
        yield Finding(
            rule="database/pgbouncer",
            at="database.pgbouncer.results_pool_size",
            problem=f"is ignored: {what}",
            seen=show(given.results_pool_size),
            fix="Remove results_pool_size=",
        )


PGBOUNCER = Concept(
    values=pgbouncer_values,
    objects=pgbouncer_objects,
    rules=pgbouncer_rules,
    needs=pgbouncer_needs,
    notes=pgbouncer_notes,
)
"""The PgBouncer of the chart."""

"""Values keys and environment variables that hold a secret by their definition, whatever their value looks like."""

from __future__ import annotations

from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import classify
from cdk8s_airflow.secret_scan.names import ALWAYS
from cdk8s_airflow.text.documents import Path

SECRET_VALUES: Final = (
    "fernetKey",
    "webserverSecretKey",
    "apiSecretKey",
    "jwtSecret",
    "data.metadataConnection.pass",
    "data.resultBackendConnection.pass",
    "data.brokerUrl",
    "redis.password",
    "dags.gitSync.sshKey",
    "webserver.defaultUser.password",
    "createUserJob.defaultUser.password",
    "flower.password",
    "elasticsearch.connection.pass",
    "opensearch.connection.pass",
    "registry.connection.pass",
    "kerberos.keytabBase64Content",
    "pgbouncer.ssl.key",
    "postgresql.auth.password",
    "postgresql.auth.postgresPassword",
    "postgresql.auth.replicationPassword",
    "extraSecrets.*.data",
    "extraSecrets.*.stringData",
    "config.api.secret_key",
    "config.api_auth.jwt_secret",
    "config.celery.broker_url",
    "config.celery.flower_basic_auth",
    "config.celery.result_backend",
    "config.core.fernet_key",
    "config.core.internal_api_secret_key",
    "config.core.sql_alchemy_conn",
    "config.database.sql_alchemy_conn",
    "config.database.sql_alchemy_conn_async",
    "config.opensearch.password",
    "config.sentry.sentry_dsn",
    "config.smtp.smtp_password",
    "config.webserver.secret_key",
)
"""Values keys that take a secret in clear text. Each has a sibling that names an existing Secret, or an environment variable that
can come from one. The ``config`` keys are the options that Airflow itself marks as sensitive."""

_SECRET_PATHS: Final = frozenset(tuple(path.split(".")) for path in SECRET_VALUES)
_AIRFLOW: Final = regex(
    r"AIRFLOW__(CORE__FERNET_KEY|CORE__INTERNAL_API_SECRET_KEY|WEBSERVER__SECRET_KEY|API__SECRET_KEY|API_AUTH__JWT_SECRET"
    r"|(DATABASE|CORE)__SQL_ALCHEMY_CONN(_ASYNC)?|CELERY__(CELERY_)?(BROKER_URL|RESULT_BACKEND|FLOWER_BASIC_AUTH)"
    r"|SMTP__SMTP_PASSWORD|SENTRY__SENTRY_DSN|OPENSEARCH__PASSWORD)"
)
_BARE_ADDRESS: Final = regex(r"(db\+)?postgresql://[^\s:/?#@\[\]]+@[^\s:/?#@]+(:\d+)?/[^\s:/?#@]+")
_ADDRESS_VARIABLES: Final = ("__SQL_ALCHEMY_CONN", "__RESULT_BACKEND")


def is_secret_place(path: Path) -> bool:
    """Whether the chart takes a secret in clear text at this path of its values."""
    return path in _SECRET_PATHS or (len(path) == 3 and (path[0], "*", path[2]) in _SECRET_PATHS)


def is_airflow_secret(name: str) -> bool:
    """Whether Airflow reads a secret from an environment variable of this name."""
    return _AIRFLOW.fullmatch(name) is not None


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable holds a secret: Airflow reads one from it, or its name says it without doubt."""
    return is_airflow_secret(name) or (name.isupper() and classify(name).strength == ALWAYS)


def is_bare_address(name: str, text: str) -> bool:
    """Whether a variable that takes the URL of a database has one without a password: only user, server and database."""
    return name.endswith(_ADDRESS_VARIABLES) and _BARE_ADDRESS.fullmatch(text) is not None

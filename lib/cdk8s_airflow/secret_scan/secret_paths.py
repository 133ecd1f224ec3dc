"""Which places of a document may hold a secret, so that what stands there is never shown and no literal is accepted."""

from __future__ import annotations

import re
from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.scanner import has_login

Path = tuple[str | int, ...]
"""Steps into a document."""

_TELLING = regex(
    r"pass(?!ive)|pwd|secret|token|credential|private|fernet|sshkey|api_?key|access_?key|auth|jwt|sentry|dsn|brokerurl|broker_url"
    r"|connection|_conn\b|conn_|keytab|kwargs|result_backend|\buri$|\burl$|^key$|^data$|^stringdata$|^binarydata$|^value$|encrypteddata"
    r"|valuescontent|extraenv|command|args",
    re.IGNORECASE,
)
_NAMES_ONLY = regex(r"(name|ref|enabled|annotations|port|host|protocol|create|mode|mountpath|token)$", re.IGNORECASE)

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
"""Values keys that take a secret in clear text. Each has a sibling that names an existing Secret, or a Secret-backed
environment variable. The ``config`` ones are the options that Airflow itself marks as sensitive."""

_SECRET_PLACES: Final = frozenset(tuple(path.split(".")) for path in SECRET_VALUES)
_SECRET_ENV: Final = regex(
    r"AIRFLOW__(CORE__FERNET_KEY|CORE__INTERNAL_API_SECRET_KEY|WEBSERVER__SECRET_KEY|API__SECRET_KEY|API_AUTH__JWT_SECRET"
    r"|(DATABASE|CORE)__SQL_ALCHEMY_CONN(_ASYNC)?|CELERY__(CELERY_)?(BROKER_URL|RESULT_BACKEND|FLOWER_BASIC_AUTH)"
    r"|SMTP__SMTP_PASSWORD|SENTRY__SENTRY_DSN|OPENSEARCH__PASSWORD)\Z"
    r"|(.*_)?(PASSWORD|PASSWD|SECRET_ACCESS_KEY|SECRET_KEY|CLIENT_SECRET|ACCESS_TOKEN|API_TOKEN|AUTH_TOKEN|API_KEY)\Z"
)


_BARE_ADDRESS: Final = regex(r"(db\+)?postgresql://[^\s:/?#@\[\]]+@[^\s:/?#@]+(:\d+)?/[^\s:/?#@]+")
_ADDRESS_VARIABLES: Final = ("__SQL_ALCHEMY_CONN", "__RESULT_BACKEND")


def is_bare_address(name: str, text: str) -> bool:
    """Whether a variable with a database's URL has one without a password: only a user, a server and a database."""
    return name.endswith(_ADDRESS_VARIABLES) and _BARE_ADDRESS.fullmatch(text) is not None


def may_hide(path: Path) -> bool:
    """Whether a secret could stand at this place; such a value is never part of a message."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return False
    if any(step in ("extraSecrets", "stringData", "encryptedData", "env", "extraEnv") for step in names):
        return not names[-1].endswith(("name", "Name"))
    if names[0] == "config" and len(names) >= 2:
        return _TELLING.search(names[-1]) is not None
    if _NAMES_ONLY.search(names[-1]) and not re.fullmatch(r"\w*token", names[-1], re.IGNORECASE):
        return False
    return any(_TELLING.search(step) for step in names[-2:])


def is_secret_place(path: Path) -> bool:
    """Whether the chart takes a secret in clear text at this place of its values."""
    return path in _SECRET_PLACES or (len(path) == 3 and (path[0], "*", path[2]) in _SECRET_PLACES)


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable of this name carries a secret by its meaning."""
    return _SECRET_ENV.match(name) is not None


__all__ = ["SECRET_VALUES", "has_login", "is_bare_address", "is_secret_place", "is_secret_variable", "may_hide"]

"""What a release refers to: database, broker, logs, DAG files. Computed from the values of the Airflow chart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk8s_airflow.plan.conditions import is_true, mappings
from cdk8s_airflow.plan.tree import MISSING, canonical, find

DATABASE_VARIABLES = (
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
    "AIRFLOW_CONN_AIRFLOW_DB",
)
"""Environment variables that hold the URL of the metadata database."""

BROKER_VARIABLE = "AIRFLOW__CELERY__BROKER_URL"
RESULT_VARIABLE = "AIRFLOW__CELERY__RESULT_BACKEND"


@dataclass(frozen=True)
class Reference:
    """Something that a release uses.

    Attributes:
        text: what it is, for people.
        path: the value that names it.
        secret: the Secret that holds it; empty if it is named in another way.
    """

    text: str
    path: str = ""
    secret: str = ""


NOTHING = Reference("nothing")


def database_reference(values: Any) -> Reference:
    """Where the release gets the URL of its metadata database from."""
    for name in DATABASE_VARIABLES:
        if (found := _secret_variable(values, name)) is not None:
            return found
    return _data(values, "metadataSecretName", "metadataConnection")


def broker_reference(values: Any) -> Reference:
    """Where the release gets the URL of its Celery broker from."""
    if (found := _secret_variable(values, BROKER_VARIABLE)) is not None:
        return found
    reference = _data(values, "brokerUrlSecretName", "brokerUrl")
    if reference is NOTHING and find(values, "redis.enabled") is True:
        return Reference("the Redis of the chart", "values.redis.enabled")
    return reference


def result_reference(values: Any) -> Reference:
    """Where the release gets the URL of its Celery result backend from: the metadata database by default."""
    if (found := _secret_variable(values, RESULT_VARIABLE)) is not None:
        return found
    reference = _data(values, "resultBackendSecretName", "resultBackendConnection")
    return Reference("the metadata database") if reference is NOTHING else reference


def _secret_variable(values: Any, name: str) -> Reference | None:
    for entry in mappings(find(values, "secret")):
        if entry.get("envName") == name:
            secret, key = entry.get("secretName"), entry.get("secretKey")
            return Reference(f"Secret {secret}, key {key}", f"values.secret[{name}].secretName", str(secret))
    return None


def _data(values: Any, secret_key: str, plain_key: str) -> Reference:
    secret = find(values, f"data.{secret_key}")
    if isinstance(secret, str) and secret:
        return Reference(f"Secret {secret}", f"values.data.{secret_key}", secret)
    plain = find(values, f"data.{plain_key}")
    if isinstance(plain, Mapping):
        shown = "/".join(str(plain[key]) for key in ("host", "port", "db") if plain.get(key))
        return Reference(shown or "a connection in the values", f"values.data.{plain_key}")
    if isinstance(plain, str) and plain:
        return Reference("a URL in the values", f"values.data.{plain_key}")
    return NOTHING


def log_location(values: Any) -> Reference:
    """Where the logs of tasks are kept."""
    for store in ("elasticsearch", "opensearch"):
        if find(values, f"{store}.enabled") is True:
            connection = find(values, f"{store}.connection")
            secret = find(values, f"{store}.secretName")
            host = connection.get("host") if isinstance(connection, Mapping) else None
            shown = f"{store} {host or (f'of Secret {secret}' if secret else '')}"
            return Reference(shown.strip(), f"values.{store}")
    folder = find(values, "config.logging.remote_base_log_folder")
    if is_true(find(values, "config.logging.remote_logging")) and isinstance(folder, str) and folder:
        return Reference(folder, "values.config.logging.remote_base_log_folder")
    if find(values, "logs.persistence.enabled") is True:
        claim = find(values, "logs.persistence.existingClaim")
        if isinstance(claim, str) and claim:
            return Reference(f"claim {claim}", "values.logs.persistence.existingClaim")
        return Reference("the claim of the chart", "values.logs.persistence.enabled")
    return Reference("the pods themselves", "values.logs.persistence.enabled")


def is_in_pods(location: Reference) -> bool:
    """Whether logs go with their pods."""
    return location.text == "the pods themselves"


def dag_source(values: Any) -> Reference:
    """Where DAG files come from."""
    if find(values, "dags.gitSync.enabled") is True:
        return Reference(f"git repository {find(values, 'dags.gitSync.repo')}", "values.dags.gitSync.repo")
    if find(values, "dags.persistence.enabled") is True:
        claim = find(values, "dags.persistence.existingClaim")
        if isinstance(claim, str) and claim:
            return Reference(f"claim {claim}", "values.dags.persistence.existingClaim")
        return Reference("the claim of the chart", "values.dags.persistence.enabled")
    bundles = find(values, "config.dag_processor.dag_bundle_config_list")
    if bundles is not MISSING and bundles:
        return Reference("DAG bundles", "values.config.dag_processor.dag_bundle_config_list")
    mounts = [
        str(entry.get("name"))
        for entry in mappings(find(values, "volumeMounts"))
        if "/dags" in str(entry.get("mountPath"))
    ]
    if mounts:
        return Reference(f"volume {', '.join(mounts)}", "values.volumeMounts")
    return Reference("the image")


def executors(values: Any) -> tuple[str, ...]:
    """The executors of a release, without aliases and class paths."""
    text = find(values, "executor")
    names = str(text).split(",") if isinstance(text, str) else []
    return tuple(re.split(r"[:.]", name)[-1] for name in names)


def runs_celery(values: Any) -> bool:
    """Whether there are Celery workers."""
    return any("Celery" in name for name in executors(values))


def runs_pods(values: Any) -> bool:
    """Whether tasks run in pods of their own."""
    return any("Kubernetes" in name for name in executors(values))


def runs_locally(values: Any) -> bool:
    """Whether tasks run in the scheduler."""
    return any(name.startswith("Local") for name in executors(values))


def digest_of(value: Any) -> str:
    """A text that is the same for equal values."""
    return canonical(value) if value is not MISSING else ""

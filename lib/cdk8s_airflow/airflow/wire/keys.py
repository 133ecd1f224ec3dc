"""The keys that must not move, by reference, and no user that everybody knows."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.checks import Finding
from cdk8s_airflow.secrets import needs
from cdk8s_airflow.secrets.contracts import AirflowKeys, _SecretReference


def key_values(settings: ReleaseSettings) -> Tree:
    """Names of the Secrets. The chart's Job that makes a user runs only for an account that was asked for."""
    dialect = settings.dialect
    return join(
        {"fernetKeySecretName": settings.keys.fernet.name},
        *(nest(dialect.place(f"keys.{field}"), ref.name) for field, ref in session_keys(settings.keys).items() if ref),
        nest(dialect.place("admin_user.enabled"), settings.admin is not None),
    )


def session_keys(keys: AirflowKeys) -> dict[str, _SecretReference | None]:
    """The keys that a version of Airflow may or may not read, by the name of their field."""
    return {"webserver": keys.webserver, "api": keys.api, "jwt": keys.jwt}


def key_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether every key that this version reads has a Secret."""
    dialect = settings.dialect
    for field, ref in session_keys(settings.keys).items():
        if ref is None and dialect.place(f"keys.{field}") is not None:
            yield Finding(
                rule="secrets/key-missing",
                at=f"keys.{field}",
                problem=f"is missing, and Airflow {dialect.airflow} reads it; the chart would make one up and change it",
                fix='name its Secret, or use AirflowKeys.existing(prefix="airflow")',
            )


_PURPOSES = {
    "webserver": "signs sessions of the webserver",
    "api": "signs sessions of the API server",
    "jwt": "signs tokens between components",
}


def key_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets with the keys that this version reads."""
    yield needs.random_key(
        settings.keys.fernet,
        settings.namespace,
        "encrypts connections and variables; keep a copy outside the cluster",
    )
    for field, ref in session_keys(settings.keys).items():
        if ref is not None and settings.dialect.place(f"keys.{field}") is not None:
            yield needs.random_key(ref, settings.namespace, _PURPOSES[field])

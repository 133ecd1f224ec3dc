"""The keys that must not move, by reference, and no user that everybody knows."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.secrets.contracts import AirflowKeys, _SecretReference


def key_values(settings: ReleaseSettings) -> Tree:
    """Names of the Secrets, and the chart's user admin with the password admin switched off."""
    dialect = settings.dialect
    return join(
        {"fernetKeySecretName": settings.keys.fernet.name},
        *(nest(dialect.place(f"keys.{field}"), ref.name) for field, ref in session_keys(settings.keys).items() if ref),
        nest(dialect.place("admin_user.enabled"), False),
    )


def session_keys(keys: AirflowKeys) -> dict[str, _SecretReference | None]:
    """The keys that a version of Airflow may or may not read, by the name of their field."""
    return {"webserver": keys.webserver, "api": keys.api, "jwt": keys.jwt}

"""The keys of Airflow in existing Secrets, and no default user."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts, env_variables
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import AirflowKeys, SecretKey, SecretReference
from cdk8s_airflow.validation import Finding

FERNET_VARIABLE = "AIRFLOW__CORE__FERNET_KEY"
"""The variable with the fernet key, where there is one key."""

FERNET_PARTS = ("AIRFLOW_FERNET_KEY", "AIRFLOW_FERNET_KEY_BEFORE")
"""The variables with the new and the previous key, while there are two."""

FERNET_COMMAND = f"{FERNET_VARIABLE}_CMD"
"""The variable with the command by which Airflow gets both."""

_BOTH = 'sh -c \'printf %s,%s "$AIRFLOW_FERNET_KEY" "$AIRFLOW_FERNET_KEY_BEFORE"\''


def key_values(settings: ReleaseSettings) -> Tree:
    """Names of the Secrets. The chart's Job that makes a user runs only for an account that was asked for."""
    dialect = settings.dialect
    return join(
        {"fernetKeySecretName": settings.keys.fernet.name},
        *(nest(dialect.place(f"keys.{field}"), ref.name) for field, ref in session_keys(settings.keys).items() if ref),
        nest(dialect.place("admin_user.enabled"), settings.admin is not None),
    )


def key_parts(settings: ReleaseSettings) -> PodParts:
    """Two fernet keys with a comma between them, as Airflow takes them: it encrypts with the first, and reads with either.

    Each is in a Secret of its own. Kubernetes could join them in a variable only where the chart writes the two before it, which
    differs from pod to pod; so Airflow runs a command for it, and the chart's own variable is switched off.
    """
    keys = settings.keys
    if keys.previous_fernet is None:
        return PodParts()
    both = (keys.fernet, keys.previous_fernet)
    parts = {name: SecretKey(ref.name, "fernet-key") for name, ref in zip(FERNET_PARTS, both, strict=True)}
    return PodParts(variables=env_variables({FERNET_COMMAND: _BOTH, **parts}), unset_variables=(FERNET_VARIABLE,))


def session_keys(keys: AirflowKeys) -> dict[str, SecretReference | None]:
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
                problem=f"is required by Airflow {dialect.airflow}: without it, the chart would generate a key and change it later",
                fix='Set its Secret, or use AirflowKeys.existing(prefix="airflow")',
            )


_PURPOSES = {
    "webserver": "signs sessions of the webserver",
    "api": "signs sessions of the API server",
    "jwt": "signs tokens between components",
}


def key_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets with the keys that this version reads."""
    yield needs.fernet_key(
        settings.keys.fernet,
        settings.namespace,
        "encrypts connections and variables; keep a copy outside the cluster",
    )
    if settings.keys.previous_fernet is not None:
        yield needs.typed(
            settings.keys.previous_fernet,
            settings.namespace,
            "reads what was encrypted before; it is there already",
            prompt="The fernet key so far",
        )
    for field, ref in session_keys(settings.keys).items():
        if ref is not None and settings.dialect.place(f"keys.{field}") is not None:
            yield needs.random_key(ref, settings.namespace, _PURPOSES[field])


KEYS = Concept(values=key_values, parts=key_parts, rules=key_rules, needs=key_needs)
"""The keys of Airflow."""

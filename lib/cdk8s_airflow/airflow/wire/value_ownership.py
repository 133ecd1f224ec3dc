"""Values that belong to an argument, and that ``values=`` therefore cannot change behind its back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.validation import Finding, show

_MISSING = object()

OWNERS: Mapping[str, str] = {
    "airflowVersion": "airflow_version=",
    "apiSecretKeySecretName": "keys=",
    "config.api.base_url": "ui=",
    "config.webserver.base_url": "ui=",
    "createUserJob.enabled": "admin=",
    "dags.gitSync.branch": "dags=",
    "dags.gitSync.credentialsSecret": "dags=",
    "dags.gitSync.ref": "dags=",
    "dags.gitSync.repo": "dags=",
    "dags.gitSync.rev": "dags=",
    "dags.gitSync.sshKeySecret": "dags=",
    "data.brokerUrlSecretName": "executor=",
    "data.metadataSecretName": "database=",
    "data.resultBackendSecretName": "executor=",
    "defaultAirflowTag": "airflow_version= or image=",
    "executor": "executor=",
    "fernetKeySecretName": "keys=",
    "jwtSecretName": "keys=",
    "logs.persistence.enabled": "logs=",
    "logs.persistence.existingClaim": "logs=",
    "pgbouncer.configSecretName": "database=",
    "pgbouncer.enabled": "database=",
    "postgresql.enabled": "database=",
    "redis.enabled": "executor=",
    "redis.passwordSecretName": "executor=",
    "triggerer.persistence.enabled": "logs=",
    "webserver.defaultUser.enabled": "admin=",
    "webserverSecretKeySecretName": "keys=",
}
"""Dotted key -> the argument it belongs to. Other values follow from each of them, and so does the list of Secrets."""

UNSAID: Mapping[str, tuple[object, str]] = {
    "pgbouncer.enabled": (False, "ExternalDatabase(pooling=PgBouncer(...)), or CnpgPooler in front of a CnpgCluster"),
}
"""Dotted key -> what it is where no argument says it, and what to give in place of another value."""


def owned_rules(ours: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether ``values=`` says otherwise what an argument says.

    Args:
        ours: the values that follow from the arguments.
        values: what ``values=`` lays over them.
    """
    for key, owner in OWNERS.items():
        theirs = _at(values, key)
        said = _at(ours, key)
        if theirs is _MISSING or said is _MISSING or theirs == said:
            continue
        yield Finding(
            rule="values/owned",
            at=f"values.{key}",
            problem=f"says otherwise than {owner}, from which all the other values follow",
            seen=show(theirs),
            fix=f"give {owner} instead",
        )
    for key, (silent, instead) in UNSAID.items():
        theirs = _at(values, key)
        if theirs is not _MISSING and theirs != silent and _at(ours, key) is _MISSING:
            yield Finding(
                rule="values/owned",
                at=f"values.{key}",
                problem="belongs to an argument, from which Secrets and addresses follow too",
                seen=show(theirs),
                fix=f"give {instead}",
            )


def _at(tree: object, key: str) -> object:
    for part in key.split("."):
        if not isinstance(tree, Mapping) or part not in tree:
            return _MISSING
        tree = tree[part]
    return tree

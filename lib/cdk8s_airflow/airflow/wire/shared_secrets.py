"""Secrets of a release, seen together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow.airflow.executors import RedisBroker, celery_of
from cdk8s_airflow.airflow.exposure import Ingress
from cdk8s_airflow.airflow.logs import SearchLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.keys import session_keys
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.model.secret_reference import SecretReference
from cdk8s_airflow.validation import Finding


def shared_secret_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for Secrets of different contracts with the same name: the second would overwrite the first."""
    first: dict[str, str] = {}
    for at, name in _named_secrets(settings):
        if name in first and not (at.startswith("keys.") and first[name].startswith("keys.")):
            yield Finding(
                rule="secrets/shared",
                at=at,
                problem=f"is the same Secret as {first[name]}, but each requires different content",
                seen=repr(name),
                fix="Use a separate Secret for each",
            )
        first.setdefault(name, at)


def _named_secrets(settings: ReleaseSettings) -> Iterator[tuple[str, str]]:
    """Each Secret that an argument names: the argument, and the name of the Secret."""
    keys, database = settings.keys, settings.database
    yield from _named({"keys.fernet": keys.fernet, "keys.previous_fernet": keys.previous_fernet})
    yield from _named({f"keys.{field}": reference for field, reference in session_keys(keys).items()})
    yield "database", database.secret
    if database.pgbouncer is not None:
        yield "database.pooling.credentials", database.pgbouncer.credentials.name
    yield from _secrets_of_dags(settings)
    yield from _secrets_of_celery(settings)
    yield from _named(
        {
            "flower.credentials": None if settings.flower is None else settings.flower.credentials,
            "admin.credentials": None if settings.admin is None else settings.admin.credentials,
            "logs.url": settings.logs.url if isinstance(settings.logs, SearchLogs) else None,
            "pull_secret": settings.pull_secret,
        }
    )
    if isinstance(settings.ui, Ingress):
        names = sorted({host.tls.secret for host in settings.ui.hosts if host.tls is not None})
        yield from (("ui.tls.secret" if len(names) == 1 else f"ui ({name})", name) for name in names)


def _named(references: Mapping[str, SecretReference | None]) -> Iterator[tuple[str, str]]:
    yield from ((at, reference.name) for at, reference in references.items() if reference is not None)


def _secrets_of_dags(settings: ReleaseSettings) -> Iterator[tuple[str, str]]:
    git, dags = settings.git_sync, settings.dags
    if git is not None and git.credentials is not None:
        yield "dags.credentials", git.credentials.name
    if isinstance(dags, DagBundles):
        for bundle in dags.bundles:
            if bundle.credentials is not None:
                yield f"dags ({bundle.name})", bundle.credentials.name


def _secrets_of_celery(settings: ReleaseSettings) -> Iterator[tuple[str, str]]:
    celery = celery_of(settings.executor)
    if celery is None:
        return
    broker = celery.broker
    yield "executor.broker.url", broker.url.name
    if isinstance(broker, RedisBroker):
        yield "executor.broker.password", broker.password.name
    yield from _named({"executor.result_backend": celery.result_backend})


SHARED_SECRETS = Concept(rules=shared_secret_rules)
"""Secrets that two arguments name."""

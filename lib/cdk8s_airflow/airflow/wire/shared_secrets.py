"""Secrets of a release, seen together."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.executors import RedisBroker, celery_of
from cdk8s_airflow.airflow.exposure import Ingress
from cdk8s_airflow.airflow.logs import SearchLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.keys import session_keys
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.validation import Finding


def shared_secret_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Secrets of different contracts under one name: whoever makes the second overwrites the first."""
    keys, git, ui = settings.keys, settings.git_sync, settings.ui
    named = {"keys.fernet": keys.fernet.name}
    if keys.previous_fernet is not None:
        named["keys.previous_fernet"] = keys.previous_fernet.name
    named |= {f"keys.{field}": ref.name for field, ref in session_keys(keys).items() if ref is not None}
    named["database"] = settings.database.secret
    if settings.database.pgbouncer is not None:
        named["database.pooling.credentials"] = settings.database.pgbouncer.credentials.name
    if git is not None and git.credentials is not None:
        named["dags.credentials"] = git.credentials.name
    if isinstance(settings.dags, DagBundles):
        for bundle in settings.dags.bundles:
            if bundle.credentials is not None:
                named[f"dags ({bundle.name})"] = bundle.credentials.name
    celery = celery_of(settings.executor)
    if celery is not None:
        named["executor.broker.url"] = celery.broker.url.name
        if isinstance(celery.broker, RedisBroker):
            named["executor.broker.password"] = celery.broker.password.name
        if celery.result_backend is not None:
            named["executor.result_backend"] = celery.result_backend.name
    if settings.flower is not None:
        named["flower.credentials"] = settings.flower.credentials.name
    if settings.admin is not None:
        named["admin.credentials"] = settings.admin.credentials.name
    if isinstance(settings.logs, SearchLogs):
        named["logs.url"] = settings.logs.url.name
    if settings.pull_secret is not None:
        named["pull_secret"] = settings.pull_secret.name
    if isinstance(ui, Ingress):
        certificates = {host.tls.secret for host in ui.hosts if host.tls is not None}
        named |= {"ui.tls.secret" if len(certificates) == 1 else f"ui ({name})": name for name in sorted(certificates)}
    first: dict[str, str] = {}
    for at, name in named.items():
        if name in first and not (at.startswith("keys.") and first[name].startswith("keys.")):
            yield Finding(
                rule="secrets/shared",
                at=at,
                problem=f"is the same Secret as {first[name]}, and each of them has to hold something else",
                seen=repr(name),
                fix="give each a Secret of its own",
            )
        first.setdefault(name, at)


SHARED_SECRETS = Concept(rules=shared_secret_rules)
"""Secrets that two arguments name."""

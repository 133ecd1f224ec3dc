"""Flower, the web page about Celery."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_settings import pod_values, probe_values, startup_probe, unsupported_setting
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding

_PROBE_PERIOD = 5


def flower_values(settings: ReleaseSettings) -> Tree:
    """The values of Flower."""
    given = settings.flower
    if given is None:
        return {}
    values = join(
        {
            "enabled": True,
            "secretName": given.credentials.name,
            "resources": resources(given.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        pod_values(settings, given),
        probe_values(given, _PROBE_PERIOD),
    )
    startup: Tree = {}
    if given.startup_tolerance is not None:
        startup = nest(settings.dialect.place("flower.startup_probe"), startup_probe(given.startup_tolerance))
    return join({"flower": values}, startup)


def flower_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if there are no Celery workers, or this version does not read all settings of Flower."""
    given, dialect = settings.flower, settings.dialect
    if given is None:
        return
    if not settings.has_celery_workers:
        yield Finding(
            rule="components/flower",
            at="flower",
            problem="requires Celery workers, and this executor has none",
            seen=settings.executor.name,
            fix="Remove it, or use CeleryExecutor(...)",
        )
    if given.startup_tolerance is not None and dialect.place("flower.startup_probe") is None:
        yield unsupported_setting(dialect, "flower.startup_probe", "flower.startup_tolerance", given.startup_tolerance)


def flower_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret with its user and password."""
    if settings.flower is not None:
        yield needs.random_password(
            settings.flower.credentials, settings.namespace, "user (admin) and password of Flower", before="admin:"
        )


FLOWER = Concept(values=flower_values, rules=flower_rules, needs=flower_needs)
"""Flower."""

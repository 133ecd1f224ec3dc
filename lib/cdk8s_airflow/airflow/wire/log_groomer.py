"""The log groomer: a sidecar that deletes old files of logs."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_settings import unsupported_setting
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import days, seconds
from cdk8s_airflow.validation.quantities import quantity


def log_groomer_values(settings: ReleaseSettings) -> Tree:
    """The log groomers of the components that every executor has. Those of Celery workers are in ``executors.py``."""
    components = {
        "scheduler": settings.scheduler,
        "triggerer": settings.triggerer,
        "dagProcessor": settings.dag_processor,
    }
    return {
        key: groomer_values(given.log_groomer, settings.dialect)
        for key, given in components.items()
        if given is not None
    }


def groomer_values(given: LogGroomer | None, dialect: Dialect) -> Tree:
    """The log groomer sidecar."""
    if given is None:
        return {"logGroomerSidecar": {"enabled": False}}
    values: Tree = {"logGroomerSidecar": {"resources": resources(given.resources)}}
    if given.retention != LogGroomer().retention:
        values["logGroomerSidecar"]["retentionDays"] = days(given.retention)
    if given.interval is not None:
        values = join(values, nest(dialect.place("log_groomer.interval"), seconds(given.interval) // 60))
    if given.max_size is not None:
        values = join(values, nest(dialect.place("log_groomer.max_size"), int(quantity(given.max_size))))
    return values


def log_groomer_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings of these log groomers that this version of the chart ignores."""
    for at, given in (
        ("scheduler", settings.scheduler),
        ("triggerer", settings.triggerer),
        ("dag_processor", settings.dag_processor),
    ):
        if given is not None:
            yield from groomer_rules(given.log_groomer, settings.dialect, f"{at}.log_groomer")


def groomer_rules(given: LogGroomer | None, dialect: Dialect, at: str) -> Iterator[Finding]:
    """Findings for settings of the log groomer sidecar that this version does not read."""
    if given is None:
        return
    for field in ("interval", "max_size"):
        value = getattr(given, field)
        if value is not None and dialect.place(f"log_groomer.{field}") is None:
            yield unsupported_setting(dialect, f"log_groomer.{field}", f"{at}.{field}", value)


LOG_GROOMER = Concept(values=log_groomer_values, rules=log_groomer_rules)
"""The log groomers of components."""

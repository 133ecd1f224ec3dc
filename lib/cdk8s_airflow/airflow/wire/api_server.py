"""The API server of Airflow 3, which also serves the UI; the webserver of Airflow 2."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_settings import (
    HTTP_PROBE_PERIOD,
    availability_values,
    grace_values,
    pod_labels,
    pod_values,
    probe_values,
    startup_probe,
    unsupported_rules,
)
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.scaling import hpa
from cdk8s_airflow.validation import Finding


def api_server_values(settings: ReleaseSettings) -> Tree:
    """The values of the API server, or of the webserver."""
    given, dialect = settings.api_server, settings.dialect
    values = join(
        {"resources": resources(given.resources), "startupProbe": startup_probe(given.startup_tolerance)},
        {"replicas": given.replicas} if given.scaling is None else {},
        pod_values(settings, given),
        availability_values(given, pod_labels(settings.release, dialect.ui_server), "podDisruptionBudget"),
        probe_values(given, HTTP_PROBE_PERIOD),
        grace_values(given, dialect.place("ui_server.grace_period") is not None),
    )
    scaled = {} if given.scaling is None else nest(dialect.place("ui_server.hpa"), hpa(given.scaling))
    return join(nest(dialect.place("ui_server"), values), scaled)


def api_server_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings that this version of the chart ignores."""
    given, dialect = settings.api_server, settings.dialect
    yield from unsupported_rules(dialect, "api_server", given, "grace_period", "ui_server.grace_period")
    yield from unsupported_rules(dialect, "api_server", given, "scaling", "ui_server.hpa")


API_SERVER = Concept(values=api_server_values, rules=api_server_rules)
"""The API server."""

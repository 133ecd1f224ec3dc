"""From the arguments of :class:`AirflowChart` to the settings of a release."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cdk8s_airflow.airflow.chart_archive import ChartArchive, OpenedChart, schema_of
from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.collector import default_statsd
from cdk8s_airflow.dags.source import DagSettings
from cdk8s_airflow.model.namespace import NamespaceHandle
from cdk8s_airflow.model.version import pair_findings, runs_of
from cdk8s_airflow.validation import Finding


def release_settings(
    arguments: Mapping[str, Any], argument_findings: list[Finding], has_quota: Callable[[NamespaceHandle], bool]
) -> tuple[ReleaseSettings | None, list[Finding]]:
    """The settings of a release, or None with findings.

    Args:
        arguments: the arguments of ``AirflowChart``, by name.
        argument_findings: what is wrong with single arguments.
        has_quota: whether a namespace has a quota.
    """
    found = list(argument_findings)
    chart, airflow, archive = (arguments[name] for name in ("chart_version", "airflow_version", "chart_archive"))
    opened = archive.opened if isinstance(archive, ChartArchive) else None
    own = None if opened is None else opened.own
    schema = None
    if archive is None or opened is not None:
        found += pair_findings(chart, airflow, own)
    if opened is not None and not found:
        schema, problems = schema_of(opened)
        found += problems
    runs = None if found else runs_of(chart, own)
    if runs is None:
        return None, found
    dialect = Dialect(chart, airflow or runs.default)
    limited = any(has_quota(each) for each in (arguments["namespace"], *arguments["task_namespaces"]))
    return _settings(arguments, dialect, opened, schema, limited), found


def _settings(
    arguments: Mapping[str, Any], dialect: Dialect, archive: OpenedChart | None, schema: Any, has_quota: bool
) -> ReleaseSettings:
    """The arguments that are settings as they are, and those that are not."""
    processor = arguments["dag_processor"]
    if processor is None and dialect.place("dag_processor.required") is not None:
        processor = DagProcessor()
    converted = {
        "namespace": arguments["namespace"].name,
        "task_namespaces": tuple(each.name for each in arguments["task_namespaces"]),
        "dags": _dag_settings(arguments["dags"]),
        "dag_processor": processor,
        "statsd": default_statsd(arguments["statsd"], arguments["otel_collector"]),
    }
    same = {
        name: arguments[name]
        for name, none_is_default in _fields().items()
        if name in arguments and name not in converted and not (arguments[name] is None and none_is_default)
    }
    return ReleaseSettings(
        **same,
        **converted,
        dialect=dialect,
        has_quota=has_quota,
        pod_security=getattr(arguments["namespace"], "pod_security", "restricted"),
        archived_images=None if archive is None else archive.side_images,
        archived_schema=schema,
        archived_defaults=None if archive is None else archive.source.values,
    )


@cache
def _fields() -> Mapping[str, bool]:
    """Name of each setting, and whether None as an argument means its default."""
    missing = dataclasses.MISSING
    return {
        field.name: field.default is not missing or field.default_factory is not missing
        for field in dataclasses.fields(ReleaseSettings)
    }


def _dag_settings(dags: Any) -> DagSettings | None:
    """The settings of a DAG source; None for a source with findings of its own."""
    if dags is None or not getattr(dags, "sound", True):
        return None
    settings: DagSettings = dags.settings
    return settings

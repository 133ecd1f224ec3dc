"""From the arguments of :class:`AirflowChart` to the settings of a release."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from cdk8s_airflow.airflow.chart_archive import ChartArchive, OpenedChart, schema_of
from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.otel_collector import default_statsd
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.source import DagSettings
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.namespace import NamespaceHandle, PodSecurityLevel
from cdk8s_airflow.model.version import Own, image_findings, pair_findings, runs_of, version_in_tag
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
    image = _image_of(arguments)
    if airflow is None and image is not None:
        airflow = version_in_tag(image.tag)
    if archive is None or opened is not None:
        found += pair_findings(chart, airflow, own)
    if not found:
        found += _image_version_rules(arguments, image, own)
    if opened is not None and not found:
        schema, problems = schema_of(opened)
        found += problems
    runs = None if found else runs_of(chart, own)
    if runs is None:
        return None, found
    dialect = Dialect(chart, airflow or runs.default)
    limited = any(has_quota(each) for each in (arguments["namespace"], *arguments["task_namespaces"]))
    settings = _settings(arguments, dialect, opened, schema, limited)
    if any(has_quota(each) for each in arguments["pod_operator_namespaces"]):
        settings = dataclasses.replace(settings, limits_started_pods=True)
    return settings, found


def _image_of(arguments: Mapping[str, Any]) -> Image | None:
    """The image that Airflow runs in, or None for the official one."""
    image, dags = arguments["image"], arguments["dags"]
    if isinstance(dags, DagImage):
        return dags.image if image is None else None  # Both together have a finding of their own.
    return image if isinstance(image, Image) else None


def _image_version_rules(arguments: Mapping[str, Any], image: Image | None, own: Own | None) -> Iterator[Finding]:
    """Whether the version of Airflow in each image is known, and the same."""
    runs = runs_of(arguments["chart_version"], own)
    version = arguments["airflow_version"]
    if runs is None:
        return
    if image is not None:
        at = "image" if arguments["image"] is image else "dags"
        yield from image_findings(image.repository, image.tag, version, at=at, default=runs.default)
        version = version or version_in_tag(image.tag)
    tasks = arguments["task_pods"]
    pods = {
        "task_pods.default": tasks.default,
        **{f"task_pods.templates.{name}": pod for name, pod in tasks.templates.items()},
    }
    for at, pod in pods.items():
        if pod is not None and pod.image is not None:
            yield from image_findings(
                pod.image.repository, pod.image.tag, version or runs.default, at=f"{at}.image", default=runs.default
            )


def _settings(
    arguments: Mapping[str, Any], dialect: Dialect, archive: OpenedChart | None, schema: Any, has_quota: bool
) -> ReleaseSettings:
    """The arguments that are settings as they are, and those that are not."""
    processor = arguments["dag_processor"]
    if processor is None and dialect.has("dag_processor.required"):
        processor = DagProcessor()
    converted = {
        "namespace": arguments["namespace"].name,
        "task_namespaces": tuple(each.name for each in arguments["task_namespaces"]),
        "pod_operator_namespaces": tuple(each.name for each in arguments["pod_operator_namespaces"]),
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
        pod_security=_level(arguments["namespace"]),
        other_levels={
            each.name: _level(each) for each in (*arguments["task_namespaces"], *arguments["pod_operator_namespaces"])
        },
        archived_images=None if archive is None else archive.side_images,
        archived_schema=schema,
        archived_defaults=None if archive is None else archive.source.values,
    )


def _level(namespace: NamespaceHandle) -> PodSecurityLevel:
    """The level of the Pod Security Standards of a namespace; for one of another library, the strictest."""
    level: PodSecurityLevel = getattr(namespace, "pod_security", "restricted")
    return level


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

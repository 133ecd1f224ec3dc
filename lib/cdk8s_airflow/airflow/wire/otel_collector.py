"""The OpenTelemetry collector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.components import OtelCollector, Statsd
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.pod_settings import grace_values, pod_values, unsupported_setting
from cdk8s_airflow.airflow.wire.security import CONTAINER, SECCOMP
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import seconds

COLLECTOR_USER = 10001
"""The user of the collector's image."""

_HTTP, _GRPC, _HEALTH = CHART_PORTS["otelCollectorOtlpHttp"], CHART_PORTS["otelCollectorOtlpGrpc"], 13133


def default_statsd(statsd: Statsd | None, collector: OtelCollector | None) -> Statsd | None:
    """The StatsD exporter, or None if it has only defaults and the OpenTelemetry collector takes the metrics."""
    return None if collector is not None and collector.metrics and statsd == Statsd() else statsd


def collector_values(settings: ReleaseSettings) -> Tree:
    """The collector, with a configuration that passes on what it gets: the chart's own writes it to a log."""
    given = settings.otel_collector
    if given is None:
        return {}
    values = join(
        {
            "metricsEnabled": given.metrics,
            "tracesEnabled": given.traces,
            "metricExportIntervalMs": export_interval_ms(given),
            "config": json.dumps(_config(given), indent=2, sort_keys=True) + "\n",
            "resources": resources(given.resources),
            "securityContexts": {
                "pod": {"runAsNonRoot": True, "runAsUser": COLLECTOR_USER, **SECCOMP},
                "container": CONTAINER,
            },
        },
        pod_values(settings, given),
        grace_values(given),
        {} if settings.pull_secret is None else {"serviceAccount": {"create": False, "name": _account(settings)}},
    )
    return nest(settings.dialect.place("otel_collector"), values)


def _account(settings: ReleaseSettings) -> str:
    return f"{settings.release}-otel-collector-account"


def collector_objects(settings: ReleaseSettings) -> Objects:
    """The service account by which nodes get the pull Secret for the collector: the chart writes no pull Secret into its pod."""
    if settings.otel_collector is None or settings.pull_secret is None:
        return {}
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": _account(settings), "namespace": settings.namespace},
        "automountServiceAccountToken": False,
        "imagePullSecrets": [{"name": settings.pull_secret.name}],
    }
    return {"otel-collector-account": account}


def export_interval_ms(given: OtelCollector) -> int:
    """How often Airflow sends metrics to the collector, in milliseconds."""
    return seconds(given.export_interval) * 1000


def _config(given: OtelCollector) -> dict[str, Any]:
    pipeline = {"receivers": ["otlp"], "processors": ["batch"], "exporters": sorted(given.exporters)}
    used = {"metrics": given.metrics, "traces": given.traces}
    return {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{_HEALTH}"}},
        "receivers": {
            "otlp": {"protocols": {"http": {"endpoint": f"0.0.0.0:{_HTTP}"}, "grpc": {"endpoint": f"0.0.0.0:{_GRPC}"}}}
        },
        "processors": {"batch": {}},
        "exporters": {name: dict(exporter) for name, exporter in given.exporters.items()},
        "service": {
            "extensions": ["health_check"],
            "pipelines": {name: pipeline for name, wanted in used.items() if wanted},
        },
    }


def collector_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether this version has a collector, and metrics go one way."""
    given, dialect = settings.otel_collector, settings.dialect
    if given is None:
        return
    if dialect.place("otel_collector") is None:
        yield unsupported_setting(dialect, "otel_collector", "otel_collector", given)
    if given.metrics and settings.statsd is not None:
        yield Finding(
            rule="components/collector",
            at="statsd",
            problem="would receive no metrics, because Airflow sends them to the OpenTelemetry collector",
            fix="Set statsd=None, or OtelCollector(metrics=False, ...)",
        )


OTEL_COLLECTOR = Concept(values=collector_values, objects=collector_objects, rules=collector_rules)
"""The OpenTelemetry collector."""

"""The variables that the chart itself sets in every container of Airflow. Source: ``standard_airflow_environment`` in its helpers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.executors import celery_of
from cdk8s_airflow.airflow.logs import SearchLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.database import CORE_URL_VARIABLE, URL_VARIABLES
from cdk8s_airflow.airflow.wire.keys import FERNET_VARIABLE
from cdk8s_airflow.airflow.wire.otel_collector import export_interval_ms
from cdk8s_airflow.airflow.wire.pod_parts import EnvVariable
from cdk8s_airflow.model.secret_reference import SecretKey

HOME = "/opt/airflow"
"""The home directory of Airflow in the official image."""

_OTLP_PORT = CHART_PORTS["otelCollectorOtlpHttp"]


def chart_variables(settings: ReleaseSettings, unset: Iterable[str]) -> Iterator[EnvVariable]:
    """The variables, in the order of the chart.

    Args:
        settings: the release.
        unset: those that the chart must not set.
    """
    separate_executor = settings.dialect.place("task_pods.executor") is not None
    yield EnvVariable("AIRFLOW__CORE__EXECUTOR", settings.executor.name if separate_executor else "LocalExecutor")
    yield EnvVariable("AIRFLOW_HOME", HOME)
    for name, secret, key in (*_key_variables(settings), *_broker_variables(settings), *_log_variables(settings)):
        if name not in unset:
            yield EnvVariable(name, SecretKey(secret, key))
    yield from _telemetry_variables(settings)


def _key_variables(settings: ReleaseSettings) -> Iterator[tuple[str, str, str]]:
    """The keys of Airflow and the URL of its database: name, Secret and key."""
    place, keys, database = settings.dialect.place, settings.keys, settings.database.secret
    yield FERNET_VARIABLE, keys.fernet.name, "fernet-key"
    for name in URL_VARIABLES:
        yield name, database, "connection"
    if place("builtin_env.core_sql_alchemy_conn") is not None:
        yield CORE_URL_VARIABLE, database, "connection"
    if place("keys.webserver") is not None and keys.webserver is not None:
        yield "AIRFLOW__WEBSERVER__SECRET_KEY", keys.webserver.name, "webserver-secret-key"
    if place("keys.api") is not None and keys.api is not None:
        yield "AIRFLOW__API__SECRET_KEY", keys.api.name, "api-secret-key"


def _broker_variables(settings: ReleaseSettings) -> Iterator[tuple[str, str, str]]:
    celery = celery_of(settings.executor)
    if celery is None:
        return
    if celery.result_backend is not None:
        yield "AIRFLOW__CELERY__RESULT_BACKEND", celery.result_backend.name, "connection"
    yield "AIRFLOW__CELERY__BROKER_URL", celery.broker.url.name, "connection"


def _log_variables(settings: ReleaseSettings) -> Iterator[tuple[str, str, str]]:
    if isinstance(settings.logs, SearchLogs):
        yield f"AIRFLOW__{settings.logs.engine.upper()}__HOST", settings.logs.url.name, "connection"


def _telemetry_variables(settings: ReleaseSettings) -> Iterator[EnvVariable]:
    collector = settings.otel_collector
    if collector is None or not (collector.metrics or collector.traces):
        return
    address = f"http://{settings.release}-otel-collector:{_OTLP_PORT}/v1"
    yield EnvVariable("OTEL_SERVICE_NAME", "airflow")
    yield EnvVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    if collector.traces:
        yield EnvVariable("OTEL_TRACES_EXPORTER", "otlp")
        yield EnvVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{address}/traces")
    if collector.metrics:
        yield EnvVariable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{address}/metrics")
        yield EnvVariable("OTEL_METRIC_EXPORT_INTERVAL", str(export_interval_ms(collector)))

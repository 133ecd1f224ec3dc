"""The OpenTelemetry collector: its values, its service account, and releases that cannot have it."""

from __future__ import annotations

import json

from cdk8s_airflow.airflow.components import OtelCollector, Statsd
from cdk8s_airflow.airflow.wire.otel_collector import OTEL_COLLECTOR, default_statsd
from cdk8s_airflow.model.secret_reference import PullSecret
from tests.airflow.wire.samples import PAIRS, release, values_of

GIVEN = OtelCollector(exporters={"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}, export_interval="45s")


def test_collector_passes_metrics_on_to_its_exporters() -> None:
    values = values_of(OTEL_COLLECTOR, release(PAIRS[-1], otel_collector=GIVEN, statsd=None))["otelCollector"]
    assert (values["metricsEnabled"], values["metricExportIntervalMs"]) == (True, 45000)
    config = json.loads(values["config"])
    assert config["exporters"] == {"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}
    assert config["service"]["pipelines"]["metrics"]["exporters"] == ["otlphttp"]
    assert values_of(OTEL_COLLECTOR, release(PAIRS[-1])) == {}


def test_pull_secret_gives_the_collector_a_service_account() -> None:
    settings = release(PAIRS[-1], otel_collector=GIVEN, pull_secret=PullSecret("login"))
    (account,) = OTEL_COLLECTOR.objects(settings).values()
    name = values_of(OTEL_COLLECTOR, settings)["otelCollector"]["serviceAccount"]["name"]
    assert (account["metadata"]["name"], account["imagePullSecrets"]) == (name, [{"name": "login"}])
    assert OTEL_COLLECTOR.objects(release(PAIRS[-1], otel_collector=GIVEN)) == {}


def test_older_chart_and_a_second_receiver_of_metrics_are_refused() -> None:
    found = OTEL_COLLECTOR.rules(release(PAIRS[0], otel_collector=GIVEN))
    assert [finding.at for finding in found] == ["otel_collector", "statsd"]
    assert list(OTEL_COLLECTOR.rules(release(PAIRS[-1], otel_collector=GIVEN, statsd=None))) == []


def test_default_statsd_is_disabled_only_if_the_collector_receives_metrics() -> None:
    assert default_statsd(Statsd(), GIVEN) is None
    assert default_statsd(Statsd(), None) == Statsd()
    assert default_statsd(Statsd(port=9126), GIVEN) == Statsd(port=9126)

"""Monitoring: the objects that it creates, and what it refuses."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest
import yaml

from cdk8s_airflow import (
    ClusterFacts,
    CnpgPooler,
    Namespace,
    OtelCollector,
    PlatformError,
    PostgresMonitoring,
    S3Credentials,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.monitoring import Alerts, Dashboards, Monitoring, statsd_mappings
from cdk8s_airflow.network import PodGroup
from cdk8s_airflow.storage import SeaweedFs, StoreUser
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart
from tests.truth import assert_accepted

PLATFORM_KINDS = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}


def made(chart: cdk8s.Chart) -> dict[tuple[str, str], dict[str, Any]]:
    """The monitoring objects, by kind and name; the judges accept all of them."""
    manifests = emitted(chart)
    assert_accepted(manifests)
    return {(m["kind"], m["metadata"]["name"]): m for m in manifests if m["kind"] in PLATFORM_KINDS}


def test_default_is_a_service_monitor_and_alerts() -> None:
    chart = new_chart()
    monitoring = Monitoring(chart, "monitoring", release=make_airflow(chart))
    objects = made(chart)
    assert set(objects) == {("ServiceMonitor", "airflow-statsd"), ("PrometheusRule", "airflow-alerts")}
    assert objects["ServiceMonitor", "airflow-statsd"] == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {
            "name": "airflow-statsd",
            "namespace": "airflow",
            "labels": {"release": "kube-prometheus-stack"},
        },
        "spec": {
            "selector": {"matchLabels": {"tier": "airflow", "component": "statsd", "release": "airflow"}},
            "endpoints": [
                {
                    "port": "statsd-scrape",
                    "interval": "30s",
                    "relabelings": [{"action": "replace", "targetLabel": "job", "replacement": "airflow-statsd"}],
                }
            ],
        },
    }
    assert objects["PrometheusRule", "airflow-alerts"]["metadata"]["labels"] == {"release": "kube-prometheus-stack"}
    assert "AirflowSchedulerHeartbeatMissing" in monitoring.alert_names
    assert not [name for name in monitoring.alert_names if name.startswith(("Postgres", "GitSync", "Pooler"))]


def test_every_part_of_a_platform_is_scraped() -> None:
    chart = new_chart()
    db = make_cluster(chart)
    pooler = CnpgPooler(chart, "pooler", cluster=db)
    airflow = make_airflow(chart, dags=make_dags(chart, metrics=True))
    Monitoring(
        chart,
        "monitoring",
        release=airflow,
        databases=[db],
        poolers=[pooler],
        labels={"prometheus": "main"},
        interval="1m",
        alerts=None,
    )
    objects = made(chart)
    assert set(objects) == {
        ("ServiceMonitor", "airflow-statsd"),
        ("PodMonitor", "airflow-git-sync"),
        ("PodMonitor", "airflow-pg"),
        ("PodMonitor", "airflow-pg-pooler"),
    }
    for (kind, name), each in objects.items():
        assert each["metadata"]["labels"] == {"prometheus": "main"}
        (endpoint,) = each["spec"]["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
        assert endpoint["interval"] == "60s"
        assert endpoint["relabelings"][-1] == {"action": "replace", "targetLabel": "job", "replacement": name}
    assert objects["PodMonitor", "airflow-pg"]["metadata"]["namespace"] == "airflow-data"


LAKE = StoreUser(credentials=S3Credentials("lake"), buckets=["raw"])


def store(chart: cdk8s.Chart, **changes: Any) -> SeaweedFs:
    facts = ClusterFacts(monitoring=PodGroup(name="Prometheus", namespace="monitoring"))
    namespace = Namespace.existing("storage")
    return SeaweedFs(chart, "lake", namespace=namespace, storage=Volume("1Gi"), users=[LAKE], facts=facts, **changes)


def test_object_store_is_scraped_at_its_pods() -> None:
    chart = new_chart()
    lake = store(chart, metrics=True)
    Monitoring(chart, "monitoring", release=make_airflow(chart), stores=[lake], alerts=None)
    monitor = made(chart)["PodMonitor", "seaweedfs"]
    assert monitor["metadata"]["namespace"] == "storage"
    assert monitor["spec"]["selector"]["matchLabels"] == dict(lake.traffic.workloads[0].labels)
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "server-metrics"


def test_object_store_without_metrics_is_rejected() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError, match=r"stores\[0\] does not serve metrics.*metrics=True.*monitoring/store"):
        Monitoring(chart, "monitoring", release=make_airflow(chart), stores=[store(chart)])


def test_object_store_is_in_the_scrape_configuration_without_the_operator() -> None:
    chart = new_chart()
    lake = store(chart, metrics=True)
    Monitoring(chart, "monitoring", release=make_airflow(chart), stores=[lake], operator=False)
    configs = yaml.safe_load(registry_of(chart).files["monitoring/airflow-scrape.yaml"])["scrape_configs"]
    (found,) = (each for each in configs if each["job_name"] == "seaweedfs")
    assert found["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": {"names": ["storage"]}}]


def test_cluster_with_its_own_pod_monitor_is_not_scraped_twice() -> None:
    chart = new_chart()
    db = make_cluster(chart, monitoring=PostgresMonitoring(labels={"release": "prometheus"}))
    Monitoring(chart, "monitoring", release=make_airflow(chart), databases=[db])
    monitors = [m for m in emitted(chart) if m["kind"] == "PodMonitor"]
    assert [m["metadata"]["labels"] for m in monitors] == [{"release": "prometheus"}]


def test_collector_with_a_prometheus_exporter_is_scraped() -> None:
    chart = new_chart()
    collector = OtelCollector(exporters={"prometheus": {"endpoint": "0.0.0.0:8889"}})
    airflow = make_airflow(chart, otel_collector=collector)
    monitoring = Monitoring(chart, "monitoring", release=airflow)
    objects = made(chart)
    assert set(objects) == {("PodMonitor", "airflow-otel-collector"), ("PrometheusRule", "airflow-alerts")}
    assert "AirflowPodPending" in monitoring.alert_names
    assert "AirflowImportErrors" not in monitoring.alert_names
    assert any("no alerts on metrics of Airflow" in note for note in registry_of(chart).notes)


def test_files_without_the_operator_have_the_same_jobs_and_alerts() -> None:
    chart = new_chart()
    db = make_cluster(chart)
    airflow = make_airflow(chart, dags=make_dags(chart, metrics=True))
    monitoring = Monitoring(chart, "monitoring", release=airflow, databases=[db], operator=False)
    assert made(chart) == {}
    files = registry_of(chart).files
    scraped = yaml.safe_load(files["monitoring/airflow-scrape.yaml"])["scrape_configs"]
    assert [each["job_name"] for each in scraped] == ["airflow-statsd", "airflow-git-sync", "airflow-pg"]
    assert scraped[0]["kubernetes_sd_configs"] == [{"role": "endpoints", "namespaces": {"names": ["airflow"]}}]
    groups = yaml.safe_load(files["monitoring/airflow-rules.yaml"])["groups"]
    assert {rule["alert"] for group in groups for rule in group["rules"]} == set(monitoring.alert_names)


@pytest.mark.parametrize(
    ("arguments", "at", "rule"),
    [
        ({"interval": "90s"}, "alerts.heartbeat_window", "monitoring/window"),
        ({"alerts": Alerts(git_sync_failing="40s")}, "alerts.git_sync_failing", "monitoring/window"),
        ({"interval": "soon"}, "interval", "argument/duration"),
        ({"databases": ["airflow-pg"]}, "databases[0]", "argument/type"),
        ({"labels": {"a b": "c"}}, "labels", "argument/"),
    ],
)
def test_wrong_arguments_are_rejected(arguments: dict[str, Any], at: str, rule: str) -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    with pytest.raises(PlatformError) as caught:
        Monitoring(chart, "monitoring", release=airflow, **arguments)
    (finding,) = caught.value.findings
    assert finding.at.endswith(at) or at in finding.at
    assert finding.rule.startswith(rule)


def test_dashboards_without_their_extra_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    monkeypatch.setattr("cdk8s_airflow.monitoring.monitoring.find_spec", lambda name: None)
    with pytest.raises(PlatformError, match=r"pip install .cdk8s-airflow\[dashboards\]"):
        Monitoring(chart, "monitoring", release=airflow, dashboards=Dashboards())


def test_fix_for_a_short_window_is_accepted() -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    with pytest.raises(PlatformError, match=r'Use Alerts\(heartbeat_window="180s"\)'):
        Monitoring(chart, "refused", release=airflow, interval="90s")
    Monitoring(
        new_chart("other"), "monitoring", release=airflow, interval="90s", alerts=Alerts(heartbeat_window="180s")
    )


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"volume_free_percent": 100}, "volume_free_percent"),
        ({"run_length": 1}, "run_length"),
        ({"disabled": ["AirflowDown"]}, "disabled"),
        ({"severities": {"AirflowPoolFull": "high"}}, "severities"),
        ({"runbooks": "docs"}, "runbooks"),
    ],
)
def test_wrong_thresholds_are_rejected(changes: dict[str, Any], at: str) -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    with pytest.raises(PlatformError) as caught:
        Monitoring(chart, "monitoring", release=airflow, alerts=Alerts(**changes))
    (finding,) = caught.value.findings
    assert f"alerts.{at}" in finding.at


def test_missing_operator_is_reported_by_facts() -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    with pytest.raises(PlatformError, match=r"servicemonitors\.monitoring\.coreos\.com"):
        Monitoring(chart, "monitoring", release=airflow, facts=ClusterFacts(crds={"helmcharts.helm.cattle.io"}))


def test_release_with_findings_adds_no_findings() -> None:
    chart = new_chart()

    def build() -> None:
        with collecting():
            Monitoring(chart, "monitoring", release=make_airflow(chart, release="Wrong Name"))

    with pytest.raises(PlatformError) as caught:
        build()
    assert {finding.rule for finding in caught.value.findings} == {"airflow/release"}


@pytest.mark.parametrize("pair", [("1.15.0", "2.9.3"), ("1.18.0", "3.0.2"), ("1.22.0", "3.2.2")], ids="-".join)
def test_git_sync_metrics_are_on_only_when_asked(pair: tuple[str, str]) -> None:
    from tests.truth.manifests import values_of

    def env(**arguments: Any) -> dict[str, str]:
        chart = new_chart()
        make_airflow(chart, dags=make_dags(chart, **arguments), chart_version=pair[0], airflow_version=pair[1])
        (release,) = [m for m in emitted(chart) if m["kind"] == "HelmChart"]
        return {each["name"]: each["value"] for each in values_of(release)["dags"]["gitSync"].get("env", [])}

    assert env() == {}
    bind = {} if pair[0] == "1.22.0" else {"GITSYNC_HTTP_BIND": ":1234"}
    assert env(metrics=True) == {**bind, "GITSYNC_HTTP_METRICS": "true"}


def test_prometheus_may_connect_to_git_sync() -> None:
    chart = new_chart()

    def scraped(metrics: bool) -> set[str]:
        airflow = make_airflow(new_chart(), dags=make_dags(chart, f"dags-{metrics}", metrics=metrics))
        flows = airflow.traffic.flows
        return {getattr(flow.target, "name", "") for flow in flows if flow.port == 1234}

    assert scraped(False) == set()
    assert scraped(True) == {"DAG processor of airflow", "triggerer of airflow"}


def test_statsd_mappings_have_a_label_for_each_part_of_the_name() -> None:
    for mapping in statsd_mappings():
        assert {"match", "name", "labels"} <= set(mapping)
        assert list(mapping["labels"].values()) == [f"${i}" for i in range(1, mapping["match"].count("*") + 1)]

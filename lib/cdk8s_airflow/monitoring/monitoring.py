"""Monitoring of a platform with Prometheus and Grafana."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.database.cnpg_cluster import CnpgCluster
from cdk8s_airflow.database.pooler import CnpgPooler
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.monitoring.alerts import Alerts
from cdk8s_airflow.monitoring.dashboards import Dashboards
from cdk8s_airflow.monitoring.targets import ClusterTarget, PoolerTarget, ReleaseTarget, StoreTarget, Targets
from cdk8s_airflow.monitoring.wire.alerts import alert_groups, prometheus_rule
from cdk8s_airflow.monitoring.wire.dashboards import dashboard_objects
from cdk8s_airflow.monitoring.wire.scraping import monitor, scrape_configs, scrapes
from cdk8s_airflow.storage.seaweedfs import SeaweedFs
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, LabelValue
from cdk8s_airflow.validation.durations import seconds

KUBE_PROMETHEUS_STACK: Mapping[str, str] = {"release": "kube-prometheus-stack"}
"""The label by which Prometheus of kube-prometheus-stack selects monitors and rules, if its release has this name."""


class Monitoring(PlatformConstruct):
    """Scrapes the metrics of a platform with Prometheus, and creates alerts from them.

    With the Prometheus Operator (kube-prometheus-stack), it creates a ServiceMonitor for the StatsD exporter, a
    PodMonitor for each database cluster, pooler, PgBouncer, git-sync and object store, and a PrometheusRule. Without the
    operator, it writes equivalent configuration files for Prometheus.

    Create it after the constructs that it monitors. :class:`NetworkIsolation` allows Prometheus to scrape them.
    """

    how_to_write: ClassVar[str] = 'Monitoring(chart, "monitoring", release=airflow, databases=[db])'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        release: AirflowChart,
        databases: Sequence[CnpgCluster] = (),
        poolers: Sequence[CnpgPooler] = (),
        stores: Sequence[SeaweedFs] = (),
        labels: Mapping[AnnotationKey, LabelValue] = KUBE_PROMETHEUS_STACK,
        interval: Duration = "30s",
        operator: bool = True,
        alerts: Alerts | None = Alerts(),
        dashboards: Dashboards | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the monitors and alerts.

        Args:
            scope: the Chart that they are written to.
            id: the construct id.
            release: the release. Its StatsD exporter, PgBouncer, OpenTelemetry collector (with an exporter
                ``prometheus``) and git-sync (with ``metrics=True``) are scraped, if it has them.
            databases: the database clusters. One with ``monitoring=`` keeps its own PodMonitor. Default: none.
            poolers: the poolers. Default: none.
            stores: object stores in the cluster that have ``metrics=True``. Default: none.
            labels: labels of the monitors and of the rule, by which Prometheus selects them (``serviceMonitorSelector``,
                ``podMonitorSelector``, ``ruleSelector``). Default: ``{"release": "kube-prometheus-stack"}``, which is
                right if the Helm release of kube-prometheus-stack has this name.
            interval: the duration between two scrapes, ``interval``. Default: ``"30s"``.
            operator: whether the Prometheus Operator is installed. If False, the files
                ``monitoring/<release>-scrape.yaml`` (``scrape_configs``) and ``monitoring/<release>-rules.yaml`` (rules)
                are written, and no objects are created. Default: True.
            alerts: the alerts, or None for no alerts. Default: all, with default thresholds.
            dashboards: dashboards for Grafana, as ConfigMaps, with and without the operator. Requires the extra
                ``dashboards``. Default: None, no dashboards.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if nothing would be scraped, or if a threshold does not fit the scrape interval.
        """
        found = checked(Monitoring.__init__, locals())
        facts = facts_of(scope, facts)
        sound = not found and all(each.sound for each in (release, *databases, *poolers, *stores))
        if sound:
            found += _window_rules(interval, alerts)
            found += _extra_rules(dashboards)
            found += _store_rules(stores)
        super().__init__(scope, id, found)
        self._alert_names: tuple[str, ...] = ()
        if not self._sound or not sound:
            return
        objects = self._registry.objects
        scraped = {name for kind, _, name in objects if kind == "PodMonitor/monitoring.coreos.com"}
        targets = Targets(
            release=_release(release),
            clusters=tuple(
                ClusterTarget(
                    name=each.name,
                    namespace=each._namespace,
                    instances=each._settings.instances if each._settings is not None else 1,
                    backups=any(
                        kind == "ScheduledBackup/postgresql.cnpg.io"
                        and (namespace, name) == (each._namespace, f"{each.name}-backup")
                        for kind, namespace, name in objects
                    ),
                    scraped=each.name in scraped,
                )
                for each in databases
            ),
            poolers=tuple(
                PoolerTarget(name=each._name, namespace=each._namespace, scraped=each._name in scraped)
                for each in poolers
            ),
            stores=tuple(_store(each) for each in stores),
        )
        groups = [] if alerts is None else alert_groups(targets, alerts, targets.release.release)
        shown = {} if dashboards is None else dashboard_objects(targets, dashboards.labels, dashboards.folder)
        if operator:
            made = {each.id: monitor(each, labels, _interval(interval)) for each in scrapes(targets)}
            if groups:
                name = f"{targets.release.release}-alerts"
                made["alerts"] = prometheus_rule(groups, name, targets.release.namespace, dict(labels))
            self._emit({**made, **shown}, facts=facts)
        else:
            self._emit(shown, files=_files(targets, _interval(interval), groups))
        if self._sound:
            self._alert_names = tuple(dict.fromkeys(rule["alert"] for group in groups for rule in group["rules"]))
            self._registry.notes += _notes(targets, groups, operator, labels)

    @property
    def alert_names(self) -> tuple[str, ...]:
        """The names of the alerts, each once."""
        return self._alert_names


def _interval(text: str) -> str:
    return f"{seconds(text)}s"


def _window_rules(interval: str, alerts: Alerts | None) -> Iterator[Finding]:
    """A rate needs two samples in its window."""
    for field in ("heartbeat_window", "git_sync_failing"):
        window = None if alerts is None else getattr(alerts, field)
        if window is not None and seconds(window) < 2 * seconds(interval):
            least = 2 * seconds(interval)
            yield Finding(
                rule="monitoring/window",
                at=f"alerts.{field}",
                problem=f"must be at least twice the scrape interval ({interval})",
                seen=repr(window),
                fix=f'Use Alerts({field}="{least}s") or a shorter interval=',
            )


def _store_rules(stores: Sequence[SeaweedFs]) -> Iterator[Finding]:
    """A store serves metrics only if it has it enabled."""
    for index, store in enumerate(stores):
        settings = store._given
        if settings is not None and not settings.metrics:
            yield Finding(
                rule="monitoring/store",
                at=f"stores[{index}]",
                problem="does not serve metrics",
                seen=settings.name,
                fix="Use SeaweedFs(..., metrics=True)",
            )


def _store(store: SeaweedFs) -> StoreTarget:
    """What the monitoring needs of an object store."""
    (pods,) = store.traffic.workloads
    settings = store._given
    assert settings is not None
    return StoreTarget(name=settings.name, namespace=pods.namespace, labels=pods.labels)


def _extra_rules(dashboards: Dashboards | None) -> Iterator[Finding]:
    """Dashboards are created by a separate library."""
    if dashboards is not None and find_spec("grafana_foundation_sdk") is None:
        yield Finding(
            rule="monitoring/extra-missing",
            at="dashboards",
            problem="requires the extra dashboards, which is not installed",
            fix='Run pip install "cdk8s-airflow[dashboards]"',
        )


def _release(release: AirflowChart) -> ReleaseTarget:
    """What the monitoring needs of a release."""
    handles, compiled = release.handles, release._compiled
    assert compiled is not None
    settings = compiled.settings
    parts, git = handles.components, settings.git_sync
    statsd, pgbouncer, collector = (parts.get(name) for name in ("statsd", "pgbouncer", "otel_collector"))
    prometheus = _prometheus_port(settings.otel_collector.exporters) if settings.otel_collector is not None else None
    return ReleaseTarget(
        release=settings.release,
        namespace=settings.namespace,
        namespaces=settings.pod_namespaces,
        airflow=settings.dialect.airflow,
        statsd=statsd.name if statsd is not None else None,
        statsd_labels=statsd.service.labels if statsd is not None and statsd.service is not None else {},
        pgbouncer=pgbouncer.name if pgbouncer is not None else None,
        pgbouncer_labels=pgbouncer.pod_labels if pgbouncer is not None else {},
        triggerer="triggerer" in parts,
        dag_processor="dag_processor" in parts,
        deployments=tuple(each.name for each in parts.values() if each.kind == "Deployment" and each.name is not None),
        stateful_sets=tuple(
            each.name for each in parts.values() if each.kind == "StatefulSet" and each.name is not None
        ),
        git_sync=git.container_name if git is not None and git.metrics else None,
        git_sync_labels={"tier": "airflow", "release": settings.release},
        collector_port=prometheus,
        collector_labels=collector.pod_labels if collector is not None else {},
    )


def _prometheus_port(exporters: Mapping[str, Mapping[str, Any]]) -> int | None:
    """The port of the collector's exporter for Prometheus."""
    for name, exporter in exporters.items():
        port = str(exporter.get("endpoint", "")).rpartition(":")[2]
        if name.partition("/")[0] == "prometheus" and port.isdigit():
            return int(port)
    return None


def _files(targets: Targets, interval: str, groups: list[dict[str, Any]]) -> dict[str, str]:
    release = targets.release.release
    files = {f"monitoring/{release}-scrape.yaml": values_text({"scrape_configs": scrape_configs(targets, interval)})}
    if groups:
        files[f"monitoring/{release}-rules.yaml"] = values_text({"groups": groups})
    return files


def _notes(targets: Targets, groups: list[dict[str, Any]], operator: bool, labels: Mapping[str, str]) -> Iterator[str]:
    """What a reader of the summary should know."""
    release = targets.release
    if operator and labels:
        shown = ", ".join(f"{key}={value}" for key, value in labels.items())
        yield (
            f"Prometheus scrapes {release.release} if it selects monitors and rules with the labels {shown}. Check with:\n"
            "  kubectl get prometheus -A -o jsonpath='{.items[*].spec.serviceMonitorSelector}'"
        )
    if groups and release.statsd is None:
        yield f"Release {release.release} has no StatsD exporter, so there are no alerts on metrics of Airflow."

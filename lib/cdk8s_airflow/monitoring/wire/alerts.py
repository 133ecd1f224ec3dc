"""Alerts as data, and the PrometheusRule with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from cdk8s_airflow.monitoring.alerts import Alerts, AlertSeverity
from cdk8s_airflow.monitoring.metrics import sends
from cdk8s_airflow.monitoring.targets import ClusterTarget, PoolerTarget, ReleaseTarget, StoreTarget, Targets
from cdk8s_airflow.monitoring.wire.promql import alternatives, increased, selected, stopped
from cdk8s_airflow.validation.durations import days, seconds
from cdk8s_airflow.validation.frozen import frozen

RUNBOOK = "how-to/respond-to-alerts"
"""The page with a section for each alert."""

_LOST_HEARTBEATS = ("airflow_task_instances_without_heartbeats_killed", "airflow_zombies_killed")
"""The metric for tasks that stopped sending heartbeats, by its present and its former name."""


@frozen
class Alert:
    """One alert.

    Attributes:
        name: its name.
        expr: the expression of Prometheus that is true while it fires.
        pending: how long the expression must be true before it fires.
        severity: its severity, unless the user sets another one.
        summary: what happened, in one line.
        description: what it means and what to look at. May have templates of Prometheus.
        labels: further labels, which distinguish it from the same alert for another cluster, pooler or store in the namespace.
    """

    name: str
    expr: str
    pending: str
    severity: AlertSeverity
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)


def alert_groups(targets: Targets, given: Alerts, called: str) -> list[dict[str, Any]]:
    """The groups of a rule file: one for Airflow, one for the databases, and one for the object stores.

    Args:
        targets: what is monitored.
        given: thresholds and choices of the user.
        called: the first part of the names of groups.
    """
    parts = {
        "airflow": [*_airflow(targets.release, given), *_kubernetes(targets.release, given)],
        "postgres": [
            *(_labeled(each, "cluster", it.name) for it in targets.clusters for each in _cluster(it, given)),
            *(_labeled(each, "pooler", it.name) for it in targets.poolers for each in _pooler(it)),
            *_pgbouncer(targets.release),
        ],
        "object-store": [
            _labeled(each, "object_store", it.name) for it in targets.stores for each in _store(it, given)
        ],
    }
    groups = []
    for part, alerts in parts.items():
        rules = [_rule(alert, given, targets.release) for alert in alerts if alert.name not in given.disabled]
        if rules:
            groups.append({"name": f"{called}-{part}", "rules": rules})
    return groups


def _labeled(alert: Alert, label: str, name: str) -> Alert:
    """The alert with a label for the part that it is about."""
    return replace(alert, labels={label: name})


def prometheus_rule(groups: list[dict[str, Any]], name: str, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    """The object of the Prometheus Operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})},
        "spec": {"groups": groups},
    }


def _rule(alert: Alert, given: Alerts, release: ReleaseTarget) -> dict[str, Any]:
    heading = alert.name.lower()
    if given.runbooks is None:
        runbook = {"runbook": f"docs/{RUNBOOK}.md#{heading}"}
    else:
        runbook = {"runbook_url": f"{given.runbooks.rstrip('/')}/{RUNBOOK}/#{heading}"}
    severity = dict(given.severities).get(alert.name, alert.severity)  # type: ignore[call-overload]
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.pending,
        "labels": {"severity": severity, "airflow_release": release.release, **alert.labels, **given.labels},
        "annotations": {"summary": alert.summary, "description": alert.description, **runbook},
    }


def _length(text: str) -> str:
    """A duration as Prometheus writes it."""
    return f"{seconds(text)}s"


def _airflow(release: ReleaseTarget, given: Alerts) -> Iterator[Alert]:
    """Alerts on what Airflow reports through StatsD."""
    if release.statsd is None:
        return
    where = {"namespace": release.namespace, "job": release.statsd}
    yield Alert(
        name="AirflowMetricsMissing",
        expr=f"absent({selected('up', where)} == 1)",
        pending="5m",
        severity="critical",
        summary=f"Prometheus does not scrape the StatsD exporter of {release.release}.",
        description="No other alert about Airflow can fire. Check the pod of the exporter and the ServiceMonitor.",
    )
    yield from _heartbeats(release, given, where)
    yield from _dag_files(given, where)
    yield from _slots(given, where)
    yield from _tasks(release, given, where)
    yield from _runs(given, where)


def _heartbeats(release: ReleaseTarget, given: Alerts, where: dict[str, str]) -> Iterator[Alert]:
    window = _length(given.heartbeat_window)
    senders = (
        ("AirflowSchedulerHeartbeatMissing", "airflow_scheduler_heartbeat", "scheduler", "No task is started."),
        (
            "AirflowTriggererHeartbeatMissing",
            "airflow_triggerer_heartbeat",
            "triggerer",
            "Deferred tasks do not resume.",
        ),
        (
            "AirflowDagProcessorHeartbeatMissing",
            "airflow_dag_processor_heartbeat",
            "DAG processor",
            "Changes of DAG files have no effect.",
        ),
    )
    for name, metric, component, effect in senders:
        if component == "triggerer" and not release.triggerer:
            continue
        if component == "DAG processor" and not release.dag_processor:
            continue
        if not sends(release.airflow, metric):
            continue
        yield Alert(
            name=name,
            expr=stopped(selected(metric, where), window, ["namespace"]),
            pending="1m",
            severity="critical" if component == "scheduler" else "warning",
            summary=f"The {component} of {release.release} sends no heartbeat.",
            description=f"{effect} No {component} of namespace {release.namespace} has sent a heartbeat for {window}.",
        )


def _dag_files(given: Alerts, where: dict[str, str]) -> Iterator[Alert]:
    yield Alert(
        name="AirflowImportErrors",
        expr=f"max by (namespace) ({selected('airflow_dag_processing_import_errors', where)}) > 0",
        pending="10m",
        severity="warning",
        summary="DAG files cannot be imported.",
        description="{{ $value }} DAG files have an import error. Their DAGs do not run in the new version. The UI lists them.",
    )
    yield Alert(
        name="AirflowDagParsingSlow",
        expr="max by (namespace) "
        f"({selected('airflow_dag_processing_total_parse_time', where)}) > {seconds(given.parse_time)}",
        pending="10m",
        severity="warning",
        summary="Reading all DAG files takes long.",
        description="One pass over all DAG files takes {{ $value | humanizeDuration }}. New DAGs appear late.",
    )


def _slots(given: Alerts, where: dict[str, str]) -> Iterator[Alert]:
    open_slots = selected("airflow_pool_open_slots", where, 'pool!=""')
    yield Alert(
        name="AirflowPoolFull",
        expr=f"min by (namespace, pool) ({open_slots}) <= 0",
        pending=_length(given.pool_full),
        severity="warning",
        summary="A pool has no open slot.",
        description="Tasks of pool {{ $labels.pool }} wait for a slot. Enlarge the pool, or find tasks that hang.",
    )
    yield Alert(
        name="AirflowExecutorFull",
        expr=f"min by (namespace) ({selected('airflow_executor_open_slots', where)}) <= 0",
        pending=_length(given.executor_full),
        severity="warning",
        summary="The executor has no open slot.",
        description="The number of running tasks has reached core.parallelism per scheduler. Further tasks stay queued.",
    )
    yield Alert(
        name="AirflowTasksStarving",
        expr=f"max by (namespace) ({selected('airflow_scheduler_tasks_starving', where)}) > 0",
        pending=_length(given.starving),
        severity="warning",
        summary="Tasks wait because their pool has no open slot.",
        description="{{ $value }} tasks could run, but no slot of their pool is open.",
    )


def _tasks(release: ReleaseTarget, given: Alerts, where: dict[str, str]) -> Iterator[Alert]:
    failures = increased(selected("airflow_ti_failures", where), "1h", ["namespace"])
    yield Alert(
        name="AirflowTasksFailing",
        expr=f"{failures} > {given.task_failures_per_hour}",
        pending="0s",
        severity="warning",
        summary="Many tasks fail.",
        description="{{ $value | humanize }} task instances have failed in the last hour.",
    )
    lost = next(each for each in _LOST_HEARTBEATS if sends(release.airflow, each))
    yield Alert(
        name="AirflowTaskHeartbeatsLost",
        expr=f"{increased(selected(lost, where), '15m', ['namespace'])} > 0",
        pending="0s",
        severity="warning",
        summary="Running tasks stopped sending heartbeats.",
        description="The scheduler has failed {{ $value | humanize }} tasks (zombies) in 15 minutes, because their process "
        "or pod died. Check memory limits and evictions.",
    )
    killed = increased(selected("airflow_scheduler_tasks_killed_externally", where), "15m", ["namespace"])
    yield Alert(
        name="AirflowTasksKilledExternally",
        expr=f"{killed} > 0",
        pending="0s",
        severity="warning",
        summary="Tasks were killed from outside of Airflow.",
        description="{{ $value | humanize }} tasks ended in 15 minutes without a result. Check memory limits and evictions.",
    )


def _runs(given: Alerts, where: dict[str, str]) -> Iterator[Alert]:
    failed = selected("airflow_dagrun_failed_count", where, 'dag_id!=""')
    yield Alert(
        name="AirflowDagRunFailed",
        expr=f"{increased(failed, '15m', ['namespace', 'dag_id'])} > 0",
        pending="0s",
        severity="warning",
        summary="A DAG run failed.",
        description="{{ $value | humanize }} runs of DAG {{ $labels.dag_id }} failed in 15 minutes.",
    )
    total = selected("airflow_dagrun_duration_sum", where, 'dag_id!=""')
    count = selected("airflow_dagrun_duration_count", where, 'dag_id!=""')

    def average(window: str) -> str:
        by = "sum by (namespace, dag_id)"
        return f"({by} (increase({total}[{window}])) / {by} (increase({count}[{window}])))"

    yield Alert(
        name="AirflowDagRunSlow",
        expr=f"{average('1h')} > {given.run_length} * {average('7d')}",
        pending="0s",
        severity="warning",
        summary="DAG runs take longer than usual.",
        description="Successful runs of DAG {{ $labels.dag_id }} took {{ $value | humanizeDuration }} on average in the last "
        f"hour, more than {given.run_length} times the average of the last week.",
    )


def _kubernetes(release: ReleaseTarget, given: Alerts) -> Iterator[Alert]:
    """Alerts on what kube-state-metrics and the kubelet report about pods, volumes and certificates."""
    missing = _missing("deployment", "replicas_available", release.namespace, release.deployments)
    if release.stateful_sets:
        missing += f" or {_missing('statefulset', 'replicas_ready', release.namespace, release.stateful_sets)}"
    yield Alert(
        name="AirflowComponentUnavailable",
        expr=missing,
        pending="5m",
        severity="critical",
        summary="A component of Airflow has no pod that is ready.",
        description="{{ $labels.deployment }}{{ $labels.statefulset }} of namespace {{ $labels.namespace }} has no ready pod.",
    )
    everywhere = f'namespace=~"{alternatives(release.namespaces)}"'
    yield Alert(
        name="AirflowPodPending",
        expr=f"max by (namespace, pod) ({selected('kube_pod_status_phase', {'phase': 'Pending'}, everywhere)}) > 0",
        pending=_length(given.pending),
        severity="warning",
        summary="A pod cannot start.",
        description="Pod {{ $labels.pod }} of namespace {{ $labels.namespace }} is pending: no node has enough free resources, or its "
        "image, volume or Secret is missing.",
    )
    killed = ("kube_pod_container_status_last_terminated_reason", "kube_pod_container_status_terminated_reason")
    restarted, ended = (selected(metric, {"reason": "OOMKilled"}, everywhere) for metric in killed)
    restarts = selected("kube_pod_container_status_restarts_total", {}, everywhere)
    by = "namespace, pod, container"
    yield Alert(
        name="AirflowContainerOutOfMemory",
        expr=f"max by ({by}) ({ended}) > 0 or "
        f"(max by ({by}) ({restarted}) > 0 and max by ({by}) (increase({restarts}[15m])) > 0)",
        pending="0s",
        severity="warning",
        summary="A container reached its memory limit and was killed.",
        description="Container {{ $labels.container }} of pod {{ $labels.pod }} was killed for its memory use. Raise its "
        "memory limit.",
    )
    yield _volume("AirflowVolumeFilling", f'namespace="{release.namespace}"', given)
    yield _certificate(release, given)
    if release.git_sync is not None:
        yield _git_sync(release, given)


def _certificate(release: ReleaseTarget, given: Alerts) -> Alert:
    """The label ``namespace`` of a certificate is renamed unless Prometheus scrapes cert-manager with ``honorLabels: true``.

    cert-manager's chart sets ``honorLabels: false``. ``namespace`` is then the namespace of cert-manager, and
    ``exported_namespace`` that of the certificate.
    """
    metric = "certmanager_certificate_expiration_timestamp_seconds"
    kept = selected(metric, {"namespace": release.namespace, "exported_namespace": ""})
    renamed = selected(metric, {"exported_namespace": release.namespace})
    return Alert(
        name="AirflowCertificateExpiring",
        expr=f"min by (name) ({kept} or {renamed}) - time() < {days(given.certificate_left) * 86400}",
        pending="1h",
        severity="warning",
        summary="A certificate expires soon, or was never issued.",
        description="cert-manager has not renewed certificate {{ $labels.name }}, which expires in {{ $value | humanizeDuration }}. "
        "A time of decades in the past means that it was never issued.",
        labels={"namespace": release.namespace},
    )


def _missing(kind: str, ready: str, namespace: str, names: tuple[str, ...]) -> str:
    """Workloads without a ready pod, except those that an autoscaler has scaled to 0."""
    matcher = f'{kind}=~"{alternatives(names)}"'
    there = selected(f"kube_{kind}_status_{ready}", {"namespace": namespace}, matcher)
    asked = selected(
        f"kube_{'deployment_spec_replicas' if kind == 'deployment' else 'statefulset_replicas'}",
        {"namespace": namespace},
        matcher,
    )
    return f"({there} < 1 and on (namespace, {kind}) {asked} > 0)"


def _git_sync(release: ReleaseTarget, given: Alerts) -> Alert:
    job = {"namespace": release.namespace, "job": f"{release.release}-git-sync"}
    window = _length(given.git_sync_failing)
    good = selected("git_sync_count_total", job, 'status=~"success|noop"')
    bad = selected("git_sync_count_total", job, 'status="error"')
    by = "namespace, pod"
    return Alert(
        name="GitSyncFailing",
        expr=f"{increased(bad, window, ['namespace', 'pod'])} > 0 "
        f"unless on ({by}) {increased(good, window, ['namespace', 'pod'])} > 0",
        pending="0s",
        severity="warning",
        summary="git-sync cannot fetch the DAG repository.",
        description=f"Pod {{{{ $labels.pod }}}} has not fetched the repository for {window}. It runs old DAG files.",
    )


def _volume(name: str, matcher: str, given: Alerts) -> Alert:
    free, size = "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"
    by = "max by (namespace, persistentvolumeclaim)"
    return Alert(
        name=name,
        expr=f"100 * {by} ({selected(free, {}, matcher)}) / {by} ({selected(size, {}, matcher)}) "
        f"< {given.volume_free_percent}",
        pending="10m",
        severity="warning",
        summary="A volume is almost full.",
        description="Volume claim {{ $labels.persistentvolumeclaim }} has {{ $value | humanize }} percent free space.",
    )


def _cluster(cluster: ClusterTarget, given: Alerts) -> Iterator[Alert]:
    """Alerts on what CloudNativePG reports."""
    where = {"namespace": cluster.namespace}
    pods = f'pod=~"{cluster.name}-[0-9]+"'
    up = selected("cnpg_collector_up", where, pods)
    yield Alert(
        name="PostgresDown",
        expr=f"min by (namespace, pod) ({up}) < 1 or absent({up})",
        pending="2m",
        severity="critical",
        summary=f"PostgreSQL of cluster {cluster.name} is down.",
        description="Airflow cannot work without its metadata database. Check the pods of the cluster and the operator.",
    )
    used = f"sum by (namespace, pod) ({selected('cnpg_backends_total', where, pods)})"
    limit = selected("cnpg_pg_settings_setting", {**where, "name": "max_connections"}, pods)
    yield Alert(
        name="PostgresSessionsHigh",
        expr=f"100 * {used} / max by (namespace, pod) ({limit}) > {given.sessions_percent}",
        pending="5m",
        severity="warning",
        summary=f"PostgreSQL of cluster {cluster.name} has few sessions left.",
        description="{{ $value | humanize }} percent of max_connections of {{ $labels.pod }} are open. Further components "
        "cannot connect when none is left.",
    )
    if cluster.instances > 1:
        lag = selected("cnpg_pg_replication_lag", where, pods)
        yield Alert(
            name="PostgresReplicationLag",
            expr=f"max by (namespace, pod) ({lag}) > {seconds(given.replication_lag)}",
            pending="5m",
            severity="warning",
            summary=f"A replica of cluster {cluster.name} is behind.",
            description="{{ $labels.pod }} is {{ $value | humanizeDuration }} behind the primary. A failover takes longer.",
        )
    if cluster.backups:
        yield from _backups(cluster, given, where, pods)
    yield _volume(
        "PostgresVolumeFilling",
        f'namespace="{cluster.namespace}",persistentvolumeclaim=~"{cluster.name}-[0-9]+(-wal)?"',
        given,
    )


def _backups(cluster: ClusterTarget, given: Alerts, where: dict[str, str], pods: str) -> Iterator[Alert]:
    """The barman-cloud plugin has metrics of its own; those of the operator (``cnpg_collector_last_...``) stay 0 with it."""
    newest = selected("barman_cloud_cloudnative_pg_io_last_available_backup_timestamp", where, pods)
    yield Alert(
        name="PostgresBackupOld",
        # Before the first backup the metric is 0. Without the plugin in the pods there is none.
        expr=f"time() - max by (namespace) ({newest}) > {seconds(given.backup_age)} or absent({newest})",
        pending="15m",
        severity="critical",
        summary=f"Cluster {cluster.name} has no recent backup.",
        description=f"The newest backup is older than {given.backup_age}, or there is none. Check the Backup objects and the log "
        "of the container plugin-barman-cloud.",
    )
    failed = selected("cnpg_pg_stat_archiver_last_failed_time", where, pods)
    archived = selected("cnpg_pg_stat_archiver_last_archived_time", where, pods)
    yield Alert(
        name="PostgresArchivingFailing",
        expr=f"max by (namespace, pod) ({failed}) > max by (namespace, pod) ({archived})",
        pending="15m",
        severity="critical",
        summary=f"Cluster {cluster.name} cannot archive its WAL files.",
        description="{{ $labels.pod }} cannot write WAL files to the object store. They fill its volume, and recovery to a "
        "point in time is not possible.",
    )


def _pooler(pooler: PoolerTarget) -> Iterator[Alert]:
    where = {"namespace": pooler.namespace}
    waiting = selected("cnpg_pgbouncer_pools_cl_waiting", where, f'pod=~"{pooler.name}-.+"')
    yield Alert(
        name="PoolerClientsWaiting",
        expr=f"sum by (namespace, database) ({waiting}) > 0",
        pending="5m",
        severity="warning",
        summary=f"Clients of pooler {pooler.name} wait for a session.",
        description="{{ $value }} clients wait for database {{ $labels.database }}. Raise pool_size= of CnpgPooler.",
    )


def _pgbouncer(release: ReleaseTarget) -> Iterator[Alert]:
    if release.pgbouncer is None:
        return
    where = {"namespace": release.namespace, "job": release.pgbouncer}
    waiting = selected("pgbouncer_exporter_pools_waiting_clients", where)
    yield Alert(
        name="PgBouncerClientsWaiting",
        expr=f"sum by (namespace, database) ({waiting}) > 0",
        pending="5m",
        severity="warning",
        summary=f"Clients of PgBouncer of {release.release} wait for a session.",
        description="{{ $value }} clients wait for database {{ $labels.database }}. Raise pool_size= of PgBouncer.",
    )


def _store(store: StoreTarget, given: Alerts) -> Iterator[Alert]:
    """Alerts on what SeaweedFS reports."""
    where = {"namespace": store.namespace, "job": store.name}
    up = selected("up", where)
    yield Alert(
        name="ObjectStoreDown",
        expr=f"absent({up} == 1)",
        pending="5m",
        severity="critical",
        summary=f"Object store {store.name} is down.",
        description=f"Prometheus does not scrape {store.name} in namespace {store.namespace}. Remote logs, backups and data in "
        "it are not available, and its other alerts cannot fire.",
    )
    window = _length(given.heartbeat_window)
    beats = selected("SeaweedFS_master_received_heartbeats", {**where, "type": "total"})
    yield Alert(
        name="ObjectStoreVolumeServerDown",
        # If nothing is scraped, only the alert above fires.
        expr=f"({stopped(beats, window, ['namespace'])}) and on (namespace) {up} == 1",
        pending="1m",
        severity="critical",
        summary=f"The volume server of object store {store.name} sends no heartbeat.",
        description=f"The master has received no heartbeat for {window}, so objects can be neither read nor written.",
    )
    by = "max by (namespace, name)"
    free, size = (selected("SeaweedFS_volumeServer_resource", {**where, "type": kind}) for kind in ("avail", "all"))
    yield Alert(
        name="ObjectStoreDiskFilling",
        expr=f"100 * {by} ({free}) / {by} ({size}) < {given.volume_free_percent}",
        pending="10m",
        severity="warning",
        summary=f"The disk of object store {store.name} is almost full.",
        description="{{ $value | humanize }} percent of the disk of {{ $labels.name }} are free. All volumes become read-only "
        "before it is full.",
    )
    # A healthy store counts some errors while it creates a volume, so only errors in each window are a fault.
    failed = increased(selected("SeaweedFS_master_pick_for_write_error", where), window, ["namespace"])
    yield Alert(
        name="ObjectStoreNotWritable",
        expr=f"{failed} > 0",
        pending=_length(given.store_not_writable),
        severity="critical",
        summary=f"Object store {store.name} finds no volume for new data.",
        description=f"No volume was writable for {{{{ $value | humanize }}}} requests in {window}, and none could be created. "
        "Writing of logs and backups fails.",
    )
    answers = "SeaweedFS_s3_request_total"
    errors, every = (
        f"sum by (namespace) (rate({selected(answers, where, *more)}[5m]))" for more in (('code=~"5.."',), ())
    )
    yield Alert(
        name="ObjectStoreErrors",
        expr=f"100 * {errors} / {every} > {given.store_errors_percent}",
        pending="10m",
        severity="warning",
        summary=f"Object store {store.name} answers with server errors.",
        description="{{ $value | humanize }} percent of the S3 requests fail with status 5xx.",
    )

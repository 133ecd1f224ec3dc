"""The metrics that alerts and dashboards use, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within

MetricSource = Literal[
    "airflow",
    "cert-manager",
    "cloudnative-pg",
    "git-sync",
    "kube-state-metrics",
    "kubelet",
    "pgbouncer-exporter",
    "prometheus",
    "seaweedfs",
]
"""What serves a metric."""


@frozen
class Metric:
    """One metric.

    Attributes:
        source: what serves it.
        origin: the name in the source: for Airflow the name that it sends to StatsD.
        airflow: the versions of Airflow that send it. Default: all.
    """

    source: MetricSource
    origin: str = ""
    airflow: str = ""


def _airflow(origin: str, versions: str = "") -> Metric:
    return Metric(source="airflow", origin=origin, airflow=versions)


def _timer(name: str, origin: str, versions: str = "") -> dict[str, Metric]:
    """A timer of StatsD becomes a summary in seconds."""
    return {f"{name}{suffix}": _airflow(origin, versions) for suffix in ("", "_sum", "_count")}


METRICS: Mapping[str, Metric] = {
    "airflow_scheduler_heartbeat": _airflow("scheduler_heartbeat"),
    "airflow_triggerer_heartbeat": _airflow("triggerer_heartbeat"),
    "airflow_dag_processor_heartbeat": _airflow("dag_processor_heartbeat", ">=3"),
    "airflow_dag_processing_import_errors": _airflow("dag_processing.import_errors"),
    "airflow_dag_processing_total_parse_time": _airflow("dag_processing.total_parse_time"),
    "airflow_dag_processing_file_path_queue_size": _airflow("dag_processing.file_path_queue_size"),
    "airflow_dagbag_size": _airflow("dagbag_size"),
    "airflow_pool_open_slots": _airflow("pool.open_slots.<pool>"),
    "airflow_pool_queued_slots": _airflow("pool.queued_slots.<pool>"),
    "airflow_pool_running_slots": _airflow("pool.running_slots.<pool>"),
    "airflow_executor_open_slots": _airflow("executor.open_slots"),
    "airflow_executor_queued_tasks": _airflow("executor.queued_tasks"),
    "airflow_executor_running_tasks": _airflow("executor.running_tasks"),
    "airflow_scheduler_tasks_starving": _airflow("scheduler.tasks.starving"),
    "airflow_scheduler_tasks_executable": _airflow("scheduler.tasks.executable"),
    "airflow_scheduler_tasks_killed_externally": _airflow("scheduler.tasks.killed_externally"),
    "airflow_scheduler_critical_section_busy": _airflow("scheduler.critical_section_busy"),
    "airflow_ti_failures": _airflow("ti_failures"),
    "airflow_ti_successes": _airflow("ti_successes"),
    "airflow_ti_finish": _airflow("ti.finish.<dag_id>.<task_id>.<state>"),
    "airflow_zombies_killed": _airflow("zombies_killed", "<3"),
    "airflow_task_instances_without_heartbeats_killed": _airflow("task_instances_without_heartbeats_killed", ">=3"),
    "airflow_triggers_running": _airflow("triggers.running"),
    **_timer("airflow_scheduler_scheduler_loop_duration", "scheduler.scheduler_loop_duration"),
    **_timer("airflow_scheduler_critical_section_duration", "scheduler.critical_section_duration"),
    **_timer("airflow_dagrun_duration", "dagrun.duration.success.<dag_id>"),
    **_timer("airflow_dagrun_failed", "dagrun.duration.failed.<dag_id>"),
    **_timer("airflow_dagrun_schedule_delay", "dagrun.schedule_delay.<dag_id>"),
    # Airflow 3 sends it for `dag.test()` only, because tasks start by the API. Airflow 2 does not know when a task was scheduled.
    **_timer("airflow_task_queued_duration", "dag.<dag_id>.<task_id>.queued_duration", "<3"),
    **_timer("airflow_task_scheduled_duration", "dag.<dag_id>.<task_id>.scheduled_duration", ">=3"),
    "git_sync_count_total": Metric(source="git-sync"),
    "pgbouncer_exporter_pools_waiting_clients": Metric(source="pgbouncer-exporter"),
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": Metric(
        source="cloudnative-pg", origin="plugin barman-cloud"
    ),
    **{
        name: Metric(source="cloudnative-pg")
        for name in (
            "cnpg_backends_total",
            "cnpg_backends_waiting_total",
            "cnpg_collector_pg_wal_archive_status",
            "cnpg_collector_up",
            "cnpg_pg_database_size_bytes",
            "cnpg_pg_replication_lag",
            "cnpg_pg_settings_setting",
            "cnpg_pg_stat_archiver_last_archived_time",
            "cnpg_pg_stat_archiver_last_failed_time",
            "cnpg_pg_stat_database_blks_hit",
            "cnpg_pg_stat_database_blks_read",
            "cnpg_pg_stat_database_deadlocks",
            "cnpg_pg_stat_database_xact_commit",
            "cnpg_pg_stat_database_xact_rollback",
            "cnpg_pgbouncer_pools_cl_active",
            "cnpg_pgbouncer_pools_cl_waiting",
        )
    },
    **{
        name: Metric(source="kube-state-metrics")
        for name in (
            "kube_deployment_spec_replicas",
            "kube_deployment_status_replicas_available",
            "kube_pod_container_status_last_terminated_reason",
            "kube_pod_container_status_restarts_total",
            "kube_pod_container_status_terminated_reason",
            "kube_pod_status_phase",
            "kube_statefulset_replicas",
            "kube_statefulset_status_replicas_ready",
        )
    },
    **{
        name: Metric(source="kubelet")
        for name in (
            "container_cpu_usage_seconds_total",
            "container_memory_working_set_bytes",
            "kubelet_volume_stats_available_bytes",
            "kubelet_volume_stats_capacity_bytes",
        )
    },
    "certmanager_certificate_expiration_timestamp_seconds": Metric(source="cert-manager"),
    **{
        name: Metric(source="seaweedfs")
        for name in (
            "SeaweedFS_master_pick_for_write_error",
            "SeaweedFS_master_received_heartbeats",
            "SeaweedFS_s3_bucket_size_bytes",
            "SeaweedFS_s3_request_seconds_count",
            "SeaweedFS_s3_request_seconds_sum",
            "SeaweedFS_s3_request_total",
            "SeaweedFS_volumeServer_max_volumes",
            "SeaweedFS_volumeServer_read_only_volumes",
            "SeaweedFS_volumeServer_resource",
            "SeaweedFS_volumeServer_volumes",
        )
    },
    "up": Metric(source="prometheus"),
}
"""Name of a metric in Prometheus -> what it is.

Sources: the calls of ``Stats`` in Airflow 2.9.3, 2.10.5, 2.11.0, 3.0.2, 3.1.8 and 3.2.2, the mapping files of the charts, a
running CloudNativePG 1.30, and the documentation or source code of the others.
"""


def sends(airflow: str, metric: str) -> bool:
    """Whether a version of Airflow sends a metric.

    Args:
        airflow: the version.
        metric: the name of the metric in Prometheus.
    """
    return within(METRICS[metric].airflow, airflow)

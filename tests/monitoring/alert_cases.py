"""For each alert, samples with which it fires and samples with which it does not.

Values are in the notation of ``promtool test rules``: ``0+10x20`` starts at 0 and grows by 10, 20 times; ``_`` is no sample.
One step is 30 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

Series = dict[str, str]

STATSD = 'namespace="airflow",job="airflow-statsd"'
STORE = 'namespace="storage",job="seaweedfs"'
POSTGRES = 'namespace="airflow-data",pod="airflow-pg-1"'
EXPIRY = "certmanager_certificate_expiration_timestamp_seconds"
RENAMED = 'namespace="cert-manager",exported_namespace="airflow"'


@dataclass(frozen=True)
class Case:
    """Samples for one alert.

    Attributes:
        fires: samples with which it fires at ``at``.
        quiet: samples with which it does not.
        fires_too: further samples, with each of which it fires.
        at: when it is looked at.
        majors: the major versions of Airflow that have the alert.
    """

    fires: Series
    quiet: Series
    at: str = "30m"
    majors: tuple[int, ...] = (2, 3)
    fires_too: tuple[Series, ...] = ()


def heartbeat(metric: str) -> Case:
    """The counter stops and keeps its value; it does not become absent."""
    name = f'{metric}{{{STATSD},type="counter"}}'
    return Case(fires={name: "0+6x40 240x40"}, quiet={name: "0+6x80"})


def gauge(name: str, high: int, low: int) -> Case:
    return Case(fires={name: f"{high}x80"}, quiet={name: f"{low}x80"})


CASES: dict[str, Case] = {
    "AirflowMetricsMissing": Case(fires={f"up{{{STATSD}}}": "1x10 0x80"}, quiet={f"up{{{STATSD}}}": "1x80"}),
    "AirflowSchedulerHeartbeatMissing": heartbeat("airflow_scheduler_heartbeat"),
    "AirflowTriggererHeartbeatMissing": heartbeat("airflow_triggerer_heartbeat"),
    "AirflowDagProcessorHeartbeatMissing": Case(
        fires={}, quiet=heartbeat("airflow_dag_processor_heartbeat").quiet, majors=(3,)
    ),
    "AirflowComponentUnavailable": Case(
        fires={
            'kube_deployment_status_replicas_available{namespace="airflow",deployment="airflow-scheduler"}': "0x80",
            'kube_deployment_spec_replicas{namespace="airflow",deployment="airflow-scheduler"}': "1x80",
        },
        # KEDA has scaled the workers to 0; a Deployment of others is down.
        quiet={
            'kube_deployment_status_replicas_available{namespace="airflow",deployment="airflow-worker"}': "0x80",
            'kube_deployment_spec_replicas{namespace="airflow",deployment="airflow-worker"}': "0x80",
            'kube_deployment_status_replicas_available{namespace="airflow",deployment="other"}': "0x80",
            'kube_deployment_spec_replicas{namespace="airflow",deployment="other"}': "1x80",
        },
    ),
    "AirflowImportErrors": gauge(f"airflow_dag_processing_import_errors{{{STATSD}}}", 1, 0),
    "AirflowDagParsingSlow": gauge(f"airflow_dag_processing_total_parse_time{{{STATSD}}}", 31, 29),
    "AirflowPoolFull": Case(
        fires={f'airflow_pool_open_slots{{{STATSD},pool="gpu"}}': "0x80"},
        # The series without a pool has the value of the pool that was written last.
        quiet={
            f'airflow_pool_open_slots{{{STATSD},pool="gpu"}}': "1x80",
            f"airflow_pool_open_slots{{{STATSD}}}": "0x80",
        },
    ),
    "AirflowExecutorFull": gauge(f"airflow_executor_open_slots{{{STATSD}}}", 0, 1),
    "AirflowTasksStarving": gauge(f"airflow_scheduler_tasks_starving{{{STATSD}}}", 2, 0),
    "AirflowTasksFailing": Case(
        # The exporter has no counter before the first failure.
        fires={f"airflow_ti_failures{{{STATSD}}}": "_x160 4x40"},
        quiet={f"airflow_ti_failures{{{STATSD}}}": "500x160 503x40"},
        at="90m",
    ),
    "AirflowTaskHeartbeatsLost": Case(
        fires={
            f"airflow_zombies_killed{{{STATSD}}}": "_x40 1x40",
            f"airflow_task_instances_without_heartbeats_killed{{{STATSD}}}": "_x40 1x40",
        },
        # A counter that stays is no new event.
        quiet={
            f"airflow_zombies_killed{{{STATSD}}}": "1x80",
            f"airflow_task_instances_without_heartbeats_killed{{{STATSD}}}": "1x80",
        },
    ),
    "AirflowTasksKilledExternally": Case(
        fires={f"airflow_scheduler_tasks_killed_externally{{{STATSD}}}": "3x40 4x40"},
        quiet={f"airflow_scheduler_tasks_killed_externally{{{STATSD}}}": "4x80"},
    ),
    "AirflowDagRunFailed": Case(
        fires={f'airflow_dagrun_failed_count{{{STATSD},dag_id="sales"}}': "_x40 1x40"},
        quiet={f'airflow_dagrun_failed_count{{{STATSD},dag_id="sales"}}': "7x80"},
    ),
    "AirflowDagRunSlow": Case(
        # 480 steps of 10 s on average, then one hour of 60 s.
        fires={
            f'airflow_dagrun_duration_sum{{{STATSD},dag_id="sales"}}': "0+10x480 4800+60x120",
            f'airflow_dagrun_duration_count{{{STATSD},dag_id="sales"}}': "0+1x600",
        },
        quiet={
            f'airflow_dagrun_duration_sum{{{STATSD},dag_id="sales"}}': "0+10x600",
            f'airflow_dagrun_duration_count{{{STATSD},dag_id="sales"}}': "0+1x600",
        },
        at="5h",
    ),
    "AirflowPodPending": Case(
        fires={'kube_pod_status_phase{namespace="tasks",pod="t-1",phase="Pending"}': "1x80"},
        quiet={
            'kube_pod_status_phase{namespace="tasks",pod="t-1",phase="Pending"}': "1x20 0x60",
            'kube_pod_status_phase{namespace="other",pod="t-2",phase="Pending"}': "1x80",
        },
    ),
    "AirflowContainerOutOfMemory": Case(
        fires={
            'kube_pod_container_status_terminated_reason{namespace="airflow",pod="t-1",container="base",reason="OOMKilled"}': (
                "1x80"
            )
        },
        # It was restarted long ago.
        quiet={
            'kube_pod_container_status_last_terminated_reason{namespace="airflow",pod="s-1",container="scheduler",'
            'reason="OOMKilled"}': "1x80",
            'kube_pod_container_status_restarts_total{namespace="airflow",pod="s-1",container="scheduler"}': "1x80",
        },
    ),
    "AirflowVolumeFilling": Case(
        fires={
            'kubelet_volume_stats_available_bytes{namespace="airflow",persistentvolumeclaim="airflow-logs"}': "14x80",
            'kubelet_volume_stats_capacity_bytes{namespace="airflow",persistentvolumeclaim="airflow-logs"}': "100x80",
        },
        quiet={
            'kubelet_volume_stats_available_bytes{namespace="airflow",persistentvolumeclaim="airflow-logs"}': "16x80",
            'kubelet_volume_stats_capacity_bytes{namespace="airflow",persistentvolumeclaim="airflow-logs"}': "100x80",
        },
    ),
    "AirflowCertificateExpiring": Case(
        # Prometheus' tests start at the epoch: 13 days and 15 days later. Prometheus renames the label `namespace` or keeps it.
        fires={f'{EXPIRY}{{{RENAMED},name="ui"}}': "1123200x240"},
        # cert-manager reports 0 until a certificate is issued.
        fires_too=(
            {f'{EXPIRY}{{namespace="airflow",name="ui"}}': "1123200x240"},
            {f'{EXPIRY}{{namespace="airflow",name="ui"}}': "0x240"},
        ),
        quiet={
            f'{EXPIRY}{{{RENAMED},name="ui"}}': "1296000x240",
            f'{EXPIRY}{{namespace="airflow",name="flower"}}': "1296000x240",
            f'{EXPIRY}{{namespace="airflow",exported_namespace="other",name="ui"}}': "1123200x240",
            f'{EXPIRY}{{namespace="cert-manager",exported_namespace="other",name="ui"}}': "1123200x240",
        },
        at="100m",
    ),
    "GitSyncFailing": Case(
        fires={
            'git_sync_count_total{namespace="airflow",job="airflow-git-sync",pod="d-1",status="error"}': "0+1x80",
            'git_sync_count_total{namespace="airflow",job="airflow-git-sync",pod="d-1",status="noop"}': "3x80",
        },
        quiet={
            'git_sync_count_total{namespace="airflow",job="airflow-git-sync",pod="d-1",status="error"}': "0+1x80",
            'git_sync_count_total{namespace="airflow",job="airflow-git-sync",pod="d-1",status="noop"}': "0+1x80",
        },
    ),
    "PostgresDown": Case(
        fires={f"cnpg_collector_up{{{POSTGRES}}}": "1x20 0x60"}, quiet={f"cnpg_collector_up{{{POSTGRES}}}": "1x80"}
    ),
    "PostgresSessionsHigh": Case(
        fires={
            f'cnpg_backends_total{{{POSTGRES},state="idle"}}': "50x80",
            f'cnpg_backends_total{{{POSTGRES},state="active"}}': "31x80",
            f'cnpg_pg_settings_setting{{{POSTGRES},name="max_connections"}}': "100x80",
        },
        quiet={
            f'cnpg_backends_total{{{POSTGRES},state="idle"}}': "50x80",
            f'cnpg_backends_total{{{POSTGRES},state="active"}}': "29x80",
            f'cnpg_pg_settings_setting{{{POSTGRES},name="max_connections"}}': "100x80",
        },
    ),
    "PostgresReplicationLag": gauge(f"cnpg_pg_replication_lag{{{POSTGRES}}}", 61, 1),
    "PostgresBackupOld": Case(
        # A replica has the value of the primary, or 0.
        fires={f"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{POSTGRES}}}": "1x4000"},
        quiet={f"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{POSTGRES}}}": "1x2000 60000x2000"},
        at="27h",
        # The plugin is no longer in the pods.
        fires_too=({f"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{POSTGRES}}}": "60000x2000"},),
    ),
    "PostgresArchivingFailing": Case(
        fires={
            f"cnpg_pg_stat_archiver_last_failed_time{{{POSTGRES}}}": "200x80",
            f"cnpg_pg_stat_archiver_last_archived_time{{{POSTGRES}}}": "100x80",
        },
        quiet={
            f"cnpg_pg_stat_archiver_last_failed_time{{{POSTGRES}}}": "200x80",
            f"cnpg_pg_stat_archiver_last_archived_time{{{POSTGRES}}}": "300x80",
        },
    ),
    "PostgresVolumeFilling": Case(
        fires={
            'kubelet_volume_stats_available_bytes{namespace="airflow-data",persistentvolumeclaim="airflow-pg-1"}': "14x80",
            'kubelet_volume_stats_capacity_bytes{namespace="airflow-data",persistentvolumeclaim="airflow-pg-1"}': "100x80",
        },
        quiet={
            'kubelet_volume_stats_available_bytes{namespace="airflow-data",persistentvolumeclaim="other-1"}': "14x80",
            'kubelet_volume_stats_capacity_bytes{namespace="airflow-data",persistentvolumeclaim="other-1"}': "100x80",
        },
    ),
    "PoolerClientsWaiting": gauge(
        'cnpg_pgbouncer_pools_cl_waiting{namespace="airflow-data",pod="airflow-pg-pooler-6c-x",database="airflow"}',
        1,
        0,
    ),
    "PgBouncerClientsWaiting": gauge(
        'pgbouncer_exporter_pools_waiting_clients{namespace="airflow",job="airflow-pgbouncer",database="airflow-metadata"}',
        1,
        0,
    ),
    "ObjectStoreDown": Case(fires={f"up{{{STORE}}}": "1x10 0x80"}, quiet={f"up{{{STORE}}}": "1x80"}),
    "ObjectStoreVolumeServerDown": Case(
        fires={
            f"up{{{STORE}}}": "1x80",
            f'SeaweedFS_master_received_heartbeats{{{STORE},type="total"}}': "0+6x40 240x40",
        },
        # The whole store is down, which is another alert.
        quiet={
            f"up{{{STORE}}}": "1x40 0x40",
            f'SeaweedFS_master_received_heartbeats{{{STORE},type="total"}}': "0+6x40 _x40",
        },
    ),
    "ObjectStoreDiskFilling": Case(
        fires={
            f'SeaweedFS_volumeServer_resource{{{STORE},name="/data",type="avail"}}': "14x80",
            f'SeaweedFS_volumeServer_resource{{{STORE},name="/data",type="all"}}': "100x80",
        },
        quiet={
            f'SeaweedFS_volumeServer_resource{{{STORE},name="/data",type="avail"}}': "16x80",
            f'SeaweedFS_volumeServer_resource{{{STORE},name="/data",type="all"}}': "100x80",
        },
    ),
    "ObjectStoreNotWritable": Case(
        fires={f"SeaweedFS_master_pick_for_write_error{{{STORE}}}": "3x30 4+1x50"},
        # As in a healthy store, which counts some errors whenever it creates a volume.
        quiet={f"SeaweedFS_master_pick_for_write_error{{{STORE}}}": "0x10 18x10 22x10 23x10 24x10 25x10 26x30"},
    ),
    "ObjectStoreErrors": Case(
        fires={
            f'SeaweedFS_s3_request_total{{{STORE},type="PUT",code="200",bucket="logs"}}': "0+94x80",
            f'SeaweedFS_s3_request_total{{{STORE},type="PUT",code="500",bucket="logs"}}': "0+6x80",
        },
        # Wrong credentials of one client are not a fault of the store.
        quiet={
            f'SeaweedFS_s3_request_total{{{STORE},type="PUT",code="200",bucket="logs"}}': "0+96x80",
            f'SeaweedFS_s3_request_total{{{STORE},type="PUT",code="500",bucket="logs"}}': "0+4x80",
            f'SeaweedFS_s3_request_total{{{STORE},type="PUT",code="403",bucket=""}}': "0+900x80",
        },
    ),
}
"""Name of an alert -> its samples."""

"""Which alerts there are, and at what values they fire."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Annotated, ClassVar, Literal, get_args

from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, LabelValue, Must, Retention, WebUrl, at_least
from cdk8s_airflow.validation.frozen import frozen

AlertName = Literal[
    "AirflowMetricsMissing",
    "AirflowSchedulerHeartbeatMissing",
    "AirflowTriggererHeartbeatMissing",
    "AirflowDagProcessorHeartbeatMissing",
    "AirflowComponentUnavailable",
    "AirflowImportErrors",
    "AirflowDagParsingSlow",
    "AirflowPoolFull",
    "AirflowExecutorFull",
    "AirflowTasksStarving",
    "AirflowTasksFailing",
    "AirflowTaskHeartbeatsLost",
    "AirflowTasksKilledExternally",
    "AirflowDagRunFailed",
    "AirflowDagRunSlow",
    "AirflowPodPending",
    "AirflowContainerOutOfMemory",
    "AirflowVolumeFilling",
    "AirflowCertificateExpiring",
    "GitSyncFailing",
    "PostgresDown",
    "PostgresSessionsHigh",
    "PostgresReplicationLag",
    "PostgresBackupOld",
    "PostgresArchivingFailing",
    "PostgresVolumeFilling",
    "PoolerClientsWaiting",
    "PgBouncerClientsWaiting",
    "ObjectStoreDown",
    "ObjectStoreVolumeServerDown",
    "ObjectStoreDiskFilling",
    "ObjectStoreNotWritable",
    "ObjectStoreErrors",
]
"""The name of an alert."""

ALERT_NAMES: tuple[str, ...] = get_args(AlertName)
"""All names of alerts."""

AlertSeverity = Literal["critical", "warning", "info"]
"""The label ``severity`` of an alert, as kube-prometheus-stack uses it."""

_Percent = Annotated[
    int,
    Must(lambda value: bool(1 <= value <= 99), "must be an integer from 1 to 99", "Use 80", "argument/range"),
]

_Factor = Annotated[
    int | float,
    Must(lambda value: bool(value > 1), "must be greater than 1", "Use 2", "argument/range"),
]


@frozen
class Alerts:
    """The alerts of a platform, which become a PrometheusRule.

    Only alerts whose metrics exist for the Airflow version and the parts of the platform are created. Alerts about pods
    and volumes use the metrics of kube-state-metrics and the kubelet, which kube-prometheus-stack scrapes.

    Attributes:
        heartbeat_window: how long the scheduler, triggerer or DAG processor, or the volume server of an object store may go
            without a heartbeat. They send one every 5 seconds by default. Must be at least twice the scrape interval.
            Default: ``"2m"``.
        parse_time: how long one pass over all DAG files may take. Default: ``"30s"``.
        pool_full: how long a pool may have no open slot. Default: ``"5m"``.
        executor_full: how long the executor may have no open slot. Default: ``"15m"``.
        starving: how long tasks may wait because no slot of their pool is open. Default: ``"10m"``.
        task_failures_per_hour: how many task instances may fail in one hour. Default: 3.
        run_length: how many times as long as the average of the last week a DAG run may take. Default: 2.
        pending: how long a pod may be pending. Default: ``"15m"``.
        volume_free_percent: the free space of a volume, or of the disk of an object store, in percent below which the alert
            fires. Default: 15.
        certificate_left: how long before it expires a certificate must be renewed. Only for certificates of cert-manager.
            Default: ``"14d"``.
        git_sync_failing: how long git-sync may fail to fetch the repository. Default: ``"10m"``.
        sessions_percent: the percentage of ``max_connections`` that a PostgreSQL instance may use. Default: 80.
        replication_lag: how far a replica may be behind the primary. Default: ``"1m"``.
        backup_age: how old the newest backup may be. Default: ``"26h"``, for daily backups.
        store_not_writable: how long requests may fail because an object store finds no volume for new data. Default: ``"5m"``.
        store_errors_percent: the percentage of requests that an object store may answer with a server error (status 5xx).
            Default: 5.
        disabled: names of alerts that are not created. Default: none.
        severities: name of an alert -> its severity, which overrides the default of the alert. Default: none.
        labels: labels that every alert gets, such as ``{"team": "data"}`` for Alertmanager's routes. Default: none.
        runbooks: the URL below which you publish this documentation, such as ``"https://docs.acme.lab/airflow"``. Alerts
            then have the annotation ``runbook_url``. Default: None; the annotation ``runbook`` names the page and heading.
    """

    how_to_write: ClassVar[str] = "Alerts(task_failures_per_hour=10)"

    heartbeat_window: Duration = "2m"
    parse_time: Duration = "30s"
    pool_full: Duration = "5m"
    executor_full: Duration = "15m"
    starving: Duration = "10m"
    task_failures_per_hour: Annotated[int, at_least(0)] = 3
    run_length: _Factor = 2
    pending: Duration = "15m"
    volume_free_percent: _Percent = 15
    certificate_left: Retention = "14d"
    git_sync_failing: Duration = "10m"
    sessions_percent: _Percent = 80
    replication_lag: Duration = "1m"
    backup_age: Duration = "26h"
    store_not_writable: Duration = "5m"
    store_errors_percent: _Percent = 5
    disabled: Collection[AlertName] = ()
    severities: Mapping[AlertName, AlertSeverity] = field(default_factory=dict)
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    runbooks: WebUrl | None = None


__all__ = ["ALERT_NAMES", "AlertName", "AlertSeverity", "Alerts"]

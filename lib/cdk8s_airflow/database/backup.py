"""Backups of a CnpgCluster, and a Cluster made from one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.storage.names import BucketPrefix
from cdk8s_airflow.storage.object_storage import Bucket
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import CronSchedule, Must, Retention
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_label_1035

_BACKUP_ID = regex(r"\d{8}T\d{6}")
_TIME = regex(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|([+-]\d\d:\d\d))")
_LSN = regex(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
_NUMBER = regex(r"[1-9]\d{0,9}")
_TIMELINE = regex(r"latest|[1-9]\d{0,9}")


def postgres_time(text: str) -> str:
    """A point in time as PostgreSQL takes it where nothing has told it of zones yet; ``ValueError`` where the text is none.

    There ``Z`` is no zone to it, and the operator would write ``Z`` for whatever it takes for RFC 3339 and is of UTC: the recovery
    would end in ``invalid value for parameter "recovery_target_time"``. What has a space between date and time it leaves alone.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    date, clock, fraction, zone = match.groups()
    written = f"{date} {clock}.{(fraction or '').ljust(6, '0')}{zone or '+00:00'}"
    datetime.fromisoformat(written)
    return written


def _is_time(text: str) -> bool:
    try:
        postgres_time(text)
    except ValueError:
        return False
    return True


ServerName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= 50,
        "must be the name of a folder for backups",
        "Use at most 50 lower-case letters, digits and dashes, starting with a letter, such as the name of a Cluster",
        "database/server-name",
    ),
]
"""The folder in the bucket in which the backups of one server are. By default the name of the Cluster."""

_Time = Annotated[
    str,
    Must(
        _is_time,
        "must be a point in time with a time zone",
        'Use "2026-11-20T18:30:00Z" or "2026-11-20T19:30:00+01:00"',
        "database/recovery-time",
    ),
]

_BackupId = Annotated[
    str,
    Must(
        lambda text: _BACKUP_ID.fullmatch(text) is not None,
        "must be the id of a backup",
        'Use status.backupId of the Backup, such as "20261120T020000"',
        "database/recovery-backup",
    ),
]

_Lsn = Annotated[
    str,
    Must(
        lambda text: _LSN.fullmatch(text) is not None,
        "must be a position in the write-ahead log",
        'Use the format of PostgreSQL, such as "0/3000028"',
        "database/recovery-lsn",
    ),
]

_Xid = Annotated[
    str,
    Must(
        lambda text: _NUMBER.fullmatch(text) is not None and int(text) < 2**32,
        "must be a transaction id",
        'Use digits, such as "1234"',
        "database/recovery-xid",
    ),
]

_PointName = Annotated[
    str,
    Must(
        lambda text: 0 < len(text.encode()) < 64 and text.isprintable(),
        "must be the name of a restore point",
        "Use the name passed to pg_create_restore_point: less than 64 bytes, without control characters",
        "database/recovery-name",
    ),
]

_Timeline = Annotated[
    str,
    Must(
        lambda text: _TIMELINE.fullmatch(text) is not None,
        "must be a timeline",
        'Use "latest" or its number, such as "2"',
        "database/recovery-timeline",
    ),
]

SIDECAR = Resources(cpu="50m", memory="128Mi", memory_limit="512Mi")
"""Default requests and limits of the sidecar container of the plugin."""

Compression = Literal["none", "gzip", "bzip2", "snappy", "lz4"]
"""How data is packed on its way to the bucket; what both base backups and the write-ahead log can be."""


@frozen
class CnpgBackup:
    """Base backups and the write-ahead log, kept in a bucket by the plugin barman-cloud, so that you can restore any point in time.

    The plugin must be installed next to the operator; it requires cert-manager. A backup of Airflow's database cannot be used
    without the Fernet key, which is in no backup: keep a copy of its Secret outside the cluster.

    Attributes:
        bucket: the bucket for backups. It must exist; a ``BucketJob`` can create it. Nothing else should write below ``prefix``.
        prefix: the folder in the bucket. Default: its root; each server has a folder of its own below that.
        schedule: the schedule of base backups, in the operator's time zone, which is usually UTC. Five fields or a descriptor,
            as for a CronJob; the seconds that ``spec.schedule`` of a ScheduledBackup requires are added. Default: every night
            at two.
        retention: how far back any point in time can be restored, in days; older backups are deleted. Default: ``"30d"``.
        immediate: whether a base backup is also created immediately. Default: True; before the first one nothing can be restored.
        from_standby: whether base backups run on a standby, if there is one. Default: True.
        compression: how data is packed. Default: ``"gzip"``.
        encrypt: whether the store encrypts objects (AES256). Most S3-compatible stores refuse that. Default: False.
        server_name: the folder of this Cluster's backups. Default: the Cluster's name.
        ca: the CA certificate of the store, in a Secret in the namespace of the Cluster. Default: public CAs.
        suspended: whether the schedule rests. The write-ahead log is kept all the same. Default: no.
        resources: requests and limits of the sidecar container in each instance. Default: 50m CPU, 128Mi memory, at most 512Mi.
    """

    how_to_write: ClassVar[str] = 'CnpgBackup(bucket=storage.bucket("backups"), schedule="0 2 * * *")'

    bucket: Bucket
    prefix: BucketPrefix = ""
    schedule: CronSchedule = "0 2 * * *"
    retention: Retention = "30d"
    immediate: bool = True
    from_standby: bool = True
    compression: Compression = "gzip"
    encrypt: bool = False
    server_name: ServerName | None = None
    ca: SecretKey | None = None
    suspended: bool = False
    resources: Resources = SIDECAR

    def _rules(self) -> Iterator[Finding]:
        yield from bucket_rules(self.bucket)
        if self.encrypt and self.bucket.scheme != "s3":
            yield Finding(
                rule="database/backup-encrypt",
                at="encrypt",
                problem=f"applies to S3 only, but the bucket is in a store with scheme {self.bucket.scheme!r}",
                seen="True",
                fix="Remove it; Google and Azure encrypt by default",
            )


@frozen
class RecoveryTarget:
    """The end point of a recovery. Set one of ``time``, ``lsn``, ``xid``, ``name`` and ``immediate``, or only ``backup_id``.

    Attributes:
        time: the point in time, with its zone, like ``"2026-11-20T18:30:00Z"``.
        lsn: the place in the write-ahead log, like ``"0/3000028"``.
        xid: the transaction.
        name: the restore point that ``pg_create_restore_point`` made.
        immediate: the end of the backup itself, without any of what came after.
        backup_id: the backup to start from, like ``"20261120T020000"``. Default: the last one before the target; for ``xid``, ``name``
            and ``immediate`` do not determine it, so it is required.
        exclusive: whether to stop just before the target. Default: just after.
        timeline: the timeline, ``"latest"`` or a number. Default: the latest.
    """

    how_to_write: ClassVar[str] = 'RecoveryTarget(time="2026-11-20T18:30:00Z")'

    time: _Time | None = None
    lsn: _Lsn | None = None
    xid: _Xid | None = None
    name: _PointName | None = None
    immediate: bool = False
    backup_id: _BackupId | None = None
    exclusive: bool = False
    timeline: _Timeline | None = None

    def _rules(self) -> Iterator[Finding]:
        said = [at for at in ("time", "lsn", "xid", "name", "immediate") if getattr(self, at)]
        if len(said) > 1:
            yield Finding(
                rule="database/recovery-target",
                at=said[1],
                problem=f"conflicts with {said[0]}: a recovery has one target",
                fix="Keep one of them",
            )
        if not said and self.backup_id is None and self.timeline is None:
            yield Finding(
                rule="database/recovery-target",
                at="time",
                problem="is required, or another argument that sets the target",
                seen="None",
                fix='Use RecoveryTarget(time="2026-11-20T18:30:00Z"), or remove target= to restore all transactions',
            )
        needing = [at for at in said if at in ("xid", "name", "immediate")]
        if needing and self.backup_id is None:
            yield Finding(
                rule="database/recovery-backup",
                at="backup_id",
                problem=f"is required with {needing[0]}, which does not determine the backup to start from",
                seen="None",
                fix="Set the id, which this command prints: kubectl get backup -o custom-columns=ID:.status.backupId",
            )
        if self.exclusive and (not said or self.immediate):
            yield Finding(
                rule="database/recovery-target",
                at="exclusive",
                problem="has no effect without time, lsn, xid or name",
                seen="True",
                fix="Remove it",
            )


@frozen
class CnpgRecovery:
    """The backup that a Cluster starts from, in the place of a new database.

    It counts once, when the Cluster comes into being; later it may stay or go. The major version of PostgreSQL must be that of
    the backup. Database and owner are those that ``CnpgCluster`` names; the owner gets a new password.

    Attributes:
        bucket: where the backup is.
        server_name: the folder of the backup's server, usually the name of the Cluster that was backed up.
        prefix: the folder in the bucket. Default: its root.
        target: up to where. Default: everything there is.
        ca: the CA certificate of the store, in a Secret in the namespace of the Cluster. Default: public CAs.
    """

    how_to_write: ClassVar[str] = 'CnpgRecovery(bucket=storage.bucket("backups"), server_name="airflow-pg")'

    bucket: Bucket
    server_name: ServerName
    prefix: BucketPrefix = ""
    target: RecoveryTarget | None = None
    ca: SecretKey | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from bucket_rules(self.bucket)


def bucket_rules(bucket: Bucket) -> Iterator[Finding]:
    """Check that the plugin supports the URL style of a bucket."""
    if bucket.scheme == "s3" and bucket.endpoint is not None and not bucket.path_style:
        yield Finding(
            rule="database/backup-path-style",
            at="bucket.storage.path_style",
            problem="must be True, because the plugin puts the bucket into the path of every URL of an S3-compatible store",
            seen="False",
            fix="Use a store that supports path-style URLs, or remove path_style=",
        )

"""Backups and recovery, as the operator and its plugin read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.database.backup import SIDECAR, CnpgBackup, CnpgRecovery, RecoveryTarget, postgres_time
from cdk8s_airflow.database.wire.settings import ClusterParts, ClusterSettings
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.traffic import ClusterComponent, ExternalPeer, PodGroup, TrafficFlow
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.storage.object_storage import (
    CHECKSUMS,
    AzureCredentials,
    Bucket,
    GcsCredentials,
    S3Credentials,
)
from cdk8s_airflow.storage.store_credentials import login
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.cron import MACROS
from cdk8s_airflow.validation.durations import days

PLUGIN = "barman-cloud.cloudnative-pg.io"
"""The plugin's name. Source: plugin-barman-cloud, and what CloudNativePG calls it by."""

_ORIGIN = "origin"


def six_fields(schedule: str) -> str:
    """A schedule as CloudNativePG reads it: with seconds first.

    Five fields it would read as seconds to month, and make backups every hour where once a night was meant.
    """
    return schedule if schedule.startswith("@every ") else f"0 {MACROS.get(schedule, schedule)}"


def backup_parts(backup: CnpgBackup, settings: ClusterSettings, facts: ClusterFacts) -> ClusterParts:
    """What backups add to a Cluster: the store, the schedule, and the plugin that keeps the write-ahead log.

    Args:
        settings: the Cluster, as far as it is known without its backups.
        facts: what is known of the Kubernetes cluster.
    """
    name, namespace = f"{settings.name}-backup", settings.namespace
    server = backup.server_name or settings.name
    parameters = {"barmanObjectName": name, "serverName": server}
    schedule: dict[str, Any] = {
        "schedule": six_fields(backup.schedule),
        "immediate": backup.immediate,
        "backupOwnerReference": "self",
        "cluster": {"name": settings.name},
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
        "target": "prefer-standby" if backup.from_standby else "primary",
    }
    if backup.suspended:
        schedule["suspend"] = True
    store = _object_store(
        name,
        namespace,
        _configuration(backup.bucket, backup.prefix, backup.ca),
        backup.bucket,
        backup.resources,
        backup,
    )
    where = _folder(backup.bucket, backup.prefix)
    return ClusterParts(
        plugins=[{"name": PLUGIN, "enabled": True, "isWALArchiver": True, "parameters": parameters}],
        objects={
            "backup-store": store,
            "backup-schedule": {
                "apiVersion": "postgresql.cnpg.io/v1",
                "kind": "ScheduledBackup",
                "metadata": {"name": name, "namespace": namespace},
                "spec": schedule,
            },
        },
        needs=list(_needs(backup.bucket, backup.ca, namespace, f"keeps backups of Cluster {settings.name}")),
        notes=[
            f"Cluster {settings.name} is backed up to {where}/{server} at {schedule['schedule']!r} (cron with seconds, for "
            f"schedule={backup.schedule!r}). You can restore any point of the last {days(backup.retention)} days. State of the backups:\n"
            f"  kubectl -n {namespace} get backup -l cnpg.io/cluster={settings.name}",
            *_identity_notes(backup.bucket, settings),
        ],
    )


def archive_of(told: CnpgBackup | CnpgRecovery, cluster: str) -> str:
    """The one folder of the one store in which a server's backups are, whatever its objects are called."""
    folder = f"{_folder(told.bucket, told.prefix)}/{told.server_name or cluster}"
    return folder if told.bucket.endpoint is None else f"{folder} at {told.bucket.endpoint}"


def recovery_parts(
    recovery: CnpgRecovery, settings: ClusterSettings, facts: ClusterFacts, backup: CnpgBackup | None = None
) -> ClusterParts:
    """What a start from a backup adds to a Cluster, and puts in the place of a new database.

    The store it reads from is an object of its own, without a retention: nothing may delete the backup while it is read.

    Args:
        settings: the Cluster, with what its backups added.
        facts: what is known of the Kubernetes cluster.
        backup: the Cluster's own backups, which must not go where it starts from.
    """
    name, namespace = f"{settings.name}-{_ORIGIN}", settings.namespace
    start: dict[str, Any] = {"source": _ORIGIN, "database": settings.database, "owner": settings.owner}
    if settings.credentials is not None:
        start["secret"] = {"name": settings.credentials}
    if recovery.target is not None:
        start["recoveryTarget"] = _target(recovery.target)
    parameters = {"barmanObjectName": name, "serverName": recovery.server_name}
    where = f"{_folder(recovery.bucket, recovery.prefix)}/{recovery.server_name}"
    store = _object_store(
        name,
        namespace,
        _configuration(recovery.bucket, recovery.prefix, recovery.ca),
        recovery.bucket,
        SIDECAR if backup is None else backup.resources,
    )
    return ClusterParts(
        bootstrap={"recovery": start},
        external_clusters=[
            {
                "name": _ORIGIN,
                "plugin": {"name": PLUGIN, "enabled": True, "isWALArchiver": False, "parameters": parameters},
            }
        ],
        objects={"recovery-store": store},
        needs=list(_needs(recovery.bucket, recovery.ca, namespace, f"reads the backup for Cluster {settings.name}")),
        notes=[
            BeforeApply(
                f"Cluster {settings.name} is restored from the backup in {where}. Restore the Secret with the Fernet key of that time "
                "before you apply the release: Airflow cannot decrypt connections and variables with another key."
            ),
            *_identity_notes(recovery.bucket, settings),
        ],
        findings=list(_overwriting(settings, recovery, backup)),
    )


def _overwriting(settings: ClusterSettings, recovery: CnpgRecovery, backup: CnpgBackup | None) -> Iterator[Finding]:
    """A Cluster that would archive into the folder it came from: the operator refuses to start it."""
    if backup is not None and archive_of(backup, settings.name) == archive_of(recovery, settings.name):
        yield Finding(
            rule="database/backup-over-its-source",
            at="recovery.server_name",
            problem="must not be the backup folder of the new Cluster, because the operator does not start a Cluster "
            "whose archive is not empty",
            seen=repr(recovery.server_name),
            fix=f'Use another folder for the new backups: CnpgBackup(server_name="{recovery.server_name}-2", ...), '
            "or another name for the Cluster",
        )


def _folder(bucket: Bucket, prefix: str) -> str:
    return f"{bucket.url}/{prefix}" if prefix else bucket.url


def _configuration(bucket: Bucket, prefix: str, ca: SecretKey | None) -> dict[str, Any]:
    """Where the store is and how the plugin logs in. Source: ``spec.configuration`` of barmancloud.cnpg.io/v1."""
    made: dict[str, Any] = {"destinationPath": f"{_folder(bucket, prefix)}/", **_login(bucket)}
    if bucket.endpoint is not None:
        made["endpointURL"] = bucket.endpoint
    if ca is not None:
        made["endpointCA"] = {"name": ca.name, "key": ca.key}
    return made


def _login(bucket: Bucket) -> dict[str, Any]:
    given = bucket.credentials
    if isinstance(given, S3Credentials):
        return {
            "s3Credentials": {
                "accessKeyId": {"name": given.secret, "key": given.access_key_id},
                "secretAccessKey": {"name": given.secret, "key": given.secret_access_key},
            }
        }
    if isinstance(given, GcsCredentials):
        return {"googleCredentials": {"applicationCredentials": {"name": given.secret, "key": given.key_file}}}
    if isinstance(given, AzureCredentials):
        return {
            "azureCredentials": {
                "storageAccount": {"name": given.secret, "key": given.account},
                "storageKey": {"name": given.secret, "key": given.account_key},
            }
        }
    return {
        "s3": {"s3Credentials": {"inheritFromIAMRole": True}},
        "gs": {"googleCredentials": {"gkeEnvironment": True}},
        "azure": {"azureCredentials": {"inheritFromAzureAD": True}},
    }[bucket.scheme]


def _object_store(
    name: str,
    namespace: str,
    configuration: dict[str, Any],
    bucket: Bucket,
    sidecar: Resources,
    backup: CnpgBackup | None = None,
) -> dict[str, Any]:
    """The ObjectStore of backups, or of a recovery.

    The plugin gives the sidecar container of a Job that restores the resources of the store of the recovery. Without them, a
    ResourceQuota rejects the pod. Source: ``lifecycle_resources.go`` of the plugin.
    """
    spec: dict[str, Any] = {"configuration": configuration}
    if backup is not None:
        packed: dict[str, str] = {} if backup.compression == "none" else {"compression": backup.compression}
        if backup.encrypt:
            packed["encryption"] = "AES256"
        if packed:
            configuration["wal"] = dict(packed)
            configuration["data"] = dict(packed)
        spec["retentionPolicy"] = backup.retention
    spec["instanceSidecarConfiguration"] = {"resources": resources(sidecar)}
    env = _environment(configuration, bucket)
    if env:
        spec["instanceSidecarConfiguration"]["env"] = env
    return {
        "apiVersion": "barmancloud.cnpg.io/v1",
        "kind": "ObjectStore",
        "metadata": {"name": name, "namespace": namespace, **state_metadata()},
        "spec": spec,
    }


def _environment(configuration: Mapping[str, Any], bucket: Bucket) -> list[dict[str, str]]:
    """Variables of the plugin's container: newer AWS libraries send checksums that many own stores refuse."""
    variables: dict[str, str] = dict(CHECKSUMS) if "endpointURL" in configuration else {}
    if bucket.scheme == "s3" and bucket.region is not None:
        variables["AWS_DEFAULT_REGION"] = bucket.region
    return [{"name": name, "value": value} for name, value in variables.items()]


def _target(target: RecoveryTarget) -> dict[str, Any]:
    said = {
        "targetTime": None if target.time is None else postgres_time(target.time),
        "targetLSN": target.lsn,
        "targetXID": target.xid,
        "targetName": target.name,
        "targetImmediate": target.immediate or None,
        "targetTLI": target.timeline,
        "backupID": target.backup_id,
        "exclusive": target.exclusive or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _needs(bucket: Bucket, ca: SecretKey | None, namespace: str, purpose: str) -> Iterator[needs.SecretNeed]:
    if bucket.credentials is not None:
        yield login(bucket.credentials, bucket.storage, namespace, purpose)
    if ca is not None:
        yield needs.authority(ca, namespace, "the authority of the store that keeps backups")


def _identity_notes(bucket: Bucket, settings: ClusterSettings) -> Iterator[str]:
    if bucket.credentials is None:
        yield BeforeApply(
            f"Cluster {settings.name} accesses {bucket.url} with the cloud identity of service account "
            f"{settings.namespace}/{settings.name}. Assign an identity with read and write access: "
            "CnpgCluster(service_account=ServiceAccount(annotations=...))."
        )


def store_flows(source: PodGroup, buckets: Sequence[Bucket]) -> Iterator[TrafficFlow]:
    """The connections that instances open for backups and recovery."""
    seen: list[tuple[object, int]] = []
    for bucket in buckets:
        if (bucket.peer, bucket.port) in seen:
            continue
        seen.append((bucket.peer, bucket.port))
        yield bucket.flow(source, "backups")
        if bucket.credentials is None:
            yield TrafficFlow(
                source=source, target=ClusterComponent(role="cloud-identity"), port=443, purpose="logs in to the store"
            )
        if bucket.scheme == "gs":
            google = ExternalPeer(name="oauth2.googleapis.com")
            yield TrafficFlow(source=source, target=google, port=443, purpose="logs in to the store")

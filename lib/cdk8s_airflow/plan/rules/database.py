"""Rules on databases of CloudNativePG, their poolers and their backups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.plan.conditions import (
    added,
    both,
    changed,
    lowered,
    mappings,
    negated,
    raised,
    removed,
    shorter,
    texts,
    turned_on,
)  # fmt: skip
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Context, Found, Rule, Setting
from cdk8s_airflow.plan.tree import MISSING, find, parse_path

_CLUSTER = ("Cluster",)
_SIZES = ("spec.storage.size", "spec.walStorage.size", "spec.tablespaces.*.storage.size")
_CLASSES = ("spec.storage.storageClass", "spec.walStorage.storageClass", "spec.tablespaces.*.storage.storageClass")
_IMAGE = ("spec.imageName", "spec.imageCatalogRef.major", "spec.imageCatalogRef.name")
_PRIMARY_LAST = (
    "the primary instance last. This ends its sessions, and no instance accepts writes for up to a minute. "
    'With PostgresUpdates(by="switchover"), an updated instance takes over instead.'
)

LOWEST_UPGRADE = 16
"""The oldest major version that CloudNativePG upgrades to. Source: validateImageChange of its webhook."""

RESTART_PARAMETERS = frozenset({
    "autovacuum_freeze_max_age", "autovacuum_max_workers", "autovacuum_multixact_freeze_max_age", "autovacuum_worker_slots",
    "commit_timestamp_buffers", "dynamic_shared_memory_type", "huge_page_size", "huge_pages", "ignore_invalid_pages",
    "io_max_combine_limit", "io_max_concurrency", "io_method", "max_active_replication_origins", "max_connections",
    "max_files_per_process", "max_locks_per_transaction", "max_logical_replication_workers", "max_notify_queue_pages",
    "max_pred_locks_per_transaction", "max_prepared_transactions", "max_replication_slots", "max_wal_senders",
    "max_worker_processes", "min_dynamic_shared_memory", "multixact_member_buffers", "multixact_offset_buffers",
    "notify_buffers", "old_snapshot_threshold", "pg_stat_statements.max", "recovery_prefetch", "reserved_connections",
    "serializable_buffers", "shared_buffers", "shared_memory_type", "subtransaction_buffers",
    "superuser_reserved_connections", "track_activity_query_size", "track_commit_timestamp", "transaction_buffers",
    "wal_buffers", "wal_decode_buffer_size", "wal_level", "wal_log_hints",
})  # fmt: skip
"""Parameters that PostgreSQL reads at its start only. Source: ``context = 'postmaster'`` in pg_settings of 13 to 18."""


def major(spec: Any) -> int | None:
    """The major version of PostgreSQL in the spec of a Cluster; None if the operator chooses it."""
    catalog = find(spec, "imageCatalogRef.major")
    if isinstance(catalog, int):
        return catalog
    image = find(spec, "imageName")
    match = re.search(r":(\d+)", str(image)) if isinstance(image, str) else None
    return int(match[1]) if match else None


def _majors(view: View) -> tuple[int, int] | None:
    old, new = (major(find(document, "spec")) for document in (view.old, view.new))
    return None if old is None or new is None or old == new else (old, new)


def _version(view: View, wanted: str) -> Iterator[Found]:
    majors = _majors(view)
    if majors is None:
        return
    old, new = majors
    kind = "downgrade" if new < old else "unsupported" if new < LOWEST_UPGRADE else "upgrade"
    if kind == wanted:
        catalog = find(view.new, "spec.imageCatalogRef.major") is not MISSING
        path = "spec.imageCatalogRef.major" if catalog else "spec.imageName"
        yield Found(parse_path(path), {"old": old, "new": new}, ("spec.imageName", "spec.imageCatalogRef.**"))


def _downgrade(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    return _version(view, "downgrade")


def _unsupported(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    return _version(view, "unsupported")


def _upgrade(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    return _version(view, "upgrade")


def _same_major(setting: Setting) -> bool:
    return _majors(setting.view) is None


def _only_instance(setting: Setting) -> bool:
    """The Cluster has or had one instance, so that a restart of it stops the database."""
    return 1 in (setting.before("spec.instances", 1), setting.after("spec.instances", 1))


def _restarts(setting: Setting) -> bool:
    return setting.path[-1] in RESTART_PARAMETERS


def _volume_stays(setting: Setting) -> bool:
    return all(find(document, setting.path[:-1]) is not MISSING for document in (setting.view.old, setting.view.new))


_several = negated(_only_instance)
_POD_FIELDS = (
    "spec.resources", "spec.affinity", "spec.env", "spec.envFrom", "spec.schedulerName", "spec.priorityClassName",
    "spec.topologySpreadConstraints", "spec.projectedVolumeTemplate", "spec.seccompProfile", "spec.imagePullSecrets",
    "spec.postgresql.shared_preload_libraries", "spec.postgresql.extensions", "spec.ephemeralVolumeSource",
    "spec.podSecurityContext", "spec.securityContext", "spec.ephemeralVolumesSizeLimit",
)  # fmt: skip
_DIRECT = (*_POD_FIELDS, *_IMAGE)


def _destination(setting: Setting) -> bool:
    return setting.old is not MISSING and setting.new is not MISSING


def _minimal(setting: Setting) -> bool:
    return bool(setting.new == "minimal")


def _weaker(setting: Setting) -> bool:
    if setting.path[-1] == "number":
        return lowered(setting)
    if setting.path[-1] == "dataDurability":
        return bool(setting.new == "preferred")
    return setting.new is MISSING


def _hba(setting: Setting) -> bool | Mapping[str, object]:
    old = texts(setting.old)
    lines = [line for line in texts(setting.new) if line not in old]
    return {"lines": "; ".join(lines)} if lines else False


def _hba_removed(setting: Setting) -> bool:
    new = texts(setting.new)
    return any(line not in new for line in texts(setting.old))


def _tablespaces(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = (
        {str(each.get("name")) for each in mappings(find(document, "spec.tablespaces"))}
        for document in (view.old, view.new)
    )
    for name in sorted(old - new):
        yield Found(("spec", "tablespaces", f"[{name}]"), {"tablespace": name})


def _archivers(view: View) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    old, new = (
        [each for each in mappings(find(document, "spec.plugins")) if each.get("enabled") is not False]
        for document in (view.old, view.new)
    )
    return old, new


def _backup_ends(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    """The Cluster had a place for backups and has none any more."""
    old, new = _archivers(view)
    has = [bool(plugins) or find(document, "spec.backup.barmanObjectStore") is not MISSING for plugins, document in
           ((old, view.old), (new, view.new))]  # fmt: skip
    if has == [True, False]:
        yield Found(("spec", "plugins" if old else "backup"), {}, ("spec.backup.**",))


RULES = (
    Rule(
        id="database/storage-shrunk",
        risk=Risk.IMPOSSIBLE,
        title="The volume of a database shrinks",
        on=_CLUSTER,
        paths=_SIZES,
        when=lowered,
        happens="The volume would shrink from {old} to {new}. The operator's webhook refuses to shrink storage.",
        first="Keep {old}; or create a second Cluster with {new} and move the data with a dump.",
    ),
    Rule(
        id="database/storage-expanded",
        risk=Risk.CONFIGURATION,
        title="The volume of a database grows",
        on=_CLUSTER,
        paths=_SIZES,
        when=raised,
        happens="The volumes grow from {old} to {new}. This works if the storage class has allowVolumeExpansion: true. A volume "
        "never shrinks again.",
        first="Check with: kubectl get storageclass",
    ),
    Rule(
        id="database/storage-class",
        risk=Risk.IMPOSSIBLE,
        title="The storage class of a database changes",
        on=_CLUSTER,
        paths=_CLASSES,
        when=_volume_stays,
        happens="The storage class changes from {old} to {new}. The operator accepts it and never moves existing volumes: only "
        "instances that are created later use {new}.",
        first="Delete one replica after the other with its claim, so that it is created again in the new class. Switch over "
        "before the last one. Or restore a backup into a second Cluster.",
    ),
    Rule(
        id="database/wal-volume-removed",
        risk=Risk.IMPOSSIBLE,
        title="The volume for write-ahead logs is removed",
        on=_CLUSTER,
        paths=("spec.walStorage",),
        when=removed,
        happens="A volume for write-ahead logs cannot be removed again; the operator's webhook refuses it.",
        first="Keep wal_storage=, or move to a second Cluster without it.",
    ),
    Rule(
        id="database/tablespace-removed",
        risk=Risk.IMPOSSIBLE,
        title="A tablespace is removed",
        on=_CLUSTER,
        check=_tablespaces,
        happens="Tablespace {tablespace} cannot be removed; the operator's webhook refuses it.",
        first="Keep it, or move to a second Cluster without it.",
    ),
    Rule(
        id="database/postgres-downgrade",
        risk=Risk.IMPOSSIBLE,
        title="PostgreSQL is downgraded",
        on=_CLUSTER,
        check=_downgrade,
        happens="PostgreSQL is downgraded from {old} to {new}. The operator's webhook refuses an older major version, and "
        "PostgreSQL {new} cannot read the data files of {old}.",
        first="Keep {old}; or create a second Cluster with {new} and load a dump into it.",
    ),
    Rule(
        id="database/postgres-upgrade-unsupported",
        risk=Risk.IMPOSSIBLE,
        title="PostgreSQL is upgraded to a version that the operator does not upgrade to",
        on=_CLUSTER,
        check=_unsupported,
        happens="PostgreSQL is upgraded from {old} to {new}. The operator's webhook refuses upgrades in place to a version below 16.",
        first="Go to 16 or newer; or create a second Cluster with {new} and load a dump into it.",
    ),
    Rule(
        id="database/postgres-upgrade",
        risk=Risk.DOWNTIME,
        title="PostgreSQL is upgraded to another major version",
        on=_CLUSTER,
        check=_upgrade,
        happens="PostgreSQL is upgraded from {old} to {new}. The operator stops all instances and runs pg_upgrade; Airflow does not work "
        "meanwhile. To go back, you need a backup.",
        first="Pause the DAGs, take a backup, give new backups a server_name of their own, and change nothing else in the same "
        "step.",
    ),
    Rule(
        id="database/parameter-refused",
        risk=Risk.IMPOSSIBLE,
        title="The parameter wal_level becomes minimal",
        on=_CLUSTER,
        paths=("spec.postgresql.parameters.wal_level",),
        when=both(changed, _minimal),
        happens="wal_level of an existing Cluster cannot become minimal; the operator's webhook refuses it.",
        first="Keep {old}.",
    ),
    Rule(
        id="database/immutable",
        risk=Risk.IMPOSSIBLE,
        title="A field of a Cluster changes that cannot",
        on=_CLUSTER,
        paths=("spec.postgresUID", "spec.postgresGID", "spec.serviceAccountName"),
        happens="{path} of an existing Cluster cannot be changed ({old} to {new}); the operator refuses it.",
        first="Keep the value, or move to a second Cluster.",
    ),
    Rule(
        id="database/immutable-reference",
        risk=Risk.IMPOSSIBLE,
        title="A field changes that is fixed when the object is created",
        on=("Database", "DatabaseRole", "Pooler", "ScheduledBackup"),
        paths=(
            "spec.cluster.name",
            "spec.name",
            "spec.encoding",
            "spec.template",
            "spec.locale*",
            "spec.icu*",
            "spec.builtinLocale",
            "spec.collationVersion",
            "spec.serviceAccountName",
        ),
        happens="{path} of {object} cannot be changed ({old} to {new}); the API server refuses it.",
        first="Give the changed object another name.",
    ),
    Rule(
        id="database/bootstrap",
        risk=Risk.IMPOSSIBLE,
        title="How a database is created changes",
        on=_CLUSTER,
        paths=(
            "spec.bootstrap.initdb.database",
            "spec.bootstrap.initdb.owner",
            "spec.bootstrap.initdb.encoding",
            "spec.bootstrap.initdb.locale*",
            "spec.bootstrap.initdb.options",
            "spec.bootstrap.initdb.dataChecksums",
            "spec.bootstrap.initdb.postInit*",
            "spec.bootstrap.initdb.walSegmentSize",
            "spec.bootstrap.recovery",
            "spec.bootstrap.pg_basebackup",
        ),
        happens="spec.bootstrap is read only when a Cluster is created. On {object}, which exists, the change from {old} to "
        "{new} has no effect.",
        first="To create a database or an owner, add a Database and a role; to restore, create a Cluster of another name.",
    ),
    Rule(
        id="database/credentials",
        risk=Risk.DOWNTIME,
        title="A database gets its password from another Secret",
        on=_CLUSTER,
        paths=("spec.bootstrap.initdb.secret.name", "spec.bootstrap.recovery.secret.name", "spec.superuserSecret.name"),
        happens="The password is read from Secret {new} instead of {old}, and the operator sets it in PostgreSQL. Clients with "
        "the old password cannot connect until their Secret has the new one.",
        first="Create Secret {new} first, and change the Secrets of the clients at the same time.",
    ),
    Rule(
        id="database/max-connections-lowered",
        risk=Risk.DOWNTIME,
        title="A database allows fewer sessions",
        on=_CLUSTER,
        paths=("spec.postgresql.parameters.max_connections",),
        when=lowered,
        happens="PostgreSQL restarts and allows {new} sessions instead of {old}. Sessions above that are refused, and standby "
        "instances do not start until the primary instance has the new value.",
        first="Lower the number of replicas or the pool sizes of the clients first.",
    ),
    Rule(
        id="database/parameter-restart-alone",
        fallback=True,
        risk=Risk.DOWNTIME,
        title="A parameter changes that needs a restart of the only instance",
        on=_CLUSTER,
        paths=("spec.postgresql.parameters.*",),
        when=both(_restarts, _only_instance),
        happens="{path} takes effect with a restart of PostgreSQL ({old} to {new}). The Cluster has one instance, so there is "
        "no database for about a minute.",
        first="Let running tasks finish, or add an instance first.",
    ),
    Rule(
        id="database/parameter-restart",
        fallback=True,
        risk=Risk.RESTART,
        title="A parameter changes that needs a restart",
        on=_CLUSTER,
        paths=("spec.postgresql.parameters.*",),
        when=both(_restarts, _several),
        happens="{path} takes effect with a restart of PostgreSQL ({old} to {new}), one instance after the other, the primary "
        "instance last. This ends its sessions, and no instance accepts writes until it has restarted.",
    ),
    Rule(
        id="database/parameter",
        fallback=True,
        risk=Risk.CONFIGURATION,
        title="A parameter changes that PostgreSQL reloads",
        on=_CLUSTER,
        paths=("spec.postgresql.parameters.*",),
        when=negated(_restarts),
        happens="PostgreSQL reloads {path} ({old} to {new}) without a restart.",
    ),
    Rule(
        id="database/image-alone",
        risk=Risk.DOWNTIME,
        title="The only instance of a database gets another image",
        on=_CLUSTER,
        paths=_IMAGE,
        when=both(_same_major, _only_instance),
        happens="The instance restarts with image {new} instead of {old}. The Cluster has one instance, so there is no database "
        "for about a minute.",
        first="Let running tasks finish, or add an instance first.",
    ),
    Rule(
        id="database/image",
        risk=Risk.RESTART,
        title="The instances of a database get another image",
        on=_CLUSTER,
        paths=_IMAGE,
        when=both(_same_major, _several),
        happens=f"The instances restart one after the other with image {{new}} instead of {{old}}, {_PRIMARY_LAST}",
    ),
    Rule(
        id="database/restart-alone",
        risk=Risk.DOWNTIME,
        title="The only instance of a database restarts",
        on=_CLUSTER,
        paths=_POD_FIELDS,
        when=_only_instance,
        happens="{path} changes, so the instance restarts. The Cluster has one instance, so there is no database for about a "
        "minute.",
        first="Let running tasks finish, or add an instance first.",
    ),
    Rule(
        id="database/restart",
        risk=Risk.RESTART,
        title="The instances of a database restart",
        on=_CLUSTER,
        paths=_POD_FIELDS,
        when=_several,
        happens=f"{{path}} changes, so the instances restart one after the other, {_PRIMARY_LAST}",
    ),
    Rule(
        id="database/wal-volume-added",
        risk=Risk.RESTART,
        title="A database gets a volume for write-ahead logs",
        on=_CLUSTER,
        paths=("spec.walStorage",),
        when=added,
        happens="Each instance gets a volume of its own for write-ahead logs and restarts. It cannot be removed again.",
    ),
    Rule(
        id="database/instances-added",
        risk=Risk.CONFIGURATION,
        title="A database has more instances",
        on=_CLUSTER,
        paths=("spec.instances",),
        when=raised,
        also=("spec.enablePDB",),
        happens="The number of instances changes from {old} to {new}. Each additional one gets a volume and copies all data from the "
        "primary instance.",
        first="Check that there is a node with enough free resources for each.",
    ),
    Rule(
        id="database/instances-removed",
        risk=Risk.CONFIGURATION,
        title="A database has fewer instances",
        on=_CLUSTER,
        paths=("spec.instances",),
        when=lowered,
        happens="The number of instances changes from {old} to {new}. The operator deletes the others with their volumes. With one "
        "instance left, each restart and each lost node stops the database.",
    ),
    Rule(
        id="database/synchronous-weaker",
        risk=Risk.DATA,
        title="Synchronous replication ends or gets weaker",
        on=_CLUSTER,
        paths=(
            "spec.postgresql.synchronous",
            "spec.postgresql.synchronous.number",
            "spec.postgresql.synchronous.dataDurability",
            "spec.minSyncReplicas",
        ),
        when=_weaker,
        happens="A commit waits for fewer standby instances ({path}: {old} to {new}). Transactions that were confirmed can be lost "
        "when the node of the primary instance is.",
        first="Keep it for data that must survive the loss of a node.",
    ),
    Rule(
        id="database/hibernated",
        risk=Risk.DOWNTIME,
        title="A database is hibernated",
        on=_CLUSTER,
        paths=('metadata.annotations["cnpg.io/hibernation"]',),
        when=lambda setting: setting.new == "on",
        happens="The operator stops all instances; the volumes stay. Airflow does not work until the Cluster is woken.",
        first="Stop Airflow first.",
    ),
    Rule(
        id="database/backup-removed",
        risk=Risk.DATA,
        title="A database is no longer backed up",
        on=_CLUSTER,
        check=_backup_ends,
        happens="The Cluster no longer archives write-ahead logs and has no place for backups. What is lost from now on cannot be "
        "restored.",
        first="Add the new backup in the same change, and take the first one immediately.",
    ),
    Rule(
        id="backup/destination",
        risk=Risk.DATA,
        title="The destination of backups changes",
        on=("Cluster", "ObjectStore"),
        paths=(
            "spec.plugins.*.parameters.serverName",
            "spec.plugins.*.parameters.barmanObjectName",
            "spec.backup.barmanObjectStore.destinationPath",
            "spec.backup.barmanObjectStore.endpointURL",
            "spec.backup.barmanObjectStore.serverName",
            "spec.configuration.destinationPath",
            "spec.configuration.endpointURL",
        ),
        when=_destination,
        happens="Backups and logs go to {new} instead of {old}. Until there is a backup in the new place, nothing can be restored "
        "from it, and retention no longer deletes what is in the old one.",
        first="Take a backup immediately, and keep the old location until it is no longer needed.",
    ),
    Rule(
        id="backup/retention",
        risk=Risk.DATA,
        title="Backups are kept for a shorter time",
        on=("Cluster", "ObjectStore"),
        paths=("spec.retentionPolicy", "spec.backup.retentionPolicy"),
        when=shorter,
        happens="Backups older than {new} are deleted; before, they were kept for {old}.",
        first="Copy older backups that must stay.",
    ),
    Rule(
        id="backup/suspended",
        risk=Risk.DATA,
        title="Backups are suspended",
        on=("ScheduledBackup",),
        paths=("spec.suspend",),
        when=turned_on,
        happens="No backup is taken any more. What is lost from now on cannot be restored.",
        first="Take a backup first.",
    ),
    Rule(
        id="backup/schedule",
        risk=Risk.CONFIGURATION,
        title="Backups are taken at other times",
        on=("ScheduledBackup",),
        paths=("spec.schedule",),
        happens="Backups are taken at {new} instead of {old} (seconds first).",
    ),
    Rule(
        id="database/reclaim-policy",
        risk=Risk.DATA,
        title="A database is dropped with its object",
        on=("Database", "DatabaseRole"),
        paths=("spec.databaseReclaimPolicy", "spec.databaseRoleReclaimPolicy"),
        when=lambda setting: setting.new == "delete",
        happens="Deleting {object} now drops it in PostgreSQL too.",
        first="Keep retain for data that must stay.",
    ),
    Rule(
        id="database/absent",
        risk=Risk.DATA,
        title="A database is dropped",
        on=("Database",),
        paths=("spec.ensure",),
        when=lambda setting: setting.new == "absent",
        happens="The operator drops the database in PostgreSQL.",
        first="Take a dump of it.",
    ),
    Rule(
        id="database/superuser",
        risk=Risk.SECURITY,
        title="Access as superuser is enabled",
        on=_CLUSTER,
        paths=("spec.enableSuperuserAccess",),
        when=turned_on,
        happens="The operator creates a Secret with the password of PostgreSQL's superuser. Everyone who can read it has full access.",
        first="Grant the role that needs it the specific permission instead.",
    ),
    Rule(
        id="database/role-privileges",
        risk=Risk.SECURITY,
        title="A database role gets more privileges",
        on=("DatabaseRole", "Cluster"),
        paths=tuple(
            f"{prefix}.{privilege}"
            for prefix in ("spec", "spec.managed.roles.*")
            for privilege in ("superuser", "createdb", "createrole", "bypassrls", "replication", "login")
        ),
        when=turned_on,
        happens="The role gets the privilege {path}.",
        first="Check that it needs it.",
    ),
    Rule(
        id="database/hba",
        risk=Risk.SECURITY,
        title="More clients are allowed to connect to a database",
        on=_CLUSTER,
        paths=("spec.postgresql.pg_hba",),
        when=_hba,
        happens="PostgreSQL allows connections by further rules: {lines}.",
        first="Check what they allow.",
    ),
    Rule(
        id="database/hba-removed",
        risk=Risk.DOWNTIME,
        title="Clients are no longer allowed to connect to a database",
        on=_CLUSTER,
        paths=("spec.postgresql.pg_hba",),
        when=_hba_removed,
        happens="Clients that only a removed rule of pg_hba allows are refused.",
        first="Check which clients use it.",
    ),
    Rule(
        id="pooler/mode",
        risk=Risk.DOWNTIME,
        title="The pool mode of a pooler changes",
        on=("Pooler",),
        paths=("spec.pgbouncer.poolMode",),
        happens="The pooler restarts with pool mode {new} instead of {old}. With transaction, session settings, prepared "
        "statements and advisory locks of clients no longer last longer than a transaction.",
        first="Run migrations directly at the database.",
    ),
    Rule(
        id="pooler/sessions",
        risk=Risk.DOWNTIME,
        title="A pooler allows fewer sessions",
        on=("Pooler",),
        paths=(
            "spec.pgbouncer.parameters.max_client_conn",
            "spec.pgbouncer.parameters.default_pool_size",
            "spec.instances",
        ),
        when=lowered,
        happens="{path} changes from {old} to {new}. Sessions above that wait or are refused.",
        first="Compare it with the sessions that clients open; synth checks those of this program.",
    ),
    Rule(
        id="pooler/type",
        risk=Risk.DOWNTIME,
        title="A pooler connects to other instances",
        on=("Pooler",),
        paths=("spec.type",),
        happens="The pooler connects to {new} instances instead of {old}. Through ro and r instances nothing can be written.",
        first="Check that its clients only read.",
    ),
    Rule(
        id="pooler/restart",
        risk=Risk.RESTART,
        title="A pooler restarts",
        on=("Pooler",),
        paths=("spec.pgbouncer.**", "spec.template.**"),
        default=True,
        happens="{path} changes, so the pods of the pooler are replaced. Sessions through a replaced pod end.",
    ),
)

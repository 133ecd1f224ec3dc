"""The judge of what the operator's webhook refuses is seen to refuse each kind of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.truth.webhooks import dropped, refusals

CLUSTER: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "pg", "namespace": "data", "annotations": {}},
    "spec": {
        "instances": 3,
        "imageName": "registry.lab:5000/pg:16.4-standard-trixie@sha256:" + "0" * 64,
        "bootstrap": {"initdb": {"database": "a", "owner": "a", "walSegmentSize": 32}},
        "storage": {"size": "10Gi"},
        "walStorage": {"size": "2Gi"},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "affinity": {
            "podAntiAffinityType": "required",
            "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}],
        },
        "postgresql": {
            "parameters": {"shared_buffers": "256MB", "max_wal_size": "1GB", "wal_level": "replica"},
            "synchronous": {"method": "any", "number": 2, "failoverQuorum": True},
            "pg_hba": ["hostssl all all all scram-sha-256"],
            "extensions": [{"name": "a_b", "image": {"reference": "x:1"}, "ld_library_path": ["system"]}],
        },
        "managed": {"roles": [{"name": "dbt", "passwordSecret": {"name": "s"}}, {"name": "readers"}]},
        "certificates": {"serverTLSSecret": "a", "serverCASecret": "b"},
        "plugins": [{"name": "barman", "isWALArchiver": True}],
        "externalClusters": [{"name": "old", "plugin": {"name": "barman"}}],
        "serviceAccountName": "pg",
        "env": [{"name": "TZ", "value": "UTC"}],
    },
}
DATABASE = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Database",
    "metadata": {"name": "a"},
    "spec": {
        "name": "a",
        "owner": "a",
        "cluster": {"name": "pg"},
        "extensions": [{"name": "x"}],
        "schemas": [{"name": "s"}],
    },
}
SCHEDULED_BACKUP = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "ScheduledBackup",
    "metadata": {"name": "a"},
    "spec": {"schedule": "0 0 2 * * *", "method": "plugin", "pluginConfiguration": {"name": "barman"}},
}
POOLER: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Pooler",
    "metadata": {"name": "pool"},
    "spec": {"cluster": {"name": "pg"}, "pgbouncer": {"parameters": {"max_client_conn": "100"}}},
}
RECOVERY = {"recovery": {"source": "old", "recoveryTarget": {"targetTime": "2026-11-21T02:00:00Z"}}}


def spoiled(manifest: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    copied = copy.deepcopy(manifest)
    *parents, last = path.split("/")
    target: Any = copied
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target.setdefault(step, {})
    target[int(last) if isinstance(target, list) else last] = value
    return copied


@pytest.mark.parametrize(
    "manifest",
    [
        CLUSTER,
        DATABASE,
        SCHEDULED_BACKUP,
        POOLER,
        spoiled(CLUSTER, "spec/bootstrap", RECOVERY),
        spoiled(CLUSTER, "spec/imageName", "a:18"),
        {"apiVersion": "v1", "kind": "Database"},
    ],
)
def test_sound_ones_are_taken(manifest: dict[str, Any]) -> None:
    assert refusals(manifest) == []


PARAMETERS = "spec/postgresql/parameters"


@pytest.mark.parametrize(
    ("manifest", "path", "value", "words"),
    [
        (CLUSTER, "metadata/name", "9pg", "DNS label"),
        (CLUSTER, "metadata/name", "a" * 51, "DNS label"),
        (CLUSTER, "metadata/annotations", {"cnpg.io/hibernation": "yes"}, "hibernation"),
        (CLUSTER, "spec/bootstrap", {**RECOVERY, "initdb": {}}, "only one bootstrap"),
        (CLUSTER, "spec/bootstrap/initdb/walSegmentSize", 24, "power of 2"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"source": "old", "database": "a"}}, "database and owner"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"source": "new"}}, "new not found"),
        (CLUSTER, "spec/bootstrap", {"pg_basebackup": {"source": "new"}}, "new not found"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"recoveryTarget": {"targetName": "x"}}}, "BackupID"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"recoveryTarget": {"targetLSN": "x"}}}, "targetLSN"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"recoveryTarget": {"targetXID": "-1", "backupID": "b"}}}, "xid"),
        (CLUSTER, "spec/bootstrap", {"recovery": {"recoveryTarget": {"targetTLI": "0"}}}, "timeline"),
        (
            CLUSTER,
            "spec/bootstrap",
            {"recovery": {"recoveryTarget": {"targetName": "x" * 64, "backupID": "b"}}},
            "must be short",
        ),
        (
            CLUSTER,
            "spec/bootstrap",
            {"recovery": {"recoveryTarget": {"targetTime": "t", "targetLSN": "0/1"}}},
            "exclusive",
        ),
        (CLUSTER, "spec/externalClusters", [{"name": "a"}], "nothing to connect"),
        (CLUSTER, "spec/externalClusters/0/name", "../a", "no file name"),
        (CLUSTER, "spec/externalClusters", CLUSTER["spec"]["externalClusters"] * 2, "unique names"),
        (CLUSTER, "spec/imageName", "pg:latest", "latest"),
        (CLUSTER, "spec/imageName", "registry.lab:5000/pg@sha256:" + "0" * 64, "just the image sha"),
        (CLUSTER, "spec/imageName", "pg:trixie-16", "invalid version"),
        (CLUSTER, "spec/imageName", "pg:12.3", "unsupported PostgreSQL"),
        (CLUSTER, "spec/imagePullPolicy", "Sometimes", "imagePullPolicy"),
        (CLUSTER, "spec/maxSyncReplicas", 3, "do not fit"),
        (CLUSTER, "spec/maxSyncReplicas", 1, "legacy"),
        (CLUSTER, "spec/postgresql/synchronous/number", 3, "less than the total"),
        (CLUSTER, "spec/postgresql/synchronous/standbyNamesPre", ["a", "b"], "failoverQuorum"),
        (CLUSTER, "spec/storage", {}, "storage: size"),
        (CLUSTER, "spec/walStorage/size", "2GB", "walStorage: size"),
        (CLUSTER, "spec/affinity/podAntiAffinityType", "always", "preferred or required"),
        (CLUSTER, "spec/affinity/tolerations/0", {"value": "x"}, "must be Exists when key"),
        (CLUSTER, "spec/affinity/tolerations/0/operator", "Exists", "must be empty"),
        (CLUSTER, "spec/affinity/tolerations/0/operator", "Lt", "unsupported operator"),
        (CLUSTER, "spec/affinity/tolerations/0/value", "-", "no label value"),
        (CLUSTER, "spec/affinity/tolerations/0/tolerationSeconds", 3, "NoExecute"),
        (CLUSTER, "spec/affinity/tolerations/0/effect", "Never", "unsupported effect"),
        (CLUSTER, f"{PARAMETERS}/max-connections", "1", "valid PostgreSQL"),
        (CLUSTER, f"{PARAMETERS}/port", "1", "fixed"),
        (CLUSTER, f"{PARAMETERS}/wal_level", "all", "unrecognized"),
        (CLUSTER, f"{PARAMETERS}/wal_level", "minimal", "logical or replica"),
        (CLUSTER, f"{PARAMETERS}/wal_log_hints", "off", "wal_log_hints must"),
        (CLUSTER, f"{PARAMETERS}/hot_standby_feedback", "so", "invalid hot_standby"),
        (CLUSTER, f"{PARAMETERS}/pg_failover_slots.x", "1", "pg_failover_slots"),
        (CLUSTER, f"{PARAMETERS}/min_wal_size", "1GB", "smaller than max"),
        (CLUSTER, f"{PARAMETERS}/max_wal_size", "2GB", "WAL volume"),
        (CLUSTER, f"{PARAMETERS}/shared_buffers", "2GB", "memory request"),
        (CLUSTER, f"{PARAMETERS}/shared_buffers", "2G", "invalid value"),
        (CLUSTER, "spec/resources/limits/memory", "1Mi", "greater than the limit"),
        (CLUSTER, "spec/env/0/name", "PGDATA", "reserved"),
        (CLUSTER, "spec/managed/roles/0/name", "pg_dbt", "reserved"),
        (CLUSTER, "spec/managed/roles/0/name", "readers", "duplicate"),
        (CLUSTER, "spec/managed/roles/0/disablePassword", True, "sets and disables"),
        (CLUSTER, "spec/managed/roles/0/connectionLimit", -2, "connection limit"),
        (CLUSTER, "spec/certificates", {"serverTLSSecret": "a"}, "CA secret"),
        (CLUSTER, "spec/certificates", {"replicationTLSSecret": "a"}, "client CA"),
        (CLUSTER, "spec/certificates/serverAltDNSNames", ["x"], "alternative DNS"),
        (CLUSTER, "spec/plugins", CLUSTER["spec"]["plugins"] * 2, "more than one WAL"),
        (CLUSTER, "spec/backup", {"barmanObjectStore": {"destinationPath": "s3://x"}}, "barmanObjectStore"),
        (CLUSTER, "spec/postgresql/pg_hba", ["host all all ${podselector:x} trust"], "not found"),
        (CLUSTER, "spec/postgresql/extensions/0/image", {}, "image reference"),
        (CLUSTER, "spec/postgresql/extensions/0/ld_library_path", ["a", "a"], "ld_library_path"),
        (CLUSTER, "spec/postgresql/extensions", [{"name": "a-b"}, {"name": "a_b"}], "unique"),
        (CLUSTER, "spec/serviceAccountTemplate", {"metadata": {}}, "mutually exclusive"),
        (POOLER, "metadata/name", "pg", "not the pooler's own"),
        (POOLER, "spec/pgbouncer", None, "required"),
        (POOLER, "spec/pgbouncer/authQuery", "SELECT 1", "go together"),
        (POOLER, "spec/pgbouncer/parameters/pool_mode", "session", "reserved"),
        (POOLER, "spec/monitoring", {"tls": {"enabled": True}, "enablePodMonitor": True}, "clientTLSSecret"),
        (DATABASE, "spec/extensions", [{"name": "x"}] * 2, "twice"),
        (DATABASE, "spec/schemas", [{"name": "x"}] * 2, "twice"),
        (SCHEDULED_BACKUP, "spec/schedule", "0 2 * * *", "seconds"),
        (SCHEDULED_BACKUP, "spec/pluginConfiguration", {}, "pluginConfiguration"),
        (SCHEDULED_BACKUP, "spec/method", "barmanObjectStore", "removed"),
    ],
)
def test_each_kind_of_fault_is_refused(manifest: dict[str, Any], path: str, value: object, words: str) -> None:
    assert any(words in said for said in refusals(spoiled(manifest, path, value)))


def test_a_single_instance_takes_no_supervised_updates() -> None:
    alone = {**CLUSTER, "spec": {**CLUSTER["spec"], "instances": 1, "primaryUpdateStrategy": "supervised"}}
    assert any("supervised" in said for said in refusals(alone))


def test_fields_that_a_release_lacks_are_seen() -> None:
    assert dropped(CLUSTER, "1.30.0") == []
    assert dropped(CLUSTER, "1.28") == ["spec.serviceAccountName"]
    assert dropped(CLUSTER, "1.26.1") == [
        "spec.postgresql.extensions",
        "spec.postgresql.synchronous.failoverQuorum",
        "spec.serviceAccountName",
    ]
    listed = spoiled(CLUSTER, "spec/postgresql/extensions/0/bin_path", ["bin"])
    assert "spec.postgresql.extensions[].bin_path" in dropped(listed, "1.28")
    assert dropped({**DATABASE, "kind": "DatabaseRole"}, "1.29") == ["spec"]
    assert dropped(DATABASE, "1.26") == []

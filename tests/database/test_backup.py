"""Backups and recovery of a Cluster: fields of the operator and its plugin, and values that they would refuse."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow import (
    AzureCredentials,
    BasicAuthSecret,
    Bucket,
    CnpgBackup,
    CnpgRecovery,
    GcsCredentials,
    Namespace,
    ObjectStorage,
    PlatformError,
    RecoveryTarget,
    Resources,
    S3Credentials,
    SecretKey,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.database.wire.backup import six_fields, store_flows
from cdk8s_airflow.model.traffic import PodGroup
from cdk8s_airflow.validation.cron import is_cron_schedule
from tests.making import emitted, make_cluster, new_chart
from tests.truth import assert_accepted

LOGIN = S3Credentials("pg-backups")
STORE = ObjectStorage.s3(endpoint="http://store.storage.svc:8333", region="lab", credentials=LOGIN)
BUCKET = STORE.bucket("backups")
PLUGIN = "barman-cloud.cloudnative-pg.io"


def made(chart: cdk8s.Chart, **changes: Any) -> dict[str, dict[str, Any]]:
    make_cluster(chart, **changes)
    manifests = emitted(chart)
    assert_accepted(manifests)
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in manifests}


def test_a_backup_is_a_store_a_schedule_and_a_plugin() -> None:
    objects = made(new_chart(), backup=CnpgBackup(bucket=BUCKET))
    assert set(objects) == {"Cluster/airflow-pg", "ObjectStore/airflow-pg-backup", "ScheduledBackup/airflow-pg-backup"}
    assert objects["Cluster/airflow-pg"]["spec"]["plugins"] == [
        {
            "name": PLUGIN,
            "enabled": True,
            "isWALArchiver": True,
            "parameters": {"barmanObjectName": "airflow-pg-backup", "serverName": "airflow-pg"},
        }
    ]
    assert objects["ScheduledBackup/airflow-pg-backup"]["spec"] == {
        "schedule": "0 0 2 * * *",
        "immediate": True,
        "backupOwnerReference": "self",
        "cluster": {"name": "airflow-pg"},
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
        "target": "prefer-standby",
    }
    assert objects["ObjectStore/airflow-pg-backup"]["spec"] == {
        "retentionPolicy": "30d",
        "configuration": {
            "destinationPath": "s3://backups/",
            "endpointURL": "http://store.storage.svc:8333",
            "s3Credentials": {
                "accessKeyId": {"name": "pg-backups", "key": "AWS_ACCESS_KEY_ID"},
                "secretAccessKey": {"name": "pg-backups", "key": "AWS_SECRET_ACCESS_KEY"},
            },
            "wal": {"compression": "gzip"},
            "data": {"compression": "gzip"},
        },
        "instanceSidecarConfiguration": {
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            "env": [
                {"name": "AWS_REQUEST_CHECKSUM_CALCULATION", "value": "when_required"},
                {"name": "AWS_RESPONSE_CHECKSUM_VALIDATION", "value": "when_required"},
                {"name": "AWS_DEFAULT_REGION", "value": "lab"},
            ],
        },
    }


def test_all_settings_of_a_backup_are_accepted() -> None:
    backup = CnpgBackup(
        bucket=ObjectStorage.s3(region="eu-west-1").bucket("backups"),
        prefix="prod/airflow",
        schedule="30 1 * * SUN",
        retention="7d",
        immediate=False,
        from_standby=False,
        compression="none",
        encrypt=True,
        server_name="airflow-pg-2",
        ca=SecretKey("store-ca", "ca.crt"),
        suspended=True,
    )
    chart = new_chart()
    objects = made(chart, backup=backup)
    schedule = objects["ScheduledBackup/airflow-pg-backup"]["spec"]
    assert (schedule["schedule"], schedule["immediate"], schedule["target"], schedule["suspend"]) == (
        "0 30 1 * * SUN",
        False,
        "primary",
        True,
    )
    store = objects["ObjectStore/airflow-pg-backup"]["spec"]
    assert store["retentionPolicy"] == "7d"
    assert store["configuration"] == {
        "destinationPath": "s3://backups/prod/airflow/",
        "s3Credentials": {"inheritFromIAMRole": True},
        "endpointCA": {"name": "store-ca", "key": "ca.crt"},
        "wal": {"encryption": "AES256"},
        "data": {"encryption": "AES256"},
    }
    plugin = objects["Cluster/airflow-pg"]["spec"]["plugins"][0]
    assert plugin["parameters"]["serverName"] == "airflow-pg-2"
    assert {need.name for need in registry_of(chart).missing} == {"store-ca"}
    assert any(
        "the cloud identity of service account airflow-data/airflow-pg." in note for note in registry_of(chart).notes
    )


@pytest.mark.parametrize(
    ("bucket", "path", "login"),
    [
        (
            ObjectStorage.gcs(credentials=GcsCredentials("gcs")).bucket("backups"),
            "gs://backups/",
            {"googleCredentials": {"applicationCredentials": {"name": "gcs", "key": "key.json"}}},
        ),
        (
            ObjectStorage.gcs().bucket("backups"),
            "gs://backups/",
            {"googleCredentials": {"gkeEnvironment": True}},
        ),
        (
            ObjectStorage.azure("acme", credentials=AzureCredentials("azure")).bucket("backups"),
            "https://acme.blob.core.windows.net/backups/",
            {
                "azureCredentials": {
                    "storageAccount": {"name": "azure", "key": "AZURE_STORAGE_ACCOUNT"},
                    "storageKey": {"name": "azure", "key": "AZURE_STORAGE_KEY"},
                }
            },
        ),
        (
            ObjectStorage.azure("acme").bucket("backups"),
            "https://acme.blob.core.windows.net/backups/",
            {"azureCredentials": {"inheritFromAzureAD": True}},
        ),
    ],
)
def test_backups_go_to_google_and_azure_too(bucket: Bucket, path: str, login: dict[str, Any]) -> None:
    store = made(new_chart(), backup=CnpgBackup(bucket=bucket))["ObjectStore/airflow-pg-backup"]["spec"]
    assert store["configuration"]["destinationPath"] == path
    assert login.items() <= store["configuration"].items()
    assert "env" not in store["instanceSidecarConfiguration"]


def test_the_login_is_a_secret_in_the_clusters_namespace_and_the_schedule_is_in_the_notes() -> None:
    chart = new_chart()
    made(chart, backup=CnpgBackup(bucket=BUCKET))
    (need,) = registry_of(chart).missing
    assert (need.namespace, need.name) == ("airflow-data", "pg-backups")
    assert set(need.keys) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    (note,) = [note for note in registry_of(chart).notes if "is backed up" in note]
    assert "'0 0 2 * * *'" in note
    assert "for schedule='0 2 * * *'" in note
    assert registry_of(chart).crds >= {"objectstores.barmancloud.cnpg.io", "scheduledbackups.postgresql.cnpg.io"}


def test_the_store_is_marked_against_pruning() -> None:
    chart = new_chart()
    made(chart, backup=CnpgBackup(bucket=BUCKET))
    assert ("ObjectStore/barmancloud.cnpg.io", "airflow-data", "airflow-pg-backup") in registry_of(chart).state


def test_a_recovery_takes_the_place_of_a_new_database() -> None:
    objects = made(
        new_chart(),
        name="airflow-pg-2",
        database="flows",
        owner="robot",
        credentials=BasicAuthSecret("robot-login"),
        recovery=CnpgRecovery(
            bucket=BUCKET, server_name="airflow-pg", target=RecoveryTarget(time="2026-11-20T18:30:00Z", exclusive=True)
        ),
        backup=CnpgBackup(bucket=BUCKET),
    )
    spec = objects["Cluster/airflow-pg-2"]["spec"]
    assert spec["bootstrap"] == {
        "recovery": {
            "source": "origin",
            "database": "flows",
            "owner": "robot",
            "secret": {"name": "robot-login"},
            "recoveryTarget": {"targetTime": "2026-11-20 18:30:00.000000+00:00", "exclusive": True},
        }
    }
    assert spec["externalClusters"] == [
        {
            "name": "origin",
            "plugin": {
                "name": PLUGIN,
                "enabled": True,
                "isWALArchiver": False,
                "parameters": {"barmanObjectName": "airflow-pg-2-origin", "serverName": "airflow-pg"},
            },
        }
    ]
    assert [plugin["parameters"]["serverName"] for plugin in spec["plugins"]] == ["airflow-pg-2"]


def test_store_of_a_recovery_has_the_region_of_its_bucket_and_resources_for_the_job_that_restores() -> None:
    recovery = CnpgRecovery(bucket=BUCKET, server_name="airflow-pg")
    objects = made(new_chart(), name="new-pg", recovery=recovery)
    sidecar = objects["ObjectStore/new-pg-origin"]["spec"]["instanceSidecarConfiguration"]
    assert sidecar["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
    assert {"name": "AWS_DEFAULT_REGION", "value": "lab"} in sidecar["env"]
    backup = CnpgBackup(bucket=BUCKET, resources=Resources(cpu="1", memory="1Gi"))
    objects = made(new_chart(), name="new-pg", recovery=recovery, backup=backup)
    origin, own = (objects[f"ObjectStore/new-pg-{end}"]["spec"] for end in ("origin", "backup"))
    assert origin["instanceSidecarConfiguration"] == own["instanceSidecarConfiguration"]


def test_nothing_deletes_a_backup_while_it_is_read() -> None:
    objects = made(new_chart(), name="new-pg", recovery=CnpgRecovery(bucket=BUCKET, server_name="airflow-pg"))
    assert "retentionPolicy" not in objects["ObjectStore/new-pg-origin"]["spec"]
    assert "recoveryTarget" not in objects["Cluster/new-pg"]["spec"]["bootstrap"]["recovery"]
    assert "plugins" not in objects["Cluster/new-pg"]["spec"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (RecoveryTarget(lsn="0/3000028"), {"targetLSN": "0/3000028"}),
        (
            RecoveryTarget(xid="1234", backup_id="20261120T020000"),
            {"targetXID": "1234", "backupID": "20261120T020000"},
        ),
        (
            RecoveryTarget(name="before the migration", backup_id="20261120T020000"),
            {"targetName": "before the migration", "backupID": "20261120T020000"},
        ),
        (
            RecoveryTarget(immediate=True, backup_id="20261120T020000"),
            {"targetImmediate": True, "backupID": "20261120T020000"},
        ),
        (RecoveryTarget(backup_id="20261120T020000"), {"backupID": "20261120T020000"}),
        (
            RecoveryTarget(time="2026-11-20T18:30:00+01:00", timeline="2"),
            {"targetTime": "2026-11-20 18:30:00.000000+01:00", "targetTLI": "2"},
        ),
    ],
)
def test_a_recovery_has_the_given_target(target: RecoveryTarget, told: dict[str, Any]) -> None:
    recovery = CnpgRecovery(bucket=BUCKET, server_name="airflow-pg", target=target)
    objects = made(new_chart(), name="new-pg", recovery=recovery)
    assert objects["Cluster/new-pg"]["spec"]["bootstrap"]["recovery"]["recoveryTarget"] == told


def test_two_clusters_never_keep_their_backups_in_one_folder() -> None:
    chart, backup = new_chart(), CnpgBackup(bucket=BUCKET)
    make_cluster(chart, "one", namespace=Namespace.existing("a"), backup=backup)
    make_cluster(chart, "apart", namespace=Namespace.existing("b"), backup=CnpgBackup(bucket=BUCKET, prefix="b"))
    make_cluster(chart, "named", namespace=Namespace.existing("c"), backup=CnpgBackup(bucket=BUCKET, server_name="c"))
    elsewhere = ObjectStorage.s3(endpoint="https://other.lab", credentials=LOGIN).bucket("backups")
    make_cluster(chart, "elsewhere", namespace=Namespace.existing("d"), backup=CnpgBackup(bucket=elsewhere))
    with pytest.raises(PlatformError, match="and so does Cluster a/airflow-pg") as caught:
        make_cluster(chart, "two", namespace=Namespace.existing("e"), backup=backup)
    (found,) = caught.value.findings
    assert (found.rule, found.at) == ("database/backup-shared", "backup")


def test_a_cluster_of_the_same_name_may_start_from_another_bucket() -> None:
    recovery = CnpgRecovery(bucket=STORE.bucket("old-backups"), server_name="airflow-pg")
    objects = made(new_chart(), recovery=recovery, backup=CnpgBackup(bucket=BUCKET))
    paths = [objects[f"ObjectStore/airflow-pg-{end}"]["spec"]["configuration"] for end in ("backup", "origin")]
    assert [path["destinationPath"] for path in paths] == ["s3://backups/", "s3://old-backups/"]


@pytest.mark.parametrize(
    ("changes", "rule", "at"),
    [
        (
            {
                "backup": CnpgBackup(bucket=BUCKET),
                "recovery": CnpgRecovery(bucket=BUCKET, server_name="airflow-pg"),
            },
            "database/backup-over-its-source",
            "recovery.server_name",
        ),
        ({"backup": CnpgBackup(bucket=BUCKET, schedule="0 2 * *")}, "argument/schedule", "backup.schedule"),
        ({"backup": CnpgBackup(bucket=BUCKET, schedule="0 0 2 * * *")}, "argument/schedule", "backup.schedule"),
        ({"backup": CnpgBackup(bucket=BUCKET, schedule="0 2 * * 7")}, "argument/schedule", "backup.schedule"),
        ({"backup": CnpgBackup(bucket=BUCKET, schedule="0 24 * * *")}, "argument/schedule", "backup.schedule"),
        ({"backup": CnpgBackup(bucket=BUCKET, retention="0d")}, "argument/duration", "backup.retention"),
        (
            {"backup": CnpgBackup(bucket=ObjectStorage.gcs().bucket("backups"), encrypt=True)},
            "database/backup-encrypt",
            "backup.encrypt",
        ),
        (
            {
                "backup": CnpgBackup(
                    bucket=ObjectStorage.s3(endpoint="https://s3.example.com", path_style=False).bucket("backups")
                )
            },
            "database/backup-path-style",
            "backup.bucket.storage.path_style",
        ),
        ({"backup": CnpgBackup(bucket=BUCKET, prefix="/pg/")}, "storage/prefix", "backup.prefix"),
        ({"backup": CnpgBackup(bucket=BUCKET, server_name="PG")}, "database/server-name", "backup.server_name"),
        (
            {"recovery": CnpgRecovery(bucket=BUCKET, server_name="old", target=RecoveryTarget(time="2026-11-20"))},
            "database/recovery-time",
            "recovery.target.time",
        ),
        (
            {
                "recovery": CnpgRecovery(
                    bucket=BUCKET, server_name="old", target=RecoveryTarget(time="2026-02-30T18:30:00Z")
                )
            },
            "database/recovery-time",
            "recovery.target.time",
        ),
        (
            {"recovery": CnpgRecovery(bucket=BUCKET, server_name="old", target=RecoveryTarget())},
            "database/recovery-target",
            "recovery.target.time",
        ),
        (
            {
                "recovery": CnpgRecovery(
                    bucket=BUCKET,
                    server_name="old",
                    target=RecoveryTarget(time="2026-11-20T18:30:00Z", lsn="0/3000028"),
                )
            },
            "database/recovery-target",
            "recovery.target.lsn",
        ),
        (
            {"recovery": CnpgRecovery(bucket=BUCKET, server_name="old", target=RecoveryTarget(xid="12"))},
            "database/recovery-backup",
            "recovery.target.backup_id",
        ),
        (
            {
                "recovery": CnpgRecovery(
                    bucket=BUCKET,
                    server_name="old",
                    target=RecoveryTarget(immediate=True, exclusive=True, backup_id="20261120T020000"),
                )
            },
            "database/recovery-target",
            "recovery.target.exclusive",
        ),
        ({"backup": CnpgBackup(bucket="backups")}, "argument/type", "backup.bucket"),
    ],
)
def test_a_value_that_the_operator_would_refuse_or_misread_is_refused(
    changes: dict[str, Any], rule: str, at: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        make_cluster(new_chart(), **changes)
    assert (rule, at) in [(finding.rule, finding.at) for finding in caught.value.findings]
    assert all(finding.fix for finding in caught.value.findings)


def test_descriptors_of_schedules_become_six_fields() -> None:
    assert six_fields("@every 12h") == "@every 12h"
    assert [six_fields(word) for word in ("@hourly", "@daily", "@weekly", "@monthly", "@yearly")] == [
        "0 0 * * * *",
        "0 0 0 * * *",
        "0 0 0 * * 0",
        "0 0 0 1 * *",
        "0 0 0 1 1 *",
    ]


def in_range(lowest: int, highest: int, words: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest).map(str)
    single = st.one_of(number, st.sampled_from(words)) if words else number
    ranged = st.tuples(st.integers(lowest, highest), st.integers(lowest, highest)).map(
        lambda ends: f"{min(ends)}-{max(ends)}"
    )
    stepped = st.tuples(st.one_of(st.just("*"), ranged), st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.one_of(st.just("*"), single, ranged, stepped, st.lists(single, min_size=1, max_size=3).map(",".join))


schedules = st.tuples(
    in_range(0, 59),
    in_range(0, 23),
    in_range(1, 31),
    in_range(1, 12, ("JAN", "dec")),
    in_range(0, 6, ("SUN", "sat")),
).map(" ".join)


@settings(derandomize=True, max_examples=200)
@given(schedules)
def test_every_schedule_of_cron_is_read_and_gets_seconds_before_it(schedule: str) -> None:
    assert is_cron_schedule(schedule)
    assert six_fields(schedule).split(" ") == ["0", *schedule.split(" ")]


def test_instances_open_connections_to_each_store_once() -> None:
    pods = PodGroup(name="instances", namespace="airflow-data")
    elsewhere = ObjectStorage.gcs().bucket("old")
    flows = list(store_flows(pods, [BUCKET, STORE.bucket("other"), elsewhere]))
    assert [(getattr(flow.target, "name", getattr(flow.target, "role", "")), flow.port) for flow in flows] == [
        ("store.storage.svc", 8333),
        ("storage.googleapis.com", 443),
        ("cloud-identity", 443),
        ("oauth2.googleapis.com", 443),
    ]

"""Any combination of backup and recovery settings without findings is accepted by the API server and the webhook."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import celpy
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow import (
    AzureCredentials,
    CnpgBackup,
    CnpgRecovery,
    GcsCredentials,
    ObjectStorage,
    RecoveryTarget,
    S3Credentials,
    SecretKey,
)
from cdk8s_airflow.database.backup import postgres_time
from cdk8s_airflow.database.wire.backup import backup_parts, recovery_parts
from cdk8s_airflow.database.wire.cluster import cluster_manifest
from cdk8s_airflow.database.wire.settings import ClusterParts, ClusterSettings
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import check_setting
from tests.database.samples import SMALL
from tests.truth import assert_accepted

# It changes the recursion limit, which must not happen within a test of Hypothesis.
celpy.Environment()

buckets = st.sampled_from(
    [
        ObjectStorage.s3(endpoint="https://s3.example.com", region="lab", credentials=S3Credentials("login")),
        ObjectStorage.s3(region="eu-west-1"),
        ObjectStorage.gcs(credentials=GcsCredentials("login")),
        ObjectStorage.gcs(),
        ObjectStorage.azure("acme", credentials=AzureCredentials("login")),
        ObjectStorage.azure("acme"),
    ]
).map(lambda storage: storage.bucket("backups"))

backups = st.builds(
    lambda **said: CnpgBackup(**said),
    bucket=buckets,
    prefix=st.sampled_from(["", "pg", "prod/pg", "/pg"]),
    schedule=st.sampled_from(["0 2 * * *", "@daily", "*/5 0-6 1,15 JAN-MAR SUN", "0 24 * * *", "0 2 * * 7"]),
    retention=st.sampled_from(["0d", "1d", "30d", "3650d"]),
    immediate=st.booleans(),
    from_standby=st.booleans(),
    compression=st.sampled_from(["none", "gzip", "bzip2", "snappy", "lz4"]),
    encrypt=st.booleans(),
    server_name=st.sampled_from([None, "pg", "pg-2", "PG"]),
    ca=st.sampled_from([None, SecretKey("store-ca", "ca.crt")]),
    suspended=st.booleans(),
)

targets = st.builds(
    lambda **said: RecoveryTarget(**said),
    time=st.sampled_from([None, None, "2026-11-20T18:30:00Z", "2026-11-20T18:30:00.5-03:30", "2026-11-31T00:00:00Z"]),
    lsn=st.sampled_from([None, None, None, "0/3000028", "0/30000280000"]),
    xid=st.sampled_from([None, None, None, "1234", "4294967296"]),
    name=st.sampled_from([None, None, None, "before", "x" * 64, "a\tb"]),
    immediate=st.sampled_from([False, False, False, True]),
    backup_id=st.sampled_from([None, "20261120T020000"]),
    exclusive=st.booleans(),
    timeline=st.sampled_from([None, "latest", "2", "0"]),
)

recoveries = st.builds(
    lambda **said: CnpgRecovery(**said),
    bucket=buckets,
    server_name=st.sampled_from(["pg", "old"]),
    prefix=st.sampled_from(["", "pg"]),
    target=st.one_of(st.none(), targets),
)


def made(backup: CnpgBackup | None, recovery: CnpgRecovery | None) -> tuple[list[dict[str, Any]], list[Any]]:
    """The manifests of a Cluster with both, and what is wrong with them together."""
    cluster: ClusterSettings = SMALL
    parts: list[ClusterParts] = []
    facts = ClusterFacts()
    if backup is not None:
        parts.append(backup_parts(backup, cluster, facts))
        cluster = dataclasses.replace(cluster, plugins=parts[-1].plugins)
    if recovery is not None:
        parts.append(recovery_parts(recovery, cluster, facts))
        cluster = dataclasses.replace(
            cluster, bootstrap=parts[-1].bootstrap, external_clusters=parts[-1].external_clusters
        )
    objects = [dict(each) for part in parts for each in part.objects.values()]
    return [cluster_manifest(cluster), *objects], [finding for part in parts for finding in part.findings]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.one_of(st.none(), backups), st.one_of(st.none(), recoveries))
def test_what_has_no_finding_is_taken(backup: CnpgBackup | None, recovery: CnpgRecovery | None) -> None:
    given_both = [each for each in (backup, recovery) if each is not None]
    if any(list(check_setting(each, "it")) for each in given_both):
        return
    manifests, findings = made(backup, recovery)
    if not findings:
        assert_accepted(manifests)
    else:
        assert [finding.rule for finding in findings] == ["database/backup-over-its-source"]


@settings(derandomize=True, max_examples=200)
@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_a_time_stays_the_same_moment(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert datetime.fromisoformat(postgres_time(zoned.isoformat())) == zoned
    written = zoned.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    assert postgres_time(written).endswith("+00:00")
    assert datetime.fromisoformat(postgres_time(written)) == zoned

"""Backups of a database with the plugin barman-cloud: the archive, restores as the documentation says, metrics and alerts."""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cdk8s import App, Chart

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ClusterFacts,
    CnpgBackup,
    CnpgCluster,
    CnpgRecovery,
    ExistingSecret,
    LocalExecutor,
    Logs,
    Namespace,
    NetworkIsolation,
    ObjectStorage,
    RecoveryTarget,
    S3Credentials,
    SecretKey,
    Volume,
    set_facts,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.monitoring import Alerts, Monitoring
from cdk8s_airflow.network import PodGroup
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.documentation import shell_block
from tests.cluster.kit.lacking import skip_without_backup_plugin
from tests.cluster.kit.prometheus import LABELS as PROMETHEUS
from tests.cluster.kit.prometheus import NAMESPACE as PROMETHEUS_NAMESPACE
from tests.cluster.kit.prometheus import Prometheus, prometheus
from tests.cluster.kit.s3_store import LABELS as STORE
from tests.cluster.kit.s3_store import S3Store, s3_store
from tests.cluster.test_running_platform import facts_of

PAGE = "how-to/back-up-and-restore-the-database.md"
STORE_IMAGE = os.environ.get("CDK8S_AIRFLOW_S3_IMAGE", "docker.io/motoserver/moto:5.2.5")
PROMETHEUS_IMAGE = os.environ.get("CDK8S_AIRFLOW_PROMETHEUS_IMAGE", "docker.io/prom/prometheus:v3.16.0")
DATA, BUCKET = "airflow-data", "backups"
LATEST, EARLIER = "airflow-pg-2", "airflow-pg-3"
BACKUP_AGE = 120
NEWEST = "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp"


def storage_class() -> Volume:
    """The volume of an instance. The tests replace a class that the cluster does not have."""
    return Volume("1Gi", storage_class="longhorn")


def program(store: S3Store, facts: ClusterFacts, restored: Mapping[str, RecoveryTarget | None] | None = None) -> App:
    """A database with backups, and its monitoring without an operator. The release of Airflow is not applied.

    Args:
        store: the object store.
        facts: what network policies must know of the cluster.
        restored: the name of a Cluster that is restored from the backup -> where its recovery ends.
    """
    app = App()
    set_facts(app, facts)
    base, data = Chart(app, "00-base"), Chart(app, "10-data")
    namespace = Namespace(base, DATA)
    bucket = ObjectStorage.s3(
        endpoint=store.url,
        credentials=S3Credentials("pg-backups"),
        peer=PodGroup(name="s3", namespace=store.namespace, labels=STORE),
    ).bucket(BUCKET)
    ca = SecretKey("s3-ca", "ca.crt")
    backup = CnpgBackup(bucket=bucket, ca=ca)
    db = CnpgCluster(
        data, "db", name="airflow-pg", namespace=namespace, postgres_major=16, storage=storage_class(), backup=backup
    )
    clusters = [db] + [
        CnpgCluster(
            data,
            name,
            name=name,
            namespace=namespace,
            postgres_major=16,
            storage=storage_class(),
            backup=backup,
            recovery=CnpgRecovery(bucket=bucket, server_name="airflow-pg", target=target, ca=ca),
        )
        for name, target in (restored or {}).items()
    ]
    release = AirflowChart(
        Chart(app, "20-airflow"),
        "airflow",
        namespace=Namespace(base, "airflow"),
        database=db.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=LocalExecutor(),
        logs=Logs.ephemeral(),
    )
    Monitoring(
        Chart(app, "30-monitoring"),
        "monitoring",
        release=release,
        databases=[db],
        operator=False,
        alerts=Alerts(backup_age=f"{BACKUP_AGE}s"),
    )
    NetworkIsolation(base, "isolation", traffic=clusters)
    return app


@dataclass
class BackedUp:
    """The database that runs, its store, and what the tests leave for each other.

    Attributes:
        kubectl: the cluster.
        runner: puts programs on the cluster.
        platform: the database on the cluster.
        store: the object store.
        facts: what network policies must know of the cluster.
        prometheus: the Prometheus that scrapes the database.
        changed: the database and those that are restored from it, on the cluster.
        point: a point in time between two rows.
        seconds: what was waited for -> how long it took.
    """

    kubectl: Kubectl
    runner: PlatformRunner
    platform: Platform
    store: S3Store
    facts: ClusterFacts
    prometheus: Prometheus
    changed: Platform | None = None
    point: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def psql(self, statement: str, cluster: str = "airflow-pg") -> str:
        """What PostgreSQL returns to its superuser in the first instance of a Cluster."""
        return self.kubectl.run(
            "-n", DATA, "exec", f"{cluster}-1", "-c", "postgres", "--", "psql", "-XAt", "-d", "airflow", "-c", statement
        ).stdout.strip()  # fmt: skip

    def archive(self) -> None:
        """Close the current file of the write-ahead log, and wait until it is archived."""
        self.psql("checkpoint")
        name = self.psql("select pg_walfile_name(pg_switch_wal())")
        end = time.monotonic() + 90
        while self.psql("select last_archived_wal from pg_stat_archiver") < name:
            assert time.monotonic() < end, f"{name} is not archived within 90 s"
            time.sleep(1)

    def wait(self, what: str, condition: str, seconds: int = 300) -> None:
        """Wait for a condition of one object in the namespace of the database."""
        start = time.monotonic()
        self.platform.wait(DATA, what, condition, seconds)
        self.seconds[f"{what} {condition}"] = round(time.monotonic() - start, 1)

    def backups(self, cluster: str) -> list[str]:
        """The names of the Backup objects of a Cluster."""
        found = self.kubectl.items("backups.postgresql.cnpg.io", "-n", DATA)
        return [each["metadata"]["name"] for each in found if each["spec"]["cluster"]["name"] == cluster]


@pytest.fixture(scope="module")
def database(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    """The database, ready, with its store and a Prometheus."""
    skip_without_backup_plugin(kubectl)
    folder: Path = tmp_path_factory.mktemp("backup")
    monitoring = PodGroup(name="Prometheus", namespace=PROMETHEUS_NAMESPACE, labels=PROMETHEUS)
    facts = replace(facts_of(kubectl), monitoring=monitoring)
    runner = PlatformRunner(kubectl, folder.name)
    with s3_store(kubectl, STORE_IMAGE, BUCKET) as store:
        app = program(store, facts)
        files = registry_of(app).files
        scrape, rules = files["monitoring/airflow-scrape.yaml"], files["monitoring/airflow-rules.yaml"]
        with (
            prometheus(kubectl, PROMETHEUS_IMAGE, scrape, rules) as server,
            runner.platform(app, folder, secrets=False, small=True) as platform,
        ):
            secret = ["-n", DATA, "create", "secret", "generic", "s3-ca", f"--from-literal=ca.crt={store.ca}"]
            kubectl.run(*secret)
            platform.needs = [need for need in platform.needs if need.namespace == DATA]
            platform.create_secrets()
            start = time.monotonic()
            platform.apply(without={"HelmChart"})
            platform.wait_for_databases()
            made = BackedUp(kubectl, runner, platform, store, facts, server)
            made.seconds["database ready"] = round(time.monotonic() - start, 1)
            yield made
            print(made.seconds)
            if made.changed is not None:
                made.changed.remove()


def test_archive_and_first_backup_are_complete_without_further_steps(database: BackedUp) -> None:
    database.wait("cluster/airflow-pg", "condition=ContinuousArchiving")
    (message,) = (
        line
        for line in shell_block(PAGE, "kubectl -n airflow-data get backup").splitlines()
        if "ContinuousArchiving" in line
    )
    assert database.kubectl.shell(message).strip() == "Continuous archiving is working"
    (name,) = database.backups("airflow-pg")
    database.wait(f"backup/{name}", "jsonpath={.status.phase}=completed")
    keys = database.store.keys(BUCKET)
    assert any(re.fullmatch(r"airflow-pg/base/\d{8}T\d{6}/data\.tar\.gz", key) for key in keys), keys
    assert any(re.fullmatch(r"airflow-pg/wals/\w{16}/\w{24}\.gz", key) for key in keys), keys


def test_documented_command_creates_another_backup(database: BackedUp) -> None:
    database.psql("create table written (what text, at timestamptz default clock_timestamp())")
    database.psql("alter table written owner to airflow")
    database.psql("insert into written values ('before the backup')")
    before = set(database.backups("airflow-pg"))
    database.kubectl.shell(shell_block(PAGE, "kubectl -n airflow-data create -f -"))
    (name,) = set(database.backups("airflow-pg")) - before
    database.wait(f"backup/{name}", "jsonpath={.status.phase}=completed")


def test_prometheus_scrapes_the_metrics_of_backups_with_the_labels_of_the_alerts(database: BackedUp) -> None:
    server = database.prometheus
    newest = server.wait(lambda: [each for each in server.query(NEWEST) if each[1] > 0], "a time of the newest backup")
    ((labels, value),) = newest
    assert labels == {
        "__name__": NEWEST,
        "namespace": DATA,
        "pod": "airflow-pg-1",
        "job": "airflow-pg",
        "instance": labels["instance"],
    }
    assert labels["instance"].endswith(":9187")
    assert abs(time.time() - value) < BACKUP_AGE
    print(sorted(each["__name__"] for each, _ in server.query('{__name__=~"barman_.+"}')))
    for metric in ("cnpg_pg_stat_archiver_last_archived_time", "cnpg_pg_stat_archiver_last_failed_time"):
        ((labels, value),) = server.query(metric)
        assert (labels["namespace"], labels["pod"]) == (DATA, "airflow-pg-1")
    assert server.firing().keys() & {"PostgresBackupOld", "PostgresArchivingFailing", "PostgresDown"} == set()


def test_restored_clusters_have_the_rows_of_the_latest_state_and_of_a_point_in_time(database: BackedUp) -> None:
    database.psql("insert into written values ('after the backup')")
    time.sleep(1)
    database.point = database.psql(
        """select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    )
    time.sleep(1)
    database.psql("insert into written values ('after the point in time')")
    database.archive()
    targets = {LATEST: None, EARLIER: RecoveryTarget(time=database.point)}
    app = program(database.store, database.facts, targets)
    database.changed = changed = database.runner.change(database.platform, app, small=True)
    start = time.monotonic()
    with changed.explained():
        changed.apply(without={"HelmChart"})
        wait = shell_block(PAGE, "kubectl apply --server-side -f dist/10-data.k8s.yaml").splitlines()[1]
        assert LATEST in wait
        for name in targets:
            database.kubectl.shell(wait.replace(LATEST, name).replace("1h", "8m"), timeout=500)
            database.seconds[f"restore of {name}"] = round(time.monotonic() - start, 1)
    rows = "select what from written order by at"
    assert database.psql(rows, LATEST).splitlines() == [
        "before the backup",
        "after the backup",
        "after the point in time",
    ]
    assert database.psql(rows, EARLIER).splitlines() == ["before the backup", "after the backup"]
    for name in targets:
        secret = database.kubectl.get("secret", f"{name}-app", "-n", DATA)
        url = base64.b64decode(secret["data"]["uri"]).decode()
        written = database.kubectl.run(
            "-n", DATA, "exec", f"{name}-1", "-c", "postgres", "--",
            "psql", "-XAt", url, "-c", "insert into written values ('restored') returning current_user",
        ).stdout.split()  # fmt: skip
        assert written[0] == "airflow"


def test_restored_cluster_has_backups_in_a_folder_of_its_own(database: BackedUp) -> None:
    database.wait(f"cluster/{LATEST}", "condition=ContinuousArchiving")
    (name,) = database.backups(LATEST)
    database.wait(f"backup/{name}", "jsonpath={.status.phase}=completed")
    folders = {key.split("/")[0] for key in database.store.keys(BUCKET)}
    assert folders == {"airflow-pg", LATEST, EARLIER}


def test_alert_fires_when_the_archive_fails_and_ends_when_it_works(database: BackedUp) -> None:
    server = database.prometheus
    database.store.refuse_connections(True)
    try:
        database.psql("insert into written values ('without a store')")
        database.psql("select pg_switch_wal()")
        start = time.monotonic()
        server.wait(lambda: "PostgresArchivingFailing" in server.firing(), "PostgresArchivingFailing fires", 240)
        database.seconds["PostgresArchivingFailing fires"] = round(time.monotonic() - start, 1)
        labels = server.firing()["PostgresArchivingFailing"]
        assert (labels["namespace"], labels["pod"], labels["cluster"]) == (DATA, "airflow-pg-1", "airflow-pg")
    finally:
        database.store.refuse_connections(False)
    start = time.monotonic()
    server.wait(lambda: "PostgresArchivingFailing" not in server.firing(), "PostgresArchivingFailing ends", 240)
    database.seconds["PostgresArchivingFailing ends"] = round(time.monotonic() - start, 1)


def test_alert_fires_when_the_newest_backup_is_old(database: BackedUp) -> None:
    server = database.prometheus
    server.wait(lambda: "PostgresBackupOld" in server.firing(), "PostgresBackupOld fires", BACKUP_AGE + 60)
    labels = server.firing()["PostgresBackupOld"]
    assert (labels["namespace"], labels["cluster"]) == (DATA, "airflow-pg")

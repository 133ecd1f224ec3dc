"""main.py's platform is restored into a new database as the documentation says, and decrypts its connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App

from cdk8s_airflow import (
    AirflowChart,
    CnpgBackup,
    CnpgCluster,
    CnpgRecovery,
    LocalExecutor,
    ObjectStorage,
    S3Credentials,
    SecretKey,
)
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.documentation import shell_block
from tests.cluster.kit.lacking import skip_without_backup_plugin
from tests.cluster.kit.s3_store import S3Store, s3_store
from tests.cluster.programs import build
from tests.cluster.test_backup import BUCKET, DATA, LATEST, PAGE, STORE_IMAGE

CONNECTION = "restored-connection"


def program(store: S3Store, *, restored: bool) -> App:
    """The platform with backups.

    Args:
        store: the object store.
        restored: whether it has a second database that is restored from the backup, to which Airflow connects.
    """
    bucket = ObjectStorage.s3(endpoint=store.url, credentials=S3Credentials("pg-backups")).bucket(BUCKET)
    ca = SecretKey("s3-ca", "ca.crt")
    backup = CnpgBackup(bucket=bucket, ca=ca)

    def database(scope: Any, id: str, **arguments: Any) -> CnpgCluster:
        old = CnpgCluster(scope, id, **{**arguments, "backup": backup})
        if not restored:
            return old
        recovery = CnpgRecovery(bucket=bucket, server_name="airflow-pg", ca=ca)
        return CnpgCluster(scope, "restored", **{**arguments, "name": LATEST, "recovery": recovery, "backup": backup})

    airflow = partial(AirflowChart, rotation="restored") if restored else AirflowChart
    return build("main-k8s-single", CnpgCluster=database, AirflowChart=airflow, KubernetesExecutor=LocalExecutor)


@dataclass(frozen=True)
class Backed:
    """The platform that runs, and its store."""

    runner: PlatformRunner
    platform: Platform
    store: S3Store


@pytest.fixture(scope="module")
def backed(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backed]:
    skip_without_backup_plugin(kubectl)
    folder: Path = tmp_path_factory.mktemp("restore")
    runner = PlatformRunner(kubectl, folder.name)
    with (
        s3_store(kubectl, STORE_IMAGE, BUCKET) as store,
        runner.platform(program(store, restored=False), folder, secrets=False, small=True) as platform,
    ):
        kubectl.run("-n", DATA, "create", "secret", "generic", "s3-ca", f"--from-literal=ca.crt={store.ca}")
        platform.create_secrets()
        platform.install()
        yield Backed(runner, platform, store)


def test_restored_platform_has_all_its_pods_and_decrypts_the_connections(backed: Backed) -> None:
    kubectl, platform = backed.runner.kubectl, backed.platform
    api = platform.api()
    with platform.explained():
        body = {"connection_id": CONNECTION, "conn_type": "http", "host": "example.com", "password": "a-password"}
        api.call("POST", "/api/v2/connections", body)
        api.trigger("before-the-backup")
        assert api.wait_for_run("before-the-backup") == "success"
        kubectl.shell(shell_block(PAGE, "kubectl -n airflow-data create -f -"))
        for backup in kubectl.items("backups.postgresql.cnpg.io", "-n", DATA):
            platform.wait(DATA, f"backup/{backup['metadata']['name']}", "jsonpath={.status.phase}=completed", 300)
        api.trigger("after-the-backup")
        assert api.wait_for_run("after-the-backup") == "success"
    start = time.monotonic()
    kubectl.shell(shell_block(PAGE, "kubectl -n airflow delete deployment,statefulset"), timeout=180)
    kubectl.shell(shell_block(PAGE, "kubectl -n airflow-data exec airflow-pg-1"))
    time.sleep(5)
    restored = backed.runner.change(platform, program(backed.store, restored=True), small=True)
    try:
        with restored.explained():
            restored.apply(without={"HelmChart"})
            wait = shell_block(PAGE, "kubectl apply --server-side -f dist/10-data.k8s.yaml").splitlines()[1]
            kubectl.shell(wait.replace("1h", "8m"), timeout=500)
            database = time.monotonic() - start
            kubectl.run("-n", "airflow", "delete", "secret", "airflow-metadata")
            restored.create_secrets()
            restored.upgrade()
            ready = time.monotonic() - start
            (check,) = (
                line
                for line in shell_block(PAGE, "kubectl apply --server-side -f dist/\n").splitlines()
                if line.endswith("airflow connections list")
            )
            listed = kubectl.shell(check, timeout=180)
        print(f"restore: database ready after {database:.0f} s, Airflow after {ready:.0f} s")
        assert CONNECTION in listed
        assert "InvalidToken" not in listed
    finally:
        restored.remove()

"""The migration waits for Secrets and the database, prints what is missing, and times out before the delivery does."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DagProcessor, DatabaseMigration
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire import migration
from cdk8s_airflow.airflow.wire.migration import _volume_name
from cdk8s_airflow.database.connection import DatabaseConnection, ExternalDatabase
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.secret_reference import GitSshSecret, SecretKey
from cdk8s_airflow.schemas.chart_values import secret_findings
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, git, release

NEWEST = ("1.22.0", "3.2.2")
CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def migration_values(settings: ReleaseSettings) -> dict[str, Any]:
    return migration.migration_values(compile_release(settings).shared)


def needed_keys(settings: ReleaseSettings) -> dict[str, tuple[str, ...]]:
    return migration.needed_keys(settings, compile_release(settings).needs)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_secrets_that_are_waited_for_are_those_that_pods_read(pair: Pair) -> None:
    session = (
        {"k-api-secret-key": ("api-secret-key",), "k-jwt-secret": ("jwt-secret",)}
        if pair in WITH_AIRFLOW_3
        else {"k-webserver-secret-key": ("webserver-secret-key",)}
    )
    git_keys = ("GITSYNC_USERNAME", "GITSYNC_PASSWORD", "GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD")
    assert needed_keys(release(pair, dags=git())) == {
        "k-fernet-key": ("fernet-key",),
        **session,
        "metadata": ("connection",),
        "git-token": git_keys,
    }


def test_an_ssh_key_and_an_operators_url_are_waited_for_under_their_own_keys() -> None:
    needed = needed_keys(
        release(
            NEWEST,
            database=DatabaseConnection(secret="pg-app", secret_key="uri", secret_namespace="airflow-lab"),
            dags=git(credentials=GitSshSecret("git-ssh")),
        )
    )
    assert needed["pg-app"] == ("uri",)
    assert needed["git-ssh"] == ("gitSshKey",)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_job_and_those_who_wait_for_it(pair: Pair) -> None:
    values = migration_values(
        release(pair, migration=DatabaseMigration(resources=SMALL), delivery=K3sHelmChart(timeout="50m"))
    )
    job = values.pop("migrateDatabaseJob")
    waiting = {"waitForMigrations": {"env": [{"name": "CONNECTION_CHECK_MAX_COUNT", "value": "60"}]}}
    by_version = {"apiServer": waiting, "dagProcessor": waiting} if pair in WITH_AIRFLOW_3 else {"webserver": waiting}
    assert values == {
        "images": {"migrationsWaitTimeout": 3000},
        "scheduler": waiting,
        "triggerer": waiting,
        **by_version,
    }
    names = sorted(needed_keys(release(pair)))
    (init,) = job["extraInitContainers"]
    wait, migrate = init.pop("command"), job.pop("command")
    assert wait[:2] == migrate[:2] == ["bash", "-c"]
    assert '[ "$SECONDS" -ge 1200 ]' in migrate[2]
    assert migrate[2].endswith("exec airflow db migrate\n")
    assert '"$SECONDS" -ge 1200' in wait[2]
    assert job == {
        "args": [],
        "resources": SMALL_WIRE,
        "serviceAccount": {"automountServiceAccountToken": False},
        "extraVolumes": [
            {"name": f"secret-{name}", "secret": {"secretName": name, "optional": True}} for name in names
        ],
        "extraVolumeMounts": [
            {"name": "secret-metadata", "mountPath": "/etc/needed-secrets/metadata", "readOnly": True}
        ],
        "extraInitContainers": [
            {
                "name": "wait-for-secrets",
                "image": '{{ template "airflow_image_for_migrations" . }}',
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
                "securityContext": CONTAINER,
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [
                    {"name": f"secret-{name}", "mountPath": f"/etc/needed-secrets/{name}", "readOnly": True}
                    for name in names
                ],
            }
        ],
    }


def test_nobody_waits_who_is_not_there() -> None:
    values = migration_values(release(NEWEST, triggerer=None))
    assert "triggerer" not in values
    assert "dagProcessor" in migration_values(release(("1.15.0", "2.9.3"), dag_processor=DagProcessor()))


@pytest.mark.parametrize("timeout", ["10m", "30m", "1h"])
def test_both_waits_together_end_before_the_timeout_of_the_delivery(timeout: str) -> None:
    settings = release(NEWEST, delivery=K3sHelmChart(timeout=timeout))
    job = migration_values(settings)["migrateDatabaseJob"]
    each = settings.patience * 2 // 5
    assert f'[ "$SECONDS" -ge {each} ]' in job["command"][2]
    assert f"left=$(({each} - SECONDS))" in job["command"][2]
    assert 2 * each < settings.patience


def run_wait(tmp_path: Path, present: list[str], *, seconds: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the waiting script itself, with another folder and a clock that starts late."""
    (init,) = migration_values(release(NEWEST))["migrateDatabaseJob"]["extraInitContainers"]
    for key in present:
        file = tmp_path / "secrets" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
    script = init["command"][2].replace("/etc/needed-secrets", str(tmp_path / "secrets")).replace("sleep 5", "sleep 0")
    return subprocess.run(
        ["bash", "-c", f"SECONDS={seconds}\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={"PATH": os.environ["PATH"]},
    )


ALL_KEYS = [
    "k-api-secret-key/api-secret-key",
    "k-fernet-key/fernet-key",
    "k-jwt-secret/jwt-secret",
    "metadata/connection",
]


def test_the_wait_ends_in_silence_when_every_secret_is_there(tmp_path: Path) -> None:
    done = run_wait(tmp_path, ALL_KEYS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_wait_names_the_secrets_that_are_missing_and_fails_when_its_time_is_over(tmp_path: Path) -> None:
    done = run_wait(tmp_path, ALL_KEYS[:2], seconds=719)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "Waiting for these Secrets (name/key) in namespace airflow-lab: k-jwt-secret/jwt-secret metadata/connection"
    )
    assert lines[-1] == (
        "Timed out. These Secrets (name/key) are missing in namespace airflow-lab: k-jwt-secret/jwt-secret metadata/connection"
    )
    assert done.stderr == ""


def test_an_empty_key_counts_as_missing(tmp_path: Path) -> None:
    run_wait(tmp_path, ALL_KEYS)
    (tmp_path / "secrets" / "metadata" / "connection").write_text("", encoding="utf-8")
    done = run_wait(tmp_path, [], seconds=719)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].endswith("airflow-lab: metadata/connection")


@pytest.mark.parametrize("namespace", ["team-pw", "db-password", "my-token", "api-key"])
def test_a_namespace_called_like_a_secret_makes_no_secret_of_the_script(namespace: str) -> None:
    assert secret_findings(migration_values(release(NEWEST, namespace=namespace))) == []


@pytest.mark.parametrize(
    ("check", "code", "last"),
    [
        (0, 0, "migrates"),
        (1, 1, "Airflow failed with exit code 1 before it reached the database; the error is printed above."),
        (124, 1, "Timed out: no connection to the database within 720 seconds; the last error is printed above."),
    ],
    ids=["answers", "airflow-fails", "no-answer"],
)
def test_the_migration_says_why_it_does_not_start(tmp_path: Path, check: int, code: int, last: str) -> None:
    script = migration_values(release(NEWEST))["migrateDatabaseJob"]["command"][2]
    for name, body in {"timeout": f"exit {check}", "airflow": "echo migrates"}.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", f"SECONDS=719\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (code, last, "")


def test_a_corrected_database_url_is_read_without_a_restart(tmp_path: Path) -> None:
    """The first check fails as the database does, after half a minute, and somebody replaces the Secret in the meantime."""
    url = tmp_path / "secrets" / "metadata" / "connection"
    url.parent.mkdir(parents=True)
    url.write_text("wrong", encoding="utf-8")
    script = migration_values(release(NEWEST))["migrateDatabaseJob"]["command"][2]
    script = script.replace("/etc/needed-secrets", str(tmp_path / "secrets")).replace("-lt 30", "-lt 0")
    body = f"""#!/bin/sh
echo "$AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" >>{tmp_path}/urls
[ "$2" = migrate ] && exit 0
[ "$AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" = right ] && exit 0
echo right >{url}
exit 1
"""
    (tmp_path / "airflow").write_text(body, encoding="utf-8")
    (tmp_path / "airflow").chmod(0o755)
    subprocess.run(
        ["bash", "-c", script],
        check=True,
        timeout=600,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "variable"},
    )
    assert (tmp_path / "urls").read_text(encoding="utf-8").split() == ["wrong", "right", "right"]


def test_migration_reads_a_password_without_a_url_into_pgpassword() -> None:
    database = ExternalDatabase(host="db", password=SecretKey("login", "pw")).connection()
    script = migration_values(release(NEWEST, database=database))["migrateDatabaseJob"]["command"][2]
    assert 'export PGPASSWORD="$(cat /etc/needed-secrets/login/pw)"' in script
    assert "SQL_ALCHEMY_CONN" not in script


@pytest.mark.parametrize("name", ["a" * 253, "with.dots", "a" * 57, f"{'a' * 46}.{'b' * 20}"])
def test_volumes_of_secrets_have_names_that_kubernetes_accepts(name: str) -> None:
    volume = _volume_name(name)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", volume)
    assert volume != _volume_name(f"b{name[1:]}")


def test_another_secret_does_not_rename_the_volumes_of_others() -> None:
    def volumes(*secrets: str) -> list[str]:
        needs = tuple(
            SecretNeed(namespace="airflow-lab", name=name, keys={"k": "x"}, purpose="p", command="c")
            for name in secrets
        )
        compiled = compile_release(release(("1.22.0", "3.2.2")))
        values = migration.migration_values(dataclasses.replace(compiled.shared, needs=needs))
        return [each["name"] for each in values["migrateDatabaseJob"]["extraVolumes"]]

    assert set(volumes("b", "c")) < set(volumes("a", "b", "c"))

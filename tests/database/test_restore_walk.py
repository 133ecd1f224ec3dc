"""A restore with a real PostgreSQL: a base backup, the WAL, a recovery target as in our settings, and the Fernet key."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk8s_airflow import RecoveryTarget
from cdk8s_airflow.database.backup import postgres_time
from cdk8s_airflow.validation import check_setting
from tests.database.servers import ROOT_PASSWORD, Server, account, handed_over, postgres, program, server_folder
from tests.ports import free_port

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="cryptography is not installed"
)


def backed_up(server: Server, home: Path) -> Path:
    """A base backup, as barman makes them: the files of a running server without its log."""
    folder = home / "base"
    folder.mkdir()
    handed_over(folder, account())
    subprocess.run(
        [program("initdb").parent / "pg_basebackup", "-D", folder / "data", "-X", "none", "-c", "fast"],
        user=account(),
        cwd=home,
        check=True,
        capture_output=True,
        env={
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "root",
            "PGPASSWORD": ROOT_PASSWORD,
        },
    )
    return folder / "data"


def restored(base: Path, log: Path, home: Path, target: dict[str, str]) -> str:
    """What stands in the table after a recovery from a copy of a backup, up to a target."""
    data, port, user = home / "data", free_port(), account()
    shutil.copytree(base, data)
    settings = {"restore_command": f"cp {log}/%f %p", "recovery_target_action": "promote", **target}
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (data / "recovery.signal").touch()
    handed_over(home, user)
    data.chmod(0o700)
    control: list[str | Path] = [program("initdb").parent / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    started = subprocess.run([*control, "-o", options, "start"], user=user, cwd=home, check=False, capture_output=True)
    assert started.returncode == 0, (home / "log").read_text(encoding="utf-8")
    try:
        server = Server(port=port, psql=program("initdb").parent / "psql")
        for _ in range(100):
            if server.run("SELECT pg_is_in_recovery()").strip() == "f":
                break
            time.sleep(0.1)
        return server.run("SELECT password FROM connection ORDER BY id")
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], user=user, check=False, capture_output=True)


@pytest.fixture
def home() -> Iterator[Path]:
    with server_folder() as folder:
        folder.chmod(0o755)
        yield folder


def test_a_point_in_time_comes_back_and_only_the_key_of_then_reads_it(home: Path) -> None:
    from cryptography.fernet import Fernet, InvalidToken

    key, other = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    first, second = (key.encrypt(text.encode()).decode() for text in ("first", "second"))
    for name in ("server", "log", "by-time", "by-lsn", "by-xid", "by-name"):
        (home / name).mkdir()
    with postgres(home / "server") as server:
        server.run(f"CREATE TABLE connection (id int, password text); INSERT INTO connection VALUES (1, '{first}')")
        base = backed_up(server, home)
        xid = server.run(f"INSERT INTO connection VALUES (2, '{second}') RETURNING pg_current_xact_id()::text").split()[
            0
        ]
        moment = server.run(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        ).strip()
        lsn = server.run("SELECT pg_current_wal_lsn()").strip()
        server.run("SELECT pg_create_restore_point('before the accident')")
        server.run("DELETE FROM connection")
        server.run("SELECT pg_switch_wal()")
        for segment in sorted((home / "server" / "data" / "pg_wal").glob("0000*")):
            shutil.copy(segment, home / "log")
        assert server.run("SELECT count(*) FROM connection").strip() == "0"
    handed_over(home / "log", account())

    backup_id = "20261120T020000"
    for folder, target, told in (
        ("by-time", RecoveryTarget(time=moment), {"recovery_target_time": postgres_time(moment)}),
        ("by-lsn", RecoveryTarget(lsn=lsn), {"recovery_target_lsn": lsn}),
        ("by-xid", RecoveryTarget(xid=xid, backup_id=backup_id), {"recovery_target_xid": xid}),
        (
            "by-name",
            RecoveryTarget(name="before the accident", backup_id=backup_id),
            {"recovery_target_name": "before the accident"},
        ),
    ):
        assert list(check_setting(target, "target")) == []
        tokens = restored(base, home / "log", home / folder, told).split()
        assert [key.decrypt(token.encode()).decode() for token in tokens] == ["first", "second"], folder
        with pytest.raises(InvalidToken):
            other.decrypt(tokens[0].encode())

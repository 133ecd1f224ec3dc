"""A real PostgreSQL and a real PgBouncer on loopback, for tests that want to know what really connects."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

ROOT_PASSWORD = "of nobody but this test"


def program(name: str) -> Path:
    """Where a program is; skips the test where it is nowhere."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    places = [Path(found).resolve()] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    for place in places:
        if place.is_file() and (name != "initdb" or (place.parent / "postgres").is_file()):
            return place
    pytest.skip(f"install {name} to run this test")


def account() -> str | None:
    """As whom servers run: as whoever runs the test, but for root, as which they refuse to."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("there is no account but root, as which PostgreSQL does not run")


@contextmanager
def server_folder() -> Iterator[Path]:
    """A folder for the files of servers, which another account reads.

    It is not in the folder of pytest: each new session takes the permissions of other accounts from that of all sessions, so that
    the servers of a session that runs at the same time could not start.
    """
    with tempfile.TemporaryDirectory(prefix="cdk8s-airflow-server-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def handed_over(folder: Path, user: str | None) -> None:
    """Gives a folder and what is in it to an account, and lets it pass through the folders above."""
    if user is None:
        return
    for place in (folder, *folder.rglob("*")):
        os.chown(place, pwd.getpwnam(user).pw_uid, -1)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid in (os.geteuid(), pwd.getpwnam(user).pw_uid) and str(parent).count("/") > 1:
            parent.chmod(parent.stat().st_mode | 0o055)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL on loopback that asks for passwords; ``root`` may do everything."""

    port: int
    psql: Path

    def run(self, statement: str) -> str:
        """Runs one statement as ``root``."""
        done = subprocess.run(
            [self.psql, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=statement,
            env={
                **os.environ,
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGUSER": "root",
                "PGDATABASE": "postgres",
                "PGPASSWORD": ROOT_PASSWORD,
            },
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@contextmanager
def postgres(home: Path) -> Iterator[Server]:
    """A PostgreSQL as long as it is needed.

    Args:
        home: the folder of its files (:func:`server_folder`), or a folder in it.
    """
    folder, port, user = program("initdb").parent, free_port(), account()
    words = home / "password"
    words.write_text(ROOT_PASSWORD + "\n", encoding="utf-8")
    handed_over(home, user)
    data = home / "data"
    made: list[str | Path] = [folder / "initdb", "-D", data, "-U", "root", "-A", "scram-sha-256", f"--pwfile={words}"]
    subprocess.run([*made, "-E", "UTF8", "--locale=C"], user=user, cwd=home, check=True, capture_output=True)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control: list[str | Path] = [folder / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    subprocess.run([*control, "-o", options, "start"], user=user, cwd=home, check=True, capture_output=True)
    try:
        yield Server(port=port, psql=folder / "psql")
    finally:
        # Another session of pytest may have cleared the folder away, and the server has ended by itself then.
        subprocess.run([*control, "-m", "immediate", "stop"], user=user, check=False, capture_output=True)


@contextmanager
def pgbouncer(home: Path, settings: Path, port: int) -> Iterator[None]:
    """A PgBouncer as long as it is needed."""
    user = account()
    handed_over(home, user)
    log = home / "log"
    with log.open("w", encoding="utf-8") as written:
        running = subprocess.Popen(
            [program("pgbouncer"), settings], user=user, cwd=home, stdout=written, stderr=written
        )
    try:
        for _ in range(100):
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert running.poll() is None, log.read_text(encoding="utf-8")
        yield
    finally:
        running.kill()
        running.wait()

"""What is composed here really connects: to a real PostgreSQL, and through a real PgBouncer, whatever the password is.

Requires PostgreSQL, PgBouncer and the two drivers; if one is missing, these tests are skipped with the reason.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.database import library_variables, url_variables
from cdk8s_airflow.airflow.wire.pgbouncer import INCLUDE, pgbouncer_ini, pgbouncer_needs
from cdk8s_airflow.database.connection import DatabaseConnection, ExternalDatabase
from cdk8s_airflow.database.pgbouncer import PgBouncer
from cdk8s_airflow.model.secret_reference import PgBouncerSecret, SecretKey
from tests.airflow.wire.samples import release
from tests.database.servers import Server, pgbouncer, postgres, program, server_folder
from tests.ports import free_port

psycopg2 = pytest.importorskip("psycopg2", reason="install psycopg2-binary to run this test")
asyncpg = pytest.importorskip("asyncpg", reason="install asyncpg to run this test")

PASSWORDS = (
    "p@ss/w:rd?#[]%41 &=+;",
    "$(HOME) $$x `id` \\ \\n %s",
    "{{ x }} '\" \t|",
    'quoted "twice" ""',
    "ümläut€",
    "postgresql://x:y@z/",
)
NEWEST = ("1.22.0", "3.2.2")
USER, DATABASE = "air flow@x", "meta data"


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_folder() as home, postgres(home) as running:
        running.run(f'CREATE ROLE "{USER}" LOGIN')
        running.run(f'CREATE DATABASE "{DATABASE}" OWNER "{USER}"')
        yield running


def let_in_by(server: Server, password: str) -> None:
    text = password.replace("'", "''")
    server.run(f"ALTER ROLE \"{USER}\" PASSWORD '{text}'")


def database(server: Server, **changes: Any) -> DatabaseConnection:
    given = ExternalDatabase(
        host="127.0.0.1",
        port=server.port,
        database=DATABASE,
        user=USER,
        password=SecretKey("airflow-db", "password"),
        tls="prefer",
        **changes,
    )
    return given.connection()


def environment(settings: Any, password: str) -> dict[str, str]:
    """The variables that a container of Airflow has of its database."""
    told = {**url_variables(settings), **library_variables(settings)}
    return {name: value if isinstance(value, str) else password for name, value in told.items()}


def who_is_there(url: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As whom both drivers of Airflow 3 are let in."""
    for name in ("PGSSLMODE", "PGPASSWORD"):
        monkeypatch.setenv(name, env[name])

    async def ask() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval("SELECT current_user || ' in ' || current_database()"))
        finally:
            await connection.close()

    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user || ' in ' || current_database()")
            return [str(cursor.fetchone()[0]), asyncio.run(ask())]
    finally:
        connection.close()


@pytest.mark.parametrize("password", PASSWORDS)
def test_both_drivers_log_in_with_any_password(server: Server, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    let_in_by(server, password)
    env = environment(release(NEWEST, database=database(server)), password)
    assert password not in env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    there = f"{USER} in {DATABASE}"
    assert who_is_there(env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], env, monkeypatch) == [there, there]
    monkeypatch.setenv("PGPASSWORD", password + "x")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])


def secret_of(need: Any, password: str, folder: Path) -> dict[str, str]:
    """What the command of a need puts into the Secret, with a small program in the place of kubectl."""
    made = folder / "made"
    made.mkdir()
    stand_in = folder / "bin" / "kubectl"
    stand_in.parent.mkdir()
    encoded = base64.b64encode(password.encode()).decode()
    stand_in.write_text(
        "#!/usr/bin/env bash\n"
        f'for word in "$@"; do [ "$word" = get ] && {{ printf %s {encoded}; exit 0; }}; done\n'
        'for word in "$@"; do case "$word" in\n'
        f'  --from-file=*) pair=${{word#*=}}; cat "${{pair#*=}}" > "{made}/${{pair%%=*}}";;\n'
        f'  --from-literal=*) pair=${{word#*=}}; printf %s "${{pair#*=}}" > "{made}/${{pair%%=*}}";;\n'
        "esac; done\n",
        encoding="utf-8",
    )
    stand_in.chmod(0o755)
    subprocess.run(
        ["bash", "-c", need.command],
        env={"PATH": f"{stand_in.parent}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    return {file.name: file.read_text(encoding="utf-8") for file in made.iterdir()}


@pytest.mark.parametrize("password", PASSWORDS)
def test_both_drivers_are_let_in_through_pgbouncer_and_so_is_the_exporter(
    server: Server, password: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its settings as the manifest has them, but for the port, the folders and what this PgBouncer is too old for."""
    program("pgbouncer")
    let_in_by(server, password)
    pooling = PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"))
    settings = release(NEWEST, database=database(server, pooling=pooling))
    (need,) = pgbouncer_needs(settings)
    secret = secret_of(need, password, folder)
    assert set(secret) == set(need.keys)
    assert secret["pgbouncer.ini"] == INCLUDE

    port = free_port()
    told = pgbouncer_ini(settings)
    for line in ("listen_port = 6543", "listen_addr = *", "auth_file = /etc/pgbouncer/users.txt"):
        assert f"\n{line}\n" in told
    told = told.replace("listen_port = 6543", f"listen_port = {port}").replace(
        "listen_addr = *", "listen_addr = 127.0.0.1"
    )
    told = told.replace("/etc/pgbouncer/users.txt", str(folder / "users.txt"))
    told = told.replace("max_prepared_statements = 200\n", "unix_socket_dir =\n")
    (folder / "settings.ini").write_text(told, encoding="utf-8")
    (folder / "users.txt").write_text(secret["users.txt"], encoding="utf-8")
    (folder / "pgbouncer.ini").write_text(
        secret["pgbouncer.ini"].replace("/etc/pgbouncer-settings/pgbouncer.ini", str(folder / "settings.ini")),
        encoding="utf-8",
    )
    env = environment(settings, password)
    with pgbouncer(folder, folder / "pgbouncer.ini", port):
        url = env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        assert "@lab-pgbouncer.airflow-lab.svc:6543/lab-metadata" in url
        there = f"{USER} in {DATABASE}"
        here = url.replace("lab-pgbouncer.airflow-lab.svc:6543", f"127.0.0.1:{port}")
        assert who_is_there(here, env, monkeypatch) == [there, there]
        monkeypatch.delenv("PGPASSWORD")
        exporter = psycopg2.connect(secret["connection"].replace("127.0.0.1:6543", f"127.0.0.1:{port}"))
        exporter.autocommit = True
        with exporter.cursor() as cursor:
            cursor.execute("SHOW POOLS")
            assert "lab-metadata" in {row[0] for row in cursor.fetchall()}
        exporter.close()


def test_the_migration_goes_past_the_pooler_with_the_same_user_and_password(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script of the Job runs, with a small program in the place of Airflow that shows what it would connect to."""
    password = "p%40ss%2Fword"
    let_in_by(server, "p@ss/word")
    pooled = DatabaseConnection(secret="metadata", tls="prefer", direct=database(server).address)
    command = compile_release(release(NEWEST, database=pooled)).values_from_arguments["migrateDatabaseJob"]["command"]
    airflow = tmp_path / "airflow"
    airflow.write_text('#!/usr/bin/env bash\necho "$2 $PGSSLMODE $AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"\n')
    airflow.chmod(0o755)
    told = f"postgresql://air%20flow%40x:{password}@pooler.data.svc:5432/other"
    done = subprocess.run(
        command,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": told},
        check=True,
        capture_output=True,
        text=True,
    )
    checked, migrated = (line.split(" ", 2) for line in done.stdout.splitlines())
    assert (checked[0], migrated[0]) == ("check", "migrate")
    url = f"postgresql://air%20flow%40x:{password}@127.0.0.1:{server.port}/meta%20data"
    assert checked[1:] == migrated[1:] == ["prefer", url]
    there = f"{USER} in {DATABASE}"
    env = {"PGSSLMODE": migrated[1], "PGPASSWORD": ""}
    assert who_is_there(migrated[2], env, monkeypatch) == [there, there]


def test_a_certificate_is_checked_where_it_was_asked_for(server: Server) -> None:
    """This server has none, so that whoever insists on one is not let in."""
    settings = replace(database(server), tls="require")
    with pytest.raises(psycopg2.OperationalError, match="does not support SSL"):
        psycopg2.connect(settings.address.url(), sslmode=settings.tls)  # type: ignore[union-attr]

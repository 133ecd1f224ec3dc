"""The URL that the bootstrap job composes lets both drivers of Airflow 3 into a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import psycopg2
import pytest

from tests.database.servers import Server, postgres, server_folder
from tests.jobs.programs.test_create_secrets import composed

PASSWORDS = (
    "0123456789abcdef" * 3,
    "p%41s+w&o=r d/@:?#[]!$'\"\\`{}|<>~^,;*",
    "%",
    "%2F",
    "a%zz",
    "ümläut€",
    "\tline\r\n",
    "postgresql://x:y@z/",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_folder() as home, postgres(home) as running:
        running.run("CREATE ROLE airflow LOGIN")
        running.run("CREATE DATABASE airflow OWNER airflow")
        yield running


@pytest.mark.parametrize("password", PASSWORDS)
def test_both_drivers_are_let_in_by_the_url_and_by_no_other_password(server: Server, password: str) -> None:
    text = password.replace("'", "''")
    server.run(f"ALTER ROLE airflow PASSWORD '{text}'")
    before, after = "postgresql://airflow:", f"@127.0.0.1:{server.port}/airflow"

    async def ask(url: str) -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval("SELECT current_user"))
        finally:
            await connection.close()

    url = composed(password.encode(), before, after)
    assert asyncio.run(ask(url)) == "airflow"
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("airflow",)
    finally:
        connection.close()
    wrong = composed(f"{password}x".encode(), before, after)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong)
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(ask(wrong))

"""What is derived for PostgreSQL, a real PostgreSQL takes; and what it would not read of pg_hba.conf, is refused here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk8s_airflow import PostgresSize
from tests.database.samples import found
from tests.database.servers import Server, account, handed_over, postgres, server_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with postgres(home) as running:
        yield running


SIZES = [
    (PostgresSize.small(), "10Gi", None),
    (PostgresSize.medium(), "50Gi", "10Gi"),
    (PostgresSize.large(), "1Ti", "512Mi"),
    (PostgresSize(cpu="1", memory="256Mi", max_connections=10000), "1Gi", None),
    (PostgresSize(cpu="64", memory="512Gi", max_connections=20), "16Ti", "1Ti"),
]


@pytest.mark.parametrize(("size", "storage", "wal_storage"), SIZES)
def test_postgresql_takes_every_parameter_of_a_size(
    server: Server, size: PostgresSize, storage: str, wal_storage: str | None
) -> None:
    for name, value in size.parameters(storage=storage, wal_storage=wal_storage).items():
        server.run(f"ALTER SYSTEM SET {name} = '{value}'")
    server.run("ALTER SYSTEM RESET ALL")


def test_postgresql_refuses_what_is_no_value_of_a_parameter(server: Server) -> None:
    with pytest.raises(Exception, match="non-zero exit status"):
        server.run("ALTER SYSTEM SET shared_buffers = '256Mi'")


# None of hostssl: the server of this test has no certificate, and calls that an error.
LINES = [
    "local all all peer map=x",
    "local all all",
    "local all all all md5",
    "host all all all scram-sha-256",
    "host all all md5",
    "host all all 10.0.0.0/8 scram",
    "host a b 10.0.0.0 255.0.0.0 md5",
    "host a b 10.0.0.0 md5",
    "host replication streaming_replica all md5",
    "host all all all cert",
    "host all all all peer",
    "hostnossl all all 0.0.0.0/0 reject",
    "hosts all all all md5",
    "all all all md5",
    "host a,b c,+d samenet password",
]


def test_rules_of_access_are_refused_where_postgresql_does_not_read_them(server: Server, home: Path) -> None:
    file = home / "data" / "pg_hba.conf"
    before = file.read_text(encoding="utf-8")
    file.write_text("\n".join(LINES) + "\n" + before, encoding="utf-8")
    handed_over(file, account())
    said = server.run(
        f"SELECT line_number FROM pg_hba_file_rules WHERE error IS NOT NULL AND line_number <= {len(LINES)}"
    )
    file.write_text(before, encoding="utf-8")
    theirs = {LINES[int(number) - 1] for number in said.split()}
    ours = {line for line in LINES if found(pg_hba=[line])}
    assert ours == theirs
    assert theirs < set(LINES)

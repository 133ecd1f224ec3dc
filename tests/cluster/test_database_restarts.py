"""Restarts of PostgreSQL with open sessions: a parameter that needs one, and a new minor version, with one and three instances."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App, Chart

from cdk8s_airflow import CnpgCluster, Namespace, PostgresUpdates, Volume, set_facts
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.client import DatabaseClient, database_client, outages
from tests.cluster.platforms import FACTS

DATA, NAME = "airflow-data", "airflow-pg"
IMAGE = "apache/airflow:3.2.2"
OLD, NEW = os.environ.get(
    "CDK8S_AIRFLOW_POSTGRES_IMAGES",
    "ghcr.io/cloudnative-pg/postgresql:15.14-standard-trixie ghcr.io/cloudnative-pg/postgresql:15.15-standard-trixie",
).split()
"""Two minor versions of PostgreSQL 15."""

LONGEST = {1: 60, 3: 60}
"""Number of instances -> seconds without a database that a restart may take, as ``cdk8s-airflow plan`` says it."""


def program(instances: int, **arguments: Any) -> App:
    """A database."""
    app = App()
    set_facts(app, FACTS)
    chart = Chart(app, "10-data")
    CnpgCluster(
        chart,
        "db",
        name=NAME,
        namespace=Namespace(chart, DATA),
        instances=instances,
        postgres_major=15,
        storage=Volume("1Gi", storage_class="longhorn"),
        **{"image": OLD, **arguments},
    )
    return app


@dataclass
class Database:
    """A database that runs, with a client that writes.

    Attributes:
        instances: the number of its instances.
        runner: puts programs on the cluster.
        platform: the database on the cluster.
        client: the client.
        arguments: the arguments that have been changed so far.
    """

    instances: int
    runner: PlatformRunner
    platform: Platform
    client: DatabaseClient
    arguments: dict[str, Any]

    @property
    def kubectl(self) -> Kubectl:
        """The cluster."""
        return self.runner.kubectl

    def pods(self) -> list[dict[str, Any]]:
        """The pods of the instances."""
        return self.kubectl.items("pods", "-n", DATA, "-l", f"cnpg.io/cluster={NAME},cnpg.io/podRole=instance")

    def primary(self) -> str:
        """The name of the instance that writes."""
        return str(self.kubectl.get("cluster.postgresql.cnpg.io", NAME, "-n", DATA)["status"]["currentPrimary"])

    def psql(self, pod: str, statement: str) -> str:
        """What PostgreSQL returns to its superuser in an instance."""
        return self.kubectl.run(
            "-n", DATA, "exec", pod, "-c", "postgres", "--", "psql", "-XAt", "-d", "airflow", "-c", statement, check=False
        ).stdout.strip()  # fmt: skip

    def change(self, done: Callable[[dict[str, Any]], bool], **arguments: Any) -> float:
        """Apply a change, and wait until every instance has it and the database is healthy; seconds without a database.

        Args:
            done: whether the pod of an instance has the change.
            arguments: the arguments that change.
        """
        before = self.client.attempts()
        assert not before[-1].error
        self.arguments |= arguments
        changed = self.runner.change(
            self.platform, program(self.instances, **self.arguments), small=True, keep_replicas=True
        )
        start = time.monotonic()
        with changed.explained():
            changed.apply()
            while True:
                pods = self.pods()
                if len(pods) == self.instances and all(map(done, pods)):
                    break
                assert time.monotonic() < start + 400, f"not every instance has {arguments} within 400 s"
                time.sleep(1)
            phase = "jsonpath={.status.phase}=Cluster in healthy state"
            changed.wait(DATA, f"cluster.postgresql.cnpg.io/{NAME}", phase, 300)
        seconds = time.monotonic() - start
        time.sleep(3)
        attempts = self.client.attempts(after=before[-1].number - 1)
        assert not attempts[-1].error, attempts[-1]
        found = outages(attempts)
        errors = Counter(each.error[-70:] for each in attempts if each.error)
        print(f"{self.instances} instances, {arguments}: done after {seconds:.0f} s, outages {found}")
        print(*(f"  {count} x ...{error}" for error, count in errors.most_common(6)), sep="\n")
        return sum(found)

    def lost_rows(self) -> set[int]:
        """The rows that the client has committed and the database does not have."""
        committed = {each.number for each in self.client.attempts() if not each.error}
        return committed - set(map(int, self.psql(self.primary(), "select number from attempts").split()))


@contextmanager
def running(kubectl: Kubectl, folder: Path, instances: int) -> Iterator[Database]:
    """A database with some instances, and a client that has written."""
    runner = PlatformRunner(kubectl, folder.name)
    with runner.platform(program(instances), folder, small=True, keep_replicas=True) as platform:
        platform.apply()
        platform.wait_for_databases(400)
        with database_client(kubectl, DATA, f"{NAME}-app", IMAGE) as client:
            end = time.monotonic() + 60
            while not any(not each.error for each in client.attempts()):
                assert time.monotonic() < end, client.attempts()[-3:]
                time.sleep(1)
            yield Database(instances, runner, platform, client, {})


@pytest.fixture(scope="module", params=[1, 3], ids=["one", "three"])
def database(
    request: pytest.FixtureRequest, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with running(kubectl, tmp_path_factory.mktemp(f"restarts-{request.param}"), request.param) as made:
        yield made


def runs(image: str, pod: dict[str, Any]) -> bool:
    """Whether an instance is ready with an image."""
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))
    return ready and {each["image"] for each in pod["spec"]["containers"]} == {image}


def test_parameter_that_needs_a_restart_interrupts_the_database_for_less_than_a_minute(database: Database) -> None:
    primary = database.primary()
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in database.pods()}
    value = "select setting from pg_settings where name = 'max_worker_processes'"
    outage = database.change(
        lambda pod: database.psql(pod["metadata"]["name"], value) == "40", parameters={"max_worker_processes": "40"}
    )
    after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in database.pods()}
    assert {name for name, uid in after.items() if before.get(name) == uid} == {primary}, "only standbys get new pods"
    assert 0 < outage < LONGEST[database.instances]
    assert database.primary() == primary
    assert database.lost_rows() == set()


def test_minor_version_interrupts_the_database_for_less_than_a_minute_and_keeps_all_rows(database: Database) -> None:
    primary = database.primary()
    outage = database.change(lambda pod: runs(NEW, pod), image=NEW)
    assert 0 < outage < LONGEST[database.instances]
    assert database.primary() == primary
    assert database.lost_rows() == set()


def test_minor_version_with_a_switchover_interrupts_the_database_for_seconds(database: Database) -> None:
    if database.instances == 1:
        pytest.skip("one instance cannot switch over")
    primary = database.primary()
    outage = database.change(lambda pod: runs(OLD, pod), image=OLD, updates=PostgresUpdates(by="switchover"))
    assert 0 < outage < LONGEST[database.instances]
    assert database.primary() != primary
    assert database.lost_rows() == set()

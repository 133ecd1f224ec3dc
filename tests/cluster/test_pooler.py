"""main.py's platform connects to its database through a pooler: that of CloudNativePG, and the PgBouncer of the chart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk8s_airflow import ExternalDatabase, PgBouncer, PgBouncerSecret, SecretKey
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.lacking import wait_for_deployment_or_skip
from tests.cluster.platforms import Homelab, homelab

POOL_SIZE = 6
MIGRATION = "airflow-run-airflow-migrations"
LOGGED = {"parameters": {"log_connections": "on"}}


@dataclass(frozen=True)
class PoolMetrics:
    """The names of a pooler's metrics.

    Attributes:
        clients: the clients with a connection.
        waiting: those of them that wait for a session.
        sessions: the sessions of PostgreSQL, by state.
    """

    clients: str
    waiting: str
    sessions: tuple[str, ...]


OF_THE_OPERATOR = PoolMetrics(
    "cnpg_pgbouncer_pools_cl_active",
    "cnpg_pgbouncer_pools_cl_waiting",
    tuple(f"cnpg_pgbouncer_pools_sv_{state}" for state in ("active", "idle", "used")),
)
OF_THE_CHART = PoolMetrics(
    "pgbouncer_exporter_pools_active_clients",
    "pgbouncer_exporter_pools_waiting_clients",
    tuple(f"pgbouncer_exporter_pools_{state}_server" for state in ("active", "idle", "used")),
)


@dataclass(frozen=True)
class PoolerCase:
    """A platform with a pooler, and where the pooler is.

    Attributes:
        program: the platform.
        namespace: the namespace of the pooler.
        deployment: its Deployment.
        selector: the labels of its pods.
        metrics: the names of its metrics.
    """

    program: Homelab
    namespace: str
    deployment: str
    selector: str
    metrics: PoolMetrics


def pooler_of_the_operator() -> PoolerCase:
    """A CnpgPooler in front of the Cluster."""
    program = homelab("kubernetes", cluster=LOGGED, pooler={"pool_size": POOL_SIZE})
    return PoolerCase(
        program, "airflow-data", "airflow-pg-pooler", "cnpg.io/poolerName=airflow-pg-pooler", OF_THE_OPERATOR
    )


def pooler_of_the_chart() -> PoolerCase:
    """The Cluster as an external database, with the PgBouncer of the chart in front of it."""
    database = ExternalDatabase(
        host="airflow-pg-rw.airflow-data.svc",
        database="airflow",
        user="airflow",
        password=SecretKey("airflow-db", "password"),
        max_connections=100,
        pooling=PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"), max_clients=100, pool_size=POOL_SIZE),
    )
    program = homelab("kubernetes", cluster=LOGGED, release={"database": database.connection()})
    return PoolerCase(program, "airflow", "airflow-pgbouncer", "component=pgbouncer", OF_THE_CHART)


@dataclass(frozen=True)
class Pooled:
    """A platform that runs with a pooler.

    Attributes:
        case: the platform, and where its pooler is.
        platform: it on the cluster.
        api: its API.
        migrated_from: the addresses of the pods of the migration Job.
    """

    case: PoolerCase
    platform: Platform
    api: AirflowApi
    migrated_from: frozenset[str]

    def pooler_addresses(self) -> set[str]:
        """The addresses of the pooler's pods."""
        return addresses(self.platform.kubectl, self.case.namespace, self.case.selector)

    def query(self, statement: str) -> list[list[str]]:
        """The rows that PostgreSQL returns to its superuser, inside the pod of the database."""
        text = self.platform.kubectl.run(
            "-n", "airflow-data", "exec", "airflow-pg-1", "-c", "postgres", "--",
            "psql", "-XAt", "-F", "|", "-d", "airflow", "-c", statement,
        ).stdout  # fmt: skip
        return [line.split("|") for line in text.splitlines()]

    def logged_sessions(self) -> set[str]:
        """The addresses from which the user airflow has ever opened a session of PostgreSQL."""
        text = self.platform.kubectl.run("-n", "airflow-data", "logs", "airflow-pg-1", "-c", "postgres").stdout
        records = [json.loads(line).get("record", {}) for line in text.splitlines() if line.startswith("{")]
        return {
            record["connection_from"].rpartition(":")[0]
            for record in records
            if isinstance(record, dict) and record.get("message", "").startswith("connection authorized: user=airflow ")
        }


def addresses(kubectl: Kubectl, namespace: str, selector: str) -> set[str]:
    """The addresses of some pods."""
    pods = kubectl.items("pods", "-n", namespace, "-l", selector)
    return {pod["status"]["podIP"] for pod in pods if pod["status"].get("podIP")}


@pytest.fixture(scope="module", params=[pooler_of_the_operator, pooler_of_the_chart], ids=["cnpg", "chart"])
def pooled(
    request: pytest.FixtureRequest, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pooled]:
    folder: Path = tmp_path_factory.mktemp("pooler")
    case: PoolerCase = request.param()
    with PlatformRunner(kubectl, folder.name).platform(case.program.app, folder, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        wait_for_deployment_or_skip(platform, case.namespace, case.deployment, case.selector)
        platform.wait("airflow", f"job/{MIGRATION}", "create", 300)
        # A pod that has ended may have no address any more.
        address = (
            f"kubectl -n airflow wait pod -l job-name={MIGRATION} --for=jsonpath='{{.status.podIP}}' --timeout=10s"
        )
        kubectl.shell(f"until {address}; do sleep 1; done", timeout=300)
        migrated_from = frozenset(addresses(kubectl, "airflow", f"job-name={MIGRATION}"))
        platform.wait("airflow", f"job/{MIGRATION}", "condition=complete", 600)
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        api = platform.api()
        yield Pooled(case, platform, api, migrated_from)


def test_dag_run_succeeds_and_all_its_sessions_are_the_poolers(pooled: Pooled) -> None:
    api = pooled.api
    with pooled.platform.explained():
        api.trigger("pooled", seconds=30)
        api.wait_for_task("pooled", "first", "running")
        sessions = pooled.query(
            "select client_addr, count(*) from pg_stat_activity where usename = 'airflow' and client_addr is not null group by 1"
        )
        assert {address for address, _ in sessions} == pooled.pooler_addresses(), sessions
        assert sum(int(count) for _, count in sessions) <= POOL_SIZE
        assert api.wait_for_run("pooled") == "success", api.tasks("pooled")
        assert api.tasks("pooled") == {"first": ("success", 1), "second": ("success", 1)}


def test_only_the_migration_has_bypassed_the_pooler(pooled: Pooled) -> None:
    assert pooled.migrated_from
    seen = pooled.logged_sessions()
    assert seen & pooled.migrated_from, "the migration has not connected to PostgreSQL itself"
    assert seen - pooled.migrated_from == pooled.pooler_addresses()


def test_pooler_serves_more_clients_than_it_has_sessions(pooled: Pooled) -> None:
    """Airflow keeps its connections open between two transactions, and the pooler needs no session for these."""
    names = pooled.case.metrics
    (address,) = pooled.pooler_addresses()
    program = f"import urllib.request; print(urllib.request.urlopen('http://{address}:9127/metrics').read().decode())"
    text = pooled.platform.kubectl.run(
        "-n", "airflow", "exec", "deploy/airflow-api-server", "-c", "api-server", "--", "python", "-c", program
    ).stdout
    samples = {
        name: [
            float(line.split()[-1])
            for line in text.splitlines()
            if line.startswith(f"{name}{{") and 'user="airflow"' in line
        ]
        for name in (names.clients, names.waiting, *names.sessions)
    }
    assert all(samples.values()), f"metrics are missing: {samples}"
    assert sum(samples[names.clients]) > sum(sum(samples[name]) for name in names.sessions) > 0, samples
    assert sum(samples[names.waiting]) == 0, samples

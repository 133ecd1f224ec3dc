"""The query that real Helm gives KEDA, run on a real PostgreSQL: it counts exactly the tasks that the Celery workers run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ExternalBroker,
    ExternalDatabase,
    Keda,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
    SecretKey,
)
from tests.database.servers import Server, postgres, server_folder
from tests.helm.rendering import render_release
from tests.platforms import PAIRS, helm_chart, release

Pair = tuple[str, str]

SEVERAL = [pair for pair in PAIRS if pair[0] != "1.15.0" and pair[1] != "2.9.3"]
"""The pairs that run several executors."""

CELERY_CLASS = "airflow.providers.celery.executors.celery_executor.CeleryExecutor"
KUBERNETES_CLASS = "airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor"
TASKS = {
    ("running", "default", None): 2,
    ("queued", "default", None): 1,
    ("queued", "default", "CeleryExecutor"): 5,
    ("running", "default", CELERY_CLASS): 7,
    ("running", "default", "KubernetesExecutor"): 100,
    ("queued", "default", KUBERNETES_CLASS): 200,
    ("running", "default", "LocalExecutor"): 400,
    ("success", "default", "CeleryExecutor"): 1000,
    ("scheduled", "default", None): 2000,
    ("running", "others", "CeleryExecutor"): 4000,
    ("queued", "others", None): 8000,
}
"""State, queue and executor of tasks -> their number. Every sum of some of the numbers is different."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL with the tasks."""
    with server_folder() as home, postgres(home) as running:
        running.run("CREATE TABLE task_instance (state varchar(20), queue varchar(256), executor varchar(1000))")
        for (state, queue, executor), number in TASKS.items():
            named = "NULL" if executor is None else f"'{executor}'"
            running.run(
                f"INSERT INTO task_instance SELECT '{state}', '{queue}', {named} FROM generate_series(1, {number})"
            )
        yield running


def workers_asked_for(server: Server, pair: Pair, executor: Any) -> int:
    """The number that KEDA reads: the result of the query in the rendered ScaledObject."""
    rendered = render_release(helm_chart(release(chart_version=pair[0], airflow_version=pair[1], executor=executor)))
    (trigger,) = rendered.get("ScaledObject", "airflow-worker")["spec"]["triggers"]
    return int(server.run(trigger["metadata"]["query"]))


def celery(**settings: Any) -> CeleryExecutor:
    workers = CeleryWorkers(scaling=Keda(max_replicas=9), **settings)
    return CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")), workers=workers, concurrency=1)


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", SEVERAL, ids="-".join)
@pytest.mark.parametrize("other", [KubernetesExecutor(), LocalExecutor()], ids=["kubernetes", "local"])
def test_keda_counts_the_tasks_of_celery_in_either_order(server: Server, pair: Pair, other: Any) -> None:
    assert workers_asked_for(server, pair, MultipleExecutors(celery(), other)) == 2 + 1 + 5 + 7
    assert workers_asked_for(server, pair, MultipleExecutors(other, celery())) == 5 + 7


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", SEVERAL, ids="-".join)
def test_keda_counts_the_queues_of_the_workers(server: Server, pair: Pair) -> None:
    executor = MultipleExecutors(KubernetesExecutor(), celery(queues=("others", "more")))
    assert workers_asked_for(server, pair, executor) == 4000


@pytest.mark.parametrize("pair", SEVERAL, ids="-".join)
def test_keda_counts_the_same_by_the_scaled_object_of_this_library(server: Server, pair: Pair) -> None:
    password_only = ExternalDatabase(
        host="db.example.com", user="airflow", password=SecretKey("db", "password"), tls="require"
    ).connection()
    counts = []
    for executors in ((celery(), KubernetesExecutor()), (KubernetesExecutor(), celery())):
        settings = {"chart_version": pair[0], "airflow_version": pair[1], "database": password_only}
        (scaled,) = (
            manifest
            for manifest in release(executor=MultipleExecutors(*executors), **settings)
            if manifest["kind"] == "ScaledObject"
        )
        counts.append(int(server.run(scaled["spec"]["triggers"][0]["metadata"]["query"])))
    assert counts == [2 + 1 + 5 + 7, 5 + 7]

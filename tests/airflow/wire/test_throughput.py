"""The limits on tasks: which there are for each executor, which is the smallest, and the options that they follow from."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.components import Scheduler
from cdk8s_airflow.airflow.config import Throughput
from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryWorkers,
    ExternalBroker,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.throughput import ReleaseThroughput, release_throughput
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret
from tests.airflow.wire.samples import PAIRS, Pair, called, release

NEWEST = PAIRS[-1]
CELERY = CeleryExecutor(
    broker=ExternalBroker(url=BrokerUrlSecret("b")), workers=CeleryWorkers(scaling=Keda(max_replicas=3)), concurrency=8
)


def limits(pair: Pair = NEWEST, **settings: Any) -> ReleaseThroughput:
    return release_throughput(compile_release(release(pair, **settings)).effective_settings)


def numbers(found: ReleaseThroughput) -> dict[str, int]:
    return {each.what: each.number for each in (*found.at_once, *found.per_minute)}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_defaults_of_airflow_limit_a_release_without_throughput(pair: Pair) -> None:
    found = limits(pair)
    assert numbers(found) == {
        "tasks of all schedulers": 32,
        "tasks in the default pool": 128,
        "tasks of one DAG": 16,
        "tasks queued": 60 * 16,
        "pods created": 60,
        "tasks of 1 minute each": 32,
    }
    assert (found.smallest_at_once.number, found.smallest_per_minute.number) == (32, 32)


def test_default_pool_limits_many_schedulers_and_one_pod_in_a_loop_limits_their_starts() -> None:
    found = limits(throughput=Throughput(tasks=500), scheduler=Scheduler(replicas=1))
    assert (found.smallest_at_once.setting, found.smallest_at_once.number) == ("Admin > Pools", 128)
    assert (found.smallest_per_minute.what, found.smallest_per_minute.number) == ("pods created", 60)
    large = limits(throughput=Throughput.large(), scheduler=Scheduler(replicas=2))
    assert numbers(large)["tasks of all schedulers"] == 256
    assert numbers(large)["pods created"] == 2 * 60 * 16
    assert numbers(large)["tasks queued"] == 2 * 60 * 32
    assert large.smallest_per_minute.number == 128


def test_autoscaled_schedulers_count_with_their_maximum() -> None:
    found = limits(scheduler=Scheduler(scaling=Hpa(min_replicas=1, max_replicas=3)))
    assert numbers(found)["tasks of all schedulers"] == 96


def test_celery_workers_limit_a_release_in_which_all_tasks_run_in_them() -> None:
    found = limits(executor=CELERY)
    assert (found.smallest_at_once.what, found.smallest_at_once.number) == ("tasks in Celery workers", 24)
    assert "pods created" not in numbers(found)
    both = limits(executor=MultipleExecutors(CELERY, KubernetesExecutor()), throughput=Throughput(tasks=100))
    assert numbers(both)["tasks in Celery workers"] == 24
    assert both.smallest_at_once.what == "tasks of all schedulers"
    # Pods are created for the tasks of one executor only.
    assert numbers(both)["pods created"] == 60 < both.smallest_per_minute.number


def test_local_executor_creates_no_pods() -> None:
    assert "pods created" not in numbers(limits(executor=LocalExecutor()))


def test_options_in_config_replace_throughput() -> None:
    config = {"core": {"parallelism": 7}, "kubernetes_executor": {"worker_pods_creation_batch_size": 3}}
    found = numbers(limits(throughput=Throughput.small(), config=config))
    assert (found["tasks of all schedulers"], found["pods created"]) == (7, 180)
    # 0 is no limit for Airflow: only the pool limits tasks.
    assert numbers(limits(config={"core": {"parallelism": 0}}))["tasks of all schedulers"] == 128

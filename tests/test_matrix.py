"""Every executor with every source of DAG files, place of logs and delivery, in every pair of chart and Airflow.

Each combination is either taken, and then the chart's facts have nothing against its values, or refused for the reason
that stands here. All combinations of the first four are looked at for what is refused; the values are made for a part of
them in which every two choices meet, and with ``HYPOTHESIS_PROFILE=thorough`` for all.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cdk8s_airflow import (
    ArgoApplication,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    ClusterFacts,
    DagBundles,
    DagImage,
    DagVolume,
    ExternalBroker,
    FluxRelease,
    GitBundle,
    HelmCommand,
    Hpa,
    K3sHelmChart,
    Keda,
    KubernetesExecutor,
    LocalExecutor,
    Logs,
    MultipleExecutors,
    RedisBroker,
    RedisPasswordSecret,
    SearchUrlSecret,
    SecretKey,
    Volume,
    WorkerSet,
)
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.dags.folder import DagFile, FolderFiles
from cdk8s_airflow.text.yaml_writer import values_text
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release
from tests.judging import judge, rules

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"

REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"))
BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))

EXECUTORS: Mapping[str, Any] = {
    "kubernetes": KubernetesExecutor(),
    "local": LocalExecutor(),
    "celery-redis": CeleryExecutor(broker=REDIS),
    "celery-keda": CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=8))),
    "celery-hpa": CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Hpa(max_replicas=8))),
    "celery-sets": CeleryExecutor(broker=BROKER, sets=[WorkerSet(name="gpu", queues=["gpu"])]),
    "celery-kubernetes": CeleryKubernetesExecutor(broker=REDIS),
    "celery,kubernetes": MultipleExecutors(CeleryExecutor(broker=REDIS), KubernetesExecutor()),
    "local,kubernetes": MultipleExecutors(LocalExecutor(), KubernetesExecutor()),
}

DAGS: Mapping[str, Any] = {
    "none": None,
    "git-sync": git(),
    "image": DagImage("registry.example.com/dags", tag="7"),
    "volume": DagVolume(Volume("5Gi", storage_class="shared")),
    "claim": DagVolume.existing("dags"),
    "folder": FolderFiles((DagFile("etl.py", "print()\n"),)),
    "bundles": DagBundles(GitBundle(name="data", repo="https://git.example.com/dags.git", ref="main")),
}

LOGS: Mapping[str, Logs] = {
    "ephemeral": Logs.ephemeral(),
    "claim": Logs.claim(Volume("20Gi", storage_class="shared")),
    "existing-claim": Logs.existing_claim("logs"),
    "s3": Logs.s3("logs"),
    "s3-compatible": Logs.s3("logs", endpoint="http://s3.storage:8333", connection=SecretKey("s3", "connection")),
    "gcs": Logs.gcs("logs", connection=SecretKey("gcs", "connection")),
    "azure-blob": Logs.azure_blob("account", "logs", connection=SecretKey("azure", "connection")),
    "elasticsearch": Logs.elasticsearch(SearchUrlSecret("search")),
    "elasticsearch-direct": Logs.elasticsearch(SearchUrlSecret("search"), direct=True),
    "opensearch": Logs.opensearch(SearchUrlSecret("search")),
}

DELIVERIES: Mapping[str, Any] = {
    "k3s": K3sHelmChart(),
    "k3s-structured": K3sHelmChart(values="structured"),
    "flux": FluxRelease(),
    "argo": ArgoApplication(),
    "helm": HelmCommand(),
}

FACTS = ClusterFacts(rwx_classes={"shared"}, helm_controller="0.17.7", flux="2.8")

Choice = tuple[str, str, str, str]
"""Names of executor, source of DAG files, place of logs, delivery."""


def made(pair: Pair, choice: Choice) -> ReleaseSettings:
    executor, dags, logs, delivery = choice
    return release(
        pair,
        executor=EXECUTORS[executor],
        dags=DAGS[dags],
        logs=LOGS[logs],
        delivery=DELIVERIES[delivery],
        facts=FACTS,
    )


def expected(pair: Pair, choice: Choice) -> set[tuple[str, str]]:
    """The rules that refuse a combination, and the arguments they name."""
    chart, airflow = pair
    executor, dags, logs, _ = choice
    is_3 = pair in WITH_AIRFLOW_3
    refused = {
        ("versions/unread", "executor.sets"): executor == "celery-sets" and chart in ("1.15.0", "1.18.0"),
        ("executors/several", "executor"): "," in executor and (chart == "1.15.0" or airflow == "2.9.3"),
        ("executors/airflow-3", "executor"): executor == "celery-kubernetes" and is_3,
        ("dags/bundles", "dags"): dags == "bundles" and not is_3,
        ("logs/no-engine", "logs"): logs == "opensearch" and not is_3,
        ("logs/not-direct", "logs.direct"): logs == "elasticsearch-direct" and airflow != "3.2.2",
    }
    return {rule for rule, applies in refused.items() if applies}


def every_choice() -> Iterator[Choice]:
    """Each executor with each source and each place of logs; deliveries take turns."""
    deliveries = list(DELIVERIES)
    for (e, executor), (d, dags), (n, logs) in itertools.product(*map(enumerate, (EXECUTORS, DAGS, LOGS))):
        yield executor, dags, logs, deliveries[(e + d + n) % len(deliveries)]


def judged_choices(pair: Pair) -> list[Choice]:
    """Choices that are taken and among which every two meet that can; all of them in a thorough run."""
    taken = [choice for choice in every_choice() if not expected(pair, choice)]
    if THOROUGH:
        return [(*choice[:3], delivery) for choice in taken for delivery in DELIVERIES]
    random.Random(0).shuffle(taken)
    met: set[tuple[tuple[int, str], ...]] = set()
    chosen = []
    for choice in taken:
        couples = set(itertools.combinations(enumerate(choice), 2))
        if not couples <= met:
            met |= couples
            chosen.append(choice)
    return chosen


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_exactly_these_combinations_are_refused_and_for_these_reasons(pair: Pair) -> None:
    for choice in every_choice():
        found = rules(made(pair, choice))
        assert {(f.rule, f.at) for f in found} == expected(pair, choice), choice
        assert all(f.problem and f.fix for f in found)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_chart_accepts_and_uses_the_values_of_every_other_combination(pair: Pair) -> None:
    for choice in judged_choices(pair):
        judged = judge(made(pair, choice))
        assert judged.refusals == (), choice
        assert judged.against_values == (), choice
        assert values_text(judged.values)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_every_choice_is_taken_in_some_combination_or_refused_in_all(pair: Pair) -> None:
    used = {name for choice in judged_choices(pair) for name in enumerate(choice)}
    chart, airflow = pair
    never = {
        *({(0, "celery-sets")} if chart in ("1.15.0", "1.18.0") else ()),
        *({(0, "celery,kubernetes"), (0, "local,kubernetes")} if chart == "1.15.0" or airflow == "2.9.3" else ()),
        *({(0, "celery-kubernetes")} if pair in WITH_AIRFLOW_3 else {(1, "bundles"), (2, "opensearch")}),
        *({(2, "elasticsearch-direct")} if airflow != "3.2.2" else ()),
    }
    everything = {(i, name) for i, names in enumerate((EXECUTORS, DAGS, LOGS, DELIVERIES)) for name in names}
    assert everything - used == never

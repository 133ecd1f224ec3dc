"""Two releases of one app have queues and addresses of their own."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    DsnSecret,
    ExistingGateway,
    ExternalBroker,
    ExternalDatabase,
    HttpRoute,
    Ingress,
    IngressHost,
    Namespace,
    PlatformError,
    WorkerSet,
)
from tests.making import make_airflow, new_chart


def rules_of_two(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """The rules that the second of two releases breaks."""
    chart = new_chart()
    databases = [ExternalDatabase(url=DsnSecret(name)).connection() for name in ("a", "b")]
    make_airflow(chart, "one", release="one", database=databases[0], **first)
    try:
        make_airflow(chart, "two", release="two", database=databases[1], **second)
    except PlatformError as error:
        return [finding.rule for finding in error.findings]
    return []


def celery(secret: str, *queues: str, sets: tuple[WorkerSet, ...] = ()) -> dict[str, Any]:
    workers = CeleryWorkers(queues=queues or ("default",))
    return {"executor": CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret(secret)), workers=workers, sets=sets)}


@pytest.mark.parametrize(
    ("first", "second", "rules"),
    [
        (celery("broker"), celery("broker"), ["executors/shared-queue"]),
        (celery("broker", "a", "b"), celery("broker", "b", "c"), ["executors/shared-queue"]),
        (
            celery("broker", sets=(WorkerSet(name="gpu", queues=("gpu",)),)),
            celery("broker", "gpu"),
            ["executors/shared-queue"],
        ),
        (celery("broker"), celery("other"), []),
        (celery("broker", "a"), celery("broker", "b"), []),
        (celery("broker"), {**celery("broker"), "namespace": Namespace.existing("other")}, []),
        ({"ui": Ingress(host="a.example.com")}, {"ui": Ingress(host="a.example.com")}, ["exposure/shared-address"]),
        (
            {"ui": Ingress(host="a.example.com", more_hosts=[IngressHost("b.example.com")])},
            {"ui": Ingress(host="b.example.com")},
            ["exposure/shared-address"],
        ),
        ({"ui": Ingress(host="a.example.com")}, {"ui": Ingress(host="b.example.com")}, []),
        (
            {"ui": Ingress(host="a.example.com", class_name="x")},
            {"ui": Ingress(host="a.example.com", class_name="y")},
            [],
        ),
        (
            {"ui": HttpRoute(host="a.example.com", gateway=ExistingGateway("g", namespace="n"))},
            {"ui": HttpRoute(host="a.example.com", gateway=ExistingGateway("g", namespace="n"))},
            ["exposure/shared-address"],
        ),
    ],
)
def test_second_release_with_a_queue_or_address_of_the_first_is_refused(
    first: dict[str, Any], second: dict[str, Any], rules: list[str]
) -> None:
    assert rules_of_two(first, second) == rules

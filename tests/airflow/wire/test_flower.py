"""Flower: its values, its login, and releases that cannot have it."""

from __future__ import annotations

from cdk8s_airflow.airflow.components import Flower
from cdk8s_airflow.airflow.executors import CeleryExecutor, ExternalBroker
from cdk8s_airflow.airflow.wire.flower import FLOWER
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, release, values_of

CELERY = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))
GIVEN = Flower(credentials=FlowerAuthSecret("flower-login"), resources=SMALL, startup_tolerance="1m")


def test_flower_is_enabled_with_its_login_and_probes() -> None:
    settings = release(PAIRS[-1], executor=CELERY, flower=GIVEN)
    values = values_of(FLOWER, settings)["flower"]
    assert (values["enabled"], values["secretName"], values["resources"]) == (True, "flower-login", SMALL_WIRE)
    assert values["startupProbe"] == {"failureThreshold": 6, "periodSeconds": 10}
    assert [need.name for need in FLOWER.needs(settings)] == ["flower-login"]
    assert list(FLOWER.rules(settings)) == []


def test_release_without_flower_has_nothing_of_it() -> None:
    settings = release(PAIRS[-1], executor=CELERY)
    assert values_of(FLOWER, settings) == {}
    assert list(FLOWER.needs(settings)) == []


def test_flower_without_workers_and_ignored_settings_are_refused() -> None:
    assert [finding.at for finding in FLOWER.rules(release(PAIRS[0], flower=GIVEN))] == [
        "flower",
        "flower.startup_tolerance",
    ]

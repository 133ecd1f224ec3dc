"""The scheduler: its keys in every version, its autoscaler, and settings that a version ignores."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import Scheduler
from cdk8s_airflow.airflow.executors import LocalExecutor
from cdk8s_airflow.airflow.wire.scheduler import SCHEDULER
from cdk8s_airflow.model.scaling import Hpa
from tests.airflow.wire.samples import (
    BUDGET,
    PAIRS,
    SMALL,
    SMALL_WIRE,
    Pair,
    called,
    release,
    spread,
    values_of,
)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_default_scheduler(pair: Pair) -> None:
    assert values_of(SCHEDULER, release(pair)) == {
        "scheduler": {
            "replicas": 1,
            "resources": {"requests": {"cpu": "250m", "memory": "768Mi"}, "limits": {"memory": "2Gi"}},
            "startupProbe": {"failureThreshold": 30, "periodSeconds": 10},
        }
    }
    assert SCHEDULER.objects(release(pair)) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_several_schedulers_are_spread_and_have_a_disruption_budget(pair: Pair) -> None:
    given = Scheduler(replicas=2, resources=SMALL, startup_tolerance="61s")
    assert values_of(SCHEDULER, release(pair, scheduler=given)) == {
        "scheduler": {
            "replicas": 2,
            "resources": SMALL_WIRE,
            "startupProbe": {"failureThreshold": 7, "periodSeconds": 10},
            "podDisruptionBudget": BUDGET,
            "topologySpreadConstraints": spread("scheduler"),
        }
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_autoscaled_scheduler_has_no_number_of_replicas(pair: Pair) -> None:
    settings = release(pair, scheduler=Scheduler(scaling=Hpa(max_replicas=3)))
    assert values_of(SCHEDULER, settings)["scheduler"]["replicas"] is None
    (autoscaler,) = SCHEDULER.objects(settings).values()
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == autoscaler["metadata"]["name"] == "lab-scheduler"


def test_settings_that_the_chart_ignores_are_refused() -> None:
    given = Scheduler(grace_period="30s", scaling=Hpa(max_replicas=3))
    oldest = release(PAIRS[0], scheduler=given, executor=LocalExecutor())
    assert [finding.at for finding in SCHEDULER.rules(oldest)] == [
        "scheduler.grace_period",
        "scheduler.scaling",
    ]
    assert list(SCHEDULER.rules(release(PAIRS[-1], scheduler=given))) == []

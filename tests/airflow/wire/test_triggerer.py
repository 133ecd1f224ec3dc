"""The triggerer: its keys in every version, and the objects that a chart lacks."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import Triggerer
from cdk8s_airflow.airflow.wire.triggerer import TRIGGERER
from tests.airflow.wire.samples import (
    BUDGET,
    NEW_CHARTS,
    PAIRS,
    SMALL,
    SMALL_WIRE,
    Pair,
    called,
    own_budget,
    release,
    spread,
    values_of,
)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_default_triggerer(pair: Pair) -> None:
    assert values_of(TRIGGERER, release(pair)) == {
        "triggerer": {
            "enabled": True,
            "replicas": 1,
            "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            "persistence": {"enabled": False},
        }
    }
    assert TRIGGERER.objects(release(pair)) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_several_triggerers_are_spread_and_have_a_disruption_budget(pair: Pair) -> None:
    settings = release(pair, triggerer=Triggerer(replicas=4, resources=SMALL))
    assert values_of(TRIGGERER, settings) == {
        "triggerer": {
            "enabled": True,
            "replicas": 4,
            "resources": SMALL_WIRE,
            "persistence": {"enabled": False},
            "topologySpreadConstraints": spread("triggerer"),
            **({"podDisruptionBudget": BUDGET} if pair[0] in NEW_CHARTS else {}),
        }
    }
    assert TRIGGERER.objects(settings) == ({} if pair[0] in NEW_CHARTS else own_budget("triggerer"))


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_release_without_triggerer_disables_it(pair: Pair) -> None:
    settings = release(pair, triggerer=None)
    assert values_of(TRIGGERER, settings) == {"triggerer": {"enabled": False}}
    assert TRIGGERER.objects(settings) == {}

"""The API server, or the webserver: its keys in every version, and settings that a version ignores."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import ApiServer
from cdk8s_airflow.airflow.wire.api_server import API_SERVER
from cdk8s_airflow.model.scaling import Hpa
from tests.airflow.wire.samples import (
    BUDGET,
    PAIRS,
    SMALL,
    SMALL_WIRE,
    WITH_AIRFLOW_3,
    Pair,
    called,
    release,
    spread,
    values_of,
)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_default_api_server(pair: Pair) -> None:
    assert values_of(API_SERVER, release(pair)) == {
        "apiServer" if pair in WITH_AIRFLOW_3 else "webserver": {
            "replicas": 1,
            "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
            "startupProbe": {"failureThreshold": 30, "periodSeconds": 10},
        }
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_several_api_servers_are_spread_and_have_a_disruption_budget(pair: Pair) -> None:
    given = ApiServer(replicas=3, resources=SMALL, startup_tolerance="1h")
    key, component = ("apiServer", "api-server") if pair in WITH_AIRFLOW_3 else ("webserver", "webserver")
    assert values_of(API_SERVER, release(pair, api_server=given)) == {
        key: {
            "replicas": 3,
            "resources": SMALL_WIRE,
            "startupProbe": {"failureThreshold": 360, "periodSeconds": 10},
            "podDisruptionBudget": BUDGET,
            "topologySpreadConstraints": spread(component),
        }
    }


def test_autoscaled_api_server_has_no_number_of_replicas() -> None:
    values = values_of(API_SERVER, release(PAIRS[-1], api_server=ApiServer(scaling=Hpa(max_replicas=3))))["apiServer"]
    assert "replicas" not in values
    assert values["hpa"]["maxReplicaCount"] == 3


def test_settings_that_the_chart_ignores_are_refused() -> None:
    given = ApiServer(grace_period="30s", scaling=Hpa(max_replicas=3))
    assert [finding.at for finding in API_SERVER.rules(release(PAIRS[0], api_server=given))] == [
        "api_server.grace_period",
        "api_server.scaling",
    ]
    (finding,) = API_SERVER.rules(release(PAIRS[-1], api_server=given))
    assert finding.at == "api_server.grace_period"

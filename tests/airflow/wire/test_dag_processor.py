"""The DAG processor: its keys in every version, and the disruption budget that a chart lacks."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.wire.dag_processor import DAG_PROCESSOR
from tests.airflow.wire.samples import (
    BUDGET,
    NEW_CHARTS,
    PAIRS,
    SMALL,
    SMALL_WIRE,
    WITH_AIRFLOW_3,
    Pair,
    called,
    own_budget,
    release,
    spread,
    values_of,
)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_default_dag_processor(pair: Pair) -> None:
    processor = {
        "replicas": 1,
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1536Mi"}},
        "serviceAccount": {"automountServiceAccountToken": False},
    }
    expected = processor if pair in WITH_AIRFLOW_3 else {"enabled": False}
    assert values_of(DAG_PROCESSOR, release(pair)) == {"dagProcessor": expected}
    assert DAG_PROCESSOR.objects(release(pair)) == {}


@pytest.mark.parametrize("pair", sorted(set(PAIRS) - WITH_AIRFLOW_3), ids=called)
def test_dag_processor_of_airflow_2_is_enabled(pair: Pair) -> None:
    values = values_of(DAG_PROCESSOR, release(pair, dag_processor=DagProcessor()))
    assert values["dagProcessor"]["enabled"] is True


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_several_dag_processors_are_spread_and_have_a_disruption_budget(pair: Pair) -> None:
    settings = release(pair, dag_processor=DagProcessor(replicas=5, resources=SMALL))
    assert values_of(DAG_PROCESSOR, settings) == {
        "dagProcessor": {
            **({} if pair in WITH_AIRFLOW_3 else {"enabled": True}),
            "replicas": 5,
            "resources": SMALL_WIRE,
            "serviceAccount": {"automountServiceAccountToken": False},
            "topologySpreadConstraints": spread("dag-processor"),
            **({"podDisruptionBudget": BUDGET} if pair[0] in NEW_CHARTS else {}),
        }
    }
    assert DAG_PROCESSOR.objects(settings) == ({} if pair[0] in NEW_CHARTS else own_budget("dag-processor"))


def test_settings_that_the_chart_ignores_are_refused() -> None:
    given = DagProcessor(labels={"team": "data"})
    assert [finding.at for finding in DAG_PROCESSOR.rules(release(PAIRS[0], dag_processor=given))] == [
        "dag_processor.labels",
    ]
    assert list(DAG_PROCESSOR.rules(release(PAIRS[-1], dag_processor=given))) == []
    assert list(DAG_PROCESSOR.rules(release(PAIRS[0], dag_processor=None))) == []

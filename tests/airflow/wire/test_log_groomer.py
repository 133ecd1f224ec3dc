"""Log groomers of components: their keys in every version, and settings that a version ignores."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import DagProcessor, Scheduler, Triggerer
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.wire.log_groomer import LOG_GROOMER
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of

DEFAULT = {
    "logGroomerSidecar": {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}
}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_each_component_that_runs_has_a_log_groomer(pair: Pair) -> None:
    components = {"scheduler", "triggerer"} | ({"dagProcessor"} if pair in WITH_AIRFLOW_3 else set())
    assert values_of(LOG_GROOMER, release(pair)) == dict.fromkeys(components, DEFAULT)
    assert values_of(LOG_GROOMER, release(pair, triggerer=None, dag_processor=None)) == {"scheduler": DEFAULT}


def test_settings_are_keys_of_the_sidecar() -> None:
    given = Scheduler(log_groomer=LogGroomer(retention="7d", interval="30m", max_size="5Gi"))
    sidecar = values_of(LOG_GROOMER, release(PAIRS[-1], scheduler=given))["scheduler"]["logGroomerSidecar"]
    assert (sidecar["retentionDays"], sidecar["frequencyMinutes"], sidecar["maxSizeBytes"]) == (7, 30, 5 * 2**30)
    without = values_of(LOG_GROOMER, release(PAIRS[-1], scheduler=Scheduler(log_groomer=None)))
    assert without["scheduler"] == {"logGroomerSidecar": {"enabled": False}}


def test_settings_that_the_chart_ignores_are_refused() -> None:
    given = LogGroomer(interval="30m", max_size="5Gi")
    components = {
        "scheduler": Scheduler(log_groomer=given),
        "triggerer": Triggerer(log_groomer=given),
        "dag_processor": DagProcessor(log_groomer=given),
    }
    assert [finding.at for finding in LOG_GROOMER.rules(release(PAIRS[0], **components))] == [
        f"{name}.log_groomer.{field}" for name in components for field in ("interval", "max_size")
    ]
    assert list(LOG_GROOMER.rules(release(PAIRS[-1], **components))) == []

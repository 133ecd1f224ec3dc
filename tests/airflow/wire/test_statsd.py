"""The StatsD exporter: its keys, its ports, and settings that a version ignores."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import Statsd
from cdk8s_airflow.airflow.wire.statsd import STATSD
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, Pair, called, release, values_of


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_default_statsd(pair: Pair) -> None:
    assert values_of(STATSD, release(pair)) == {
        "statsd": {
            "enabled": True,
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "serviceAccount": {"automountServiceAccountToken": False},
        }
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_statsd_has_its_resources_or_is_disabled(pair: Pair) -> None:
    assert values_of(STATSD, release(pair, statsd=Statsd(resources=SMALL)))["statsd"]["resources"] == SMALL_WIRE
    assert values_of(STATSD, release(pair, statsd=None)) == {"statsd": {"enabled": False}}


def test_another_port_is_set_in_the_program_the_service_and_airflow() -> None:
    values = values_of(STATSD, release(PAIRS[-1], statsd=Statsd(port=9126, scrape_port=9103)))
    assert values["ports"] == {"statsdIngest": 9126, "statsdScrape": 9103}
    assert "--web.listen-address=:9103" in values["statsd"]["args"]
    assert values["config"] == {"metrics": {"statsd_port": 9126}}


def test_settings_that_the_chart_ignores_are_refused() -> None:
    given = Statsd(grace_period="20s", labels={"team": "data"})
    assert [finding.at for finding in STATSD.rules(release(PAIRS[0], statsd=given))] == [
        "statsd.grace_period",
        "statsd.labels",
    ]
    assert list(STATSD.rules(release(PAIRS[-1], statsd=given))) == []

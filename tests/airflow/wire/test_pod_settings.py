"""Keys that all components have."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.pod_settings import startup_probe


@pytest.mark.parametrize(("tolerance", "tries"), [("1s", 1), ("10s", 1), ("11s", 2), ("5m", 30), ("1h1s", 361)])
def test_a_startup_probe_tolerates_at_least_the_given_time(tolerance: str, tries: int) -> None:
    assert startup_probe(tolerance) == {"failureThreshold": tries, "periodSeconds": 10}

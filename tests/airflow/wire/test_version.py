"""The version of Airflow in the values."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.version import VERSION
from tests.airflow.wire.samples import PAIRS, Pair, called, release, values_of


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_airflow_version_is_in_the_values_and_the_image_tag(pair: Pair) -> None:
    expected: dict[str, object] = {"airflowVersion": pair[1], "defaultAirflowTag": pair[1]}
    if pair[0] == "1.22.0":
        expected["enableServiceLinks"] = False
    assert values_of(VERSION, release(pair)) == expected

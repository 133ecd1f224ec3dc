"""Names of volumes that a pod would have twice."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import CaBundle, ConfigMapKey, PlatformError, Scheduler
from cdk8s_airflow.airflow.wire.duplicate_names import duplicate_volume_rules
from tests.making import make_airflow, new_chart


def places(values: dict[str, Any]) -> list[str]:
    return [finding.at for finding in duplicate_volume_rules(values)]


def test_volume_of_all_pods_is_reported_with_its_key() -> None:
    shared = [{"name": "ca-bundle"}, {"name": "more"}]
    own = {"extraVolumes": [{"name": "mine"}, {"name": "more"}]}
    assert places({"volumes": shared, "scheduler": own}) == ["values.scheduler.extraVolumes[1].name"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"volumes": [{"name": "a"}]},
        {"volumes": [{"name": "a"}], "scheduler": {"extraVolumes": [{"name": "b"}]}, "executor": "x"},
        {"volumes": None, "scheduler": {"extraVolumes": [{"name": "b"}]}},
        {"volumes": [{"name": "a"}], "scheduler": {"extraVolumes": None}},
        {"volumes": [{"name": "a"}], "scheduler": {"extraVolumes": "a"}},
    ],
)
def test_names_of_their_own_are_fine(values: dict[str, Any]) -> None:
    assert places(values) == []


def test_a_release_with_such_a_volume_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"values.scheduler.extraVolumes\[0\].name .*\[components/volume\]"):
        make_airflow(
            new_chart(),
            ca=CaBundle(ConfigMapKey("ca", "ca.crt")),
            scheduler=Scheduler(volumes=[{"name": "ca-bundle", "emptyDir": {}}]),
        )

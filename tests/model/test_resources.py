"""CPU and memory: requests and a memory limit are always set, a CPU limit only if requested."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import check_value


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        (Resources(cpu="1", memory="1Gi"), {"memory": "1Gi"}),
        (Resources(cpu="1", memory="1Gi", memory_limit="2Gi"), {"memory": "2Gi"}),
        (Resources(cpu="1", memory="1Gi", cpu_limit="2"), {"memory": "1Gi", "cpu": "2"}),
    ],
)
def test_resources_manifest(given: Resources, limits: dict[str, str]) -> None:
    assert resources(given) == {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": limits}


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (Resources(cpu="1", memory="1Gi", memory_limit="1Gi", cpu_limit="1000m"), []),
        (Resources(cpu="1", memory="1Gi", memory_limit="1G"), ["x.memory_limit"]),
        (Resources(cpu="1", memory="1Gi", cpu_limit="999m"), ["x.cpu_limit"]),
        (Resources(cpu="1", memory="1Gi", cpu_limit="1m", memory_limit="2Mi"), ["x.cpu_limit", "x.memory_limit"]),
    ],
)
def test_limit_below_request_is_rejected(given: Resources, at: list[str]) -> None:
    assert [finding.at for finding in check_value(given, Resources, "x")] == at

"""Names that the chart derives from those of a release and its worker sets, and names of options."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    DatabaseCleanup,
    ExternalBroker,
    PlatformError,
    Volume,
    WorkerSet,
)
from tests.making import make_airflow, new_chart


def found(**arguments: Any) -> list[tuple[str, str]]:
    try:
        make_airflow(new_chart(), **arguments)
    except PlatformError as error:
        return [(finding.rule, finding.at) for finding in error.findings]
    return []


def sets(length: int, **settings: Any) -> CeleryExecutor:
    return CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("b")), sets=[WorkerSet(name="s" * length, **settings)]
    )


@pytest.mark.parametrize(("storage", "longest"), [(None, 63), (Volume("1Gi"), 52)])
def test_worker_set_whose_name_makes_a_name_too_long_is_refused(storage: Volume | None, longest: int) -> None:
    release = "airflow-production-data-platform"
    left = longest - len(f"{release}-worker-")
    assert found(release=release, executor=sets(left, storage=storage)) == []
    too_long = found(release=release, executor=sets(left + 1, storage=storage))
    assert too_long == [("executors/name-length", "executor.sets[0].name")]


def test_release_whose_cleanup_has_a_name_too_long_is_refused() -> None:
    assert found(release="r" * 35, database_cleanup=DatabaseCleanup()) == []
    assert found(release="r" * 36, database_cleanup=DatabaseCleanup()) == [("components/name-length", "release")]
    assert found(release="r" * 40) == []


@pytest.mark.parametrize(
    "config", [{"Core": {"load_examples": False}}, {"core": {"Load_Examples": False}}, {"DEFAULT": {"a": "b"}}]
)
def test_config_names_with_capital_letters_are_refused(config: dict[str, Any]) -> None:
    assert [rule for rule, _ in found(config=config)] == ["argument/name"]


@pytest.mark.parametrize(
    ("chart", "airflow", "nearest"),
    [("1.15.0", "3.0.2", "1.18.0"), ("1.22.0", "2.9.3", "1.18.0"), ("1.15.0", "3.2.2", "1.20.0")],
)
def test_pair_that_does_not_fit_gets_the_nearest_chart(chart: str, airflow: str, nearest: str) -> None:
    with pytest.raises(PlatformError, match=f"chart_version='{nearest}' with this Airflow"):
        make_airflow(new_chart(), chart_version=chart, airflow_version=airflow)

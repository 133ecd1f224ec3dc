"""Supported pairs of chart and Airflow versions, and supported PostgreSQL versions."""

from __future__ import annotations

import re

import pytest

from cdk8s_airflow.airflow.dialect import PLACES, Dialect
from cdk8s_airflow.model.version import CHARTS, DEFAULT_CHART_VERSION, minor_of, pair_findings, postgres_findings
from cdk8s_airflow.schemas import chart_versions
from cdk8s_airflow.schemas.facts_store import values_schema
from cdk8s_airflow.schemas.validation_errors import knows
from tests.airflow.wire.samples import PAIRS, Pair, called


def test_charts_match_the_facts_and_the_default_is_the_newest() -> None:
    assert tuple(CHARTS) == chart_versions() == ("1.15.0", "1.18.0", "1.20.0", "1.22.0")
    assert DEFAULT_CHART_VERSION == "1.22.0"
    assert {chart: runs.default for chart, runs in CHARTS.items()} == {
        "1.15.0": "2.9.3",
        "1.18.0": "3.0.2",
        "1.20.0": "3.1.8",
        "1.22.0": "3.2.2",
    }


@pytest.mark.parametrize("pair", [*PAIRS, *((chart, None) for chart in CHARTS)])
def test_supported_pair_is_accepted(pair: tuple[str, str | None]) -> None:
    assert list(pair_findings(*pair)) == []


@pytest.mark.parametrize("chart", sorted(CHARTS))
@pytest.mark.parametrize(
    "airflow", ["1.10.15", "2.8.4", "2.9.3", "2.10.5", "2.11.0", "3.0.2", "3.1.8", "3.2.2", "3.9.0", "4.0.0"]
)
def test_suggested_pair_is_accepted(chart: str, airflow: str) -> None:
    for finding in pair_findings(chart, airflow):
        offered = re.findall(r"(airflow_version|chart_version)='([\d.]+)'", finding.fix)
        assert offered
        for argument, version in offered:
            better = (chart, version) if argument == "airflow_version" else (version, airflow)
            assert list(pair_findings(*better)) == []


@pytest.mark.parametrize(("chart", "airflow"), [(1.22, None), (None, "3.2.2"), ("1.22.0", 3.2)])
def test_pair_findings_ignores_values_of_other_types(chart: object, airflow: object) -> None:
    assert list(pair_findings(chart, airflow)) == []


@pytest.mark.parametrize(
    ("chart", "nearest"),
    [
        ("1.19.0", "1.18.0"),
        ("1.21.0", "1.20.0"),
        ("1.23.0", "1.22.0"),
        ("1.0.0", "1.15.0"),
        ("8.2.5", "1.22.0"),
        ("newest", "1.22.0"),
    ],
)
def test_unknown_chart_version_suggests_the_nearest(chart: str, nearest: str) -> None:
    (finding,) = pair_findings(chart, None)
    assert finding.fix.startswith(f"Use {nearest!r} ")


@pytest.mark.parametrize(
    ("airflow", "good"),
    [
        ("2.9.3", range(12, 17)),
        ("2.11.0", range(12, 17)),
        ("3.0.2", range(13, 18)),
        ("3.2.2", range(14, 19)),
        ("9.9.9", range(1, 99)),
    ],
)
def test_postgres_findings(airflow: str, good: range) -> None:
    assert [major for major in range(10, 22) if not list(postgres_findings(airflow, major))] == [
        major for major in range(10, 22) if major in good
    ]
    assert list(postgres_findings(airflow, None)) == []


def test_every_airflow_version_supports_postgres_16() -> None:
    assert [pair for pair in PAIRS if list(postgres_findings(pair[1], 16))] == []


def test_minor_of() -> None:
    assert minor_of("3.2.2") == (3, 2)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
@pytest.mark.parametrize("meaning", sorted(PLACES))
def test_every_dialect_place_is_a_key_of_the_chart_version(pair: Pair, meaning: str) -> None:
    key = Dialect(*pair).place(meaning)
    below = ("workers.", "workers.celery.", "") if meaning.startswith("workers.") else ("",)
    known = key is None or any(knows(values_schema(pair[0]), tuple(f"{root}{key}".split("."))) for root in below)
    assert known, f"chart {pair[0]} has no {key}"


@pytest.mark.parametrize(("pair", "server"), [(("1.18.0", "2.11.0"), "webserver"), (("1.18.0", "3.0.2"), "api-server")])
def test_ui_server_follows_the_airflow_version(pair: Pair, server: str) -> None:
    assert Dialect(*pair).ui_server == server


def test_dialect_has_no_place_for_an_unsupported_feature() -> None:
    assert Dialect("1.15.0", "2.9.3").place("service_links") is None
    assert Dialect("1.22.0", "3.2.2").place("service_links") == "enableServiceLinks"

"""Versions, and ranges of versions in one notation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.airflow import dialect
from cdk8s_airflow.database import cluster_rules, cnpg_cluster
from cdk8s_airflow.model import cluster_facts, controller_versions
from cdk8s_airflow.model import version as supported
from cdk8s_airflow.monitoring.metrics import METRICS
from cdk8s_airflow.validation.versions import minor_text, range_text, version, version_at_start, within

LIBRARY = Path(dialect.__file__).parents[1]


@pytest.mark.parametrize(
    ("versions", "inside", "outside"),
    [
        ("", ["0.1", "1.22.0"], []),
        (">=1.18", ["1.18", "1.18.0", "1.100.0", "2.0"], ["1.17.9", "1.9"]),
        ("<1.20", ["1.19.9", "1.2"], ["1.20", "1.20.0"]),
        (">=1.18 <1.20", ["1.18.0", "1.19.5"], ["1.17.0", "1.20.0"]),
        (">=1.30 <=1.33", ["1.30", "1.33", "1.33.4"], ["1.29.9", "1.34", "1.34.0"]),
        (">=0.16.25 <0.17 | >=0.17.6", ["0.16.25", "0.16.30", "0.17.6", "1.0.0"], ["0.16.24", "0.17.0", "0.17.5"]),
    ],
)
def test_within_compares_numbers(versions: str, inside: list[str], outside: list[str]) -> None:
    assert [within(versions, each) for each in [*inside, *outside]] == [True] * len(inside) + [False] * len(outside)


@pytest.mark.parametrize("versions", ["1.18", ">1.18", ">=1.18,<1.20", ">= 1.18", ">=x", "==1.18", ">=1.18<1.20"])
def test_malformed_range_is_an_error(versions: str) -> None:
    with pytest.raises(ValueError, match="is not a bound of a version range"):
        within(versions, "1.0")


def test_malformed_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="rc1"):
        within(">=1", "1.0rc1")


def test_versions_compare_by_their_numbers() -> None:
    assert version("1.22.0") == (1, 22, 0)
    assert version("1.9") < version("1.10")


@pytest.mark.parametrize(
    ("value", "numbers"),
    [("3.2.2", (3, 2, 2)), ("3.2.2-python3.12", (3, 2, 2)), ("3.2", None), ("v3.2.2", None), ("", None), (None, None)],
)
def test_version_at_start(value: object, numbers: tuple[int, int, int] | None) -> None:
    assert version_at_start(value) == numbers


def test_minor_text_has_two_numbers() -> None:
    assert [minor_text(each) for each in ("1.34.4", "1.34", "2.11.0")] == ["1.34", "1.34", "2.11"]


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        (">=2.7", "2.7 or newer"),
        (">=1.30 <=1.33", "1.30 to 1.33"),
        (">=0.16.25 <0.17 | >=0.17.6", "0.16.25 or 0.17.6 or newer"),
    ],
)
def test_range_text(versions: str, text: str) -> None:
    assert range_text(versions) == text


def ranges_in_data() -> Iterator[str]:
    """Every range of versions in the tables of the library."""
    for table in (dialect.PLACES, dialect.NAMES):
        for places in table.values():
            yield from (text for place in places for text in (place.charts, place.airflow))
    yield from (text for each in dialect.FEATURES.values() for text in (each.charts, each.airflow))
    yield from controller_versions.HELM_CONTROLLER.values()
    yield from (controller_versions.FLUX_RETRIES, cluster_facts.SUPPORTED_KUBERNETES, cluster_rules.ROLE_OBJECTS)
    yield from cnpg_cluster._SUPPORTED_KUBERNETES.values()
    yield cnpg_cluster._RUNS_18
    yield from supported.SUPPORTED_POSTGRES.values()
    yield from supported.TESTED_KUBERNETES.values()
    yield from (metric.airflow for metric in METRICS.values())
    for name, lists in (("misplaced-keys", ("keys",)), ("value-classes", ("effects", "classes"))):
        data: dict[str, Any] = json.loads((LIBRARY / f"schemas/{name}.json").read_bytes())
        yield from (row[key] for each in lists for row in data[each] for key in ("charts", "airflow") if key in row)


def test_every_range_in_the_data_is_well_formed() -> None:
    ranges = list(ranges_in_data())
    assert len(ranges) > 200
    for each in ranges:
        within(each, "1.0")


def test_versions_are_parsed_in_one_module() -> None:
    parsing = re.compile(r"int\(\w+\) for \w+ in .*split\(\"\.\"\)")
    found = [
        str(file.relative_to(LIBRARY)) for file in LIBRARY.rglob("*.py") if parsing.search(file.read_text("utf-8"))
    ]
    assert found == ["validation/versions.py"]

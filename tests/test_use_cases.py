"""The table of use cases names pages, examples and tests that exist, and has every row once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "use-cases.md"
COUNTS = {"S0": 14, "S1": 17, "S2": 14, "S3": 18, "S4": 7}
"""Article -> number of its requests."""


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| S")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_request_of_the_articles_is_in_the_table_once() -> None:
    expected = [f"{article}.{number}" for article, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row[0] for row in rows()] == expected


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_targets_of_a_use_case_exist(row: list[str]) -> None:
    _, _, page, example, test, complete = row
    assert complete in ("yes", "no")
    if complete == "yes":
        assert page
        assert example
        assert test
    for target in re.findall(r"\]\(([^)#]+)", page):
        assert (PAGE.parent / target).is_file(), target
    for name in re.findall(r"`([^`]+)`", example):
        path = ROOT / name if name.endswith(".py") else ROOT / "examples" / f"{name}.py"
        assert path.is_file() or (ROOT / "examples" / name).is_dir(), name
    for name in re.findall(r"`([^`]+)`", test):
        assert (ROOT / name).exists(), name

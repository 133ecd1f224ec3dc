"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk8s_airflow.secret_scan import scanner
from tests.truth.hooks import (
    pytest_addoption,
    pytest_configure,
    pytest_deselected,
    pytest_runtest_logreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = [
    "nothing_vouched_for",
    "pytest_addoption",
    "pytest_configure",
    "pytest_deselected",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]


@pytest.fixture(autouse=True)
def nothing_vouched_for() -> Iterator[None]:
    """``not_secret`` holds for a whole program, and each test is one."""
    scanner._vouched.clear()
    yield
    scanner._vouched.clear()

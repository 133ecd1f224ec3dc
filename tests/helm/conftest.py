"""Fixtures for the tests that need the released charts."""

from __future__ import annotations

import pytest

from .rendering import CHARTS_MISSING, charts_folder


@pytest.fixture(scope="session")
def charts() -> None:
    """Ask for this fixture in a test that renders a chart: without the charts it is skipped, and says why."""
    if charts_folder() is None:
        pytest.skip(CHARTS_MISSING)

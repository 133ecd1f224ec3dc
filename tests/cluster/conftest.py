"""Fixtures for the tests that need a real cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.kit import Kubectl, PlatformRunner, cluster_settings
from tests.cluster.kit.settings import MISSING


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """kubectl for the cluster that the environment names; without one, the test is skipped and says why."""
    settings = cluster_settings()
    if settings is None:
        pytest.skip(MISSING)
    return Kubectl(settings, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture
def runner(kubectl: Kubectl, tmp_path: Path) -> PlatformRunner:
    """Puts platforms on the cluster; their namespaces carry the name of the test's folder as a label."""
    return PlatformRunner(kubectl, tmp_path.name[:63].strip("-_."))

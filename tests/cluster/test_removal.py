"""The commands that delete a platform work in the order in which the summary prints them, and end soon."""

from __future__ import annotations

from pathlib import Path

import main
from tests.cluster.kit import PlatformRunner

MOST_SECONDS = 120
"""A namespace that is deleted before the pods of its Cluster are gone takes 900."""


def test_removal_of_a_running_database_ends_soon(runner: PlatformRunner, tmp_path: Path) -> None:
    with runner.platform(main.build(airflow=False), tmp_path) as platform:
        platform.apply()
        platform.wait_for_databases()
        platform.remove()
        assert not any(platform.kubectl.exists("namespace", name) for name in platform.own_namespaces)
        assert sum(platform.seconds[command] for command in platform.removal) < MOST_SECONDS

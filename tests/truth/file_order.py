"""The order of test files for several worker processes: those that take longest come first, so that no worker is idle at the end.

pytest-xdist starts with the files that have the most tests. The files that take longest have few: they start programs. The seconds
of each file are kept in pytest's cache; a run without a cache uses :data:`SLOW`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

KEY = "cdk8s-airflow/seconds-of-files"

SLOW: Mapping[str, float] = dict.fromkeys(
    (
        "tests/app/test_output_folder.py",
        "tests/app/test_run.py",
        "tests/benchmarks/test_figures.py",
        "tests/cli/test_environments.py",
        "tests/cli/test_plan.py",
        "tests/database/test_real_servers.py",
        "tests/database/test_restore_walk.py",
        "tests/environments/test_commands.py",
        "tests/jobs/programs/test_create_buckets.py",
        "tests/jobs/programs/test_create_secrets.py",
        "tests/monitoring/wire/test_alerts.py",
        "tests/plan/test_programs.py",
        "tests/storage/test_from_nothing.py",
        "tests/storage/test_real_seaweedfs.py",
        "tests/test_checkov.py",
        "tests/test_commands.py",
        "tests/test_dag_repository.py",
        "tests/test_determinism.py",
        "tests/test_docs.py",
        "tests/test_examples.py",
        "tests/test_install_lab.py",
        "tests/test_packaging.py",
        "tests/test_suggestions.py",
        "tests/test_upgrade_ladder.py",
    ),
    20.0,
)
"""Files that take long for the number of their tests -> seconds, roughly."""

_EACH = 0.02
"""Seconds of a test of which nothing is known."""


class FileSeconds:
    """The seconds of each file in this run."""

    def __init__(self) -> None:
        self._seconds: Counter[str] = Counter()

    def add(self, report: pytest.TestReport) -> None:
        """Count a phase of a test."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def keep(self, config: pytest.Config) -> None:
        """Store the seconds for the next run."""
        cache = getattr(config, "cache", None)
        if cache is not None:
            cache.set(KEY, {**cache.get(KEY, {}), **{file: round(each, 2) for file, each in self._seconds.items()}})


def known_seconds(config: pytest.Config) -> dict[str, float]:
    """The seconds of each file in earlier runs."""
    cache = getattr(config, "cache", None)
    return {**SLOW, **(cache.get(KEY, {}) if cache is not None else {})}


def sort_files(known: Mapping[str, float], items: list[pytest.Item]) -> None:
    """Put the tests of the slowest files first. The tests of one file keep their order."""
    files = [item.nodeid.partition("::")[0] for item in items]
    guessed = {file: count * _EACH for file, count in Counter(files).items()}
    items.sort(key=lambda item: -known.get(file := item.nodeid.partition("::")[0], guessed[file]))

"""A platform can be applied again after its controllers have worked on it: no conflict, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.kit import PlatformRunner
from tests.cluster.programs import CUT_DOWN, NO_DATABASE, NO_RELEASE, PROGRAMS, build


@pytest.mark.parametrize("program", PROGRAMS)
def test_second_apply_has_no_conflict_and_changes_nothing(program: str, runner: PlatformRunner, tmp_path: Path) -> None:
    with runner.platform(build(program), tmp_path, small=program in CUT_DOWN) as platform:
        platform.apply()
        platform.wait_for_controllers()
        if program not in NO_DATABASE:
            platform.wait_for_databases()
        if program not in NO_RELEASE:
            platform.wait_for_releases()
        before = platform.generations()
        platform.apply()
        assert platform.generations() == before
        assert platform.diff() == ""

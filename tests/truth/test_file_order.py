"""Several worker processes start with the files that take longest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.ports import free_port
from tests.truth.file_order import KEY, FileSeconds, known_seconds, sort_files


class Cache(dict[str, Any]):
    def set(self, key: str, value: object) -> None:
        self[key] = value


def config(cache: Cache | None) -> pytest.Config:
    return cast("pytest.Config", SimpleNamespace(cache=cache))


def items(*ids: str) -> list[pytest.Item]:
    return cast("list[pytest.Item]", [SimpleNamespace(nodeid=each) for each in ids])


def test_files_are_sorted_by_their_seconds_and_else_by_their_tests() -> None:
    tests = items("a::1", "b::1", "b::2", "slow::2", "slow::1")
    sort_files({"slow": 3.0}, tests)
    assert [each.nodeid for each in tests] == ["slow::2", "slow::1", "b::1", "b::2", "a::1"]


def test_seconds_of_a_run_are_known_in_the_next() -> None:
    cache = Cache({KEY: {"old": 2.0, "a": 9.0}})
    seconds = FileSeconds()
    for phase in (1.0, 0.25):
        seconds.add(cast("pytest.TestReport", SimpleNamespace(nodeid="a::1", duration=phase)))
    seconds.keep(config(cache))
    known = known_seconds(config(cache))
    assert (known["a"], known["old"]) == (1.25, 2.0)
    seconds.keep(config(None))
    assert known_seconds(config(None))


def test_no_two_servers_get_the_same_port() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20

"""The arithmetic of the benchmarks; nothing here is timed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.figures import Cost, Verdict, bend, median_cost, overall_slope, paired_ratio, slopes
from benchmarks.process import FailedError, environment, run


def test_each_figure_has_its_own_median() -> None:
    costs = [Cost(wall=1, cpu=9, peak=5), Cost(wall=2, cpu=7, peak=50), Cost(wall=30, cpu=8, peak=6)]
    assert median_cost(costs) == Cost(wall=2, cpu=8, peak=6)


def test_runs_side_by_side_are_compared_pair_by_pair() -> None:
    # The machine became ten times slower on the way; each pair still says two.
    assert paired_ratio([2, 20, 2], [1, 10, 1]) == 2


def test_unequal_numbers_of_runs_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1, 2], [1])


def test_a_slope_is_what_one_more_costs() -> None:
    assert slopes({10: 2.0, 1: 1.1, 30: 12.0}) == {(1, 10): pytest.approx(0.1), (10, 30): pytest.approx(0.5)}
    assert overall_slope({0: 1.0, 10: 90.0, 100: 2.0}) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(5.5, 1.0), (9.5, 2.0), (3.5, 0.5)],
    ids=["linear", "the last ones cost double", "the last ones cost half"],
)
def test_the_bend_is_one_for_linear_growth(last: float, expected: float) -> None:
    assert bend({1: 0.51, 10: 0.6, 100: 1.5, 500: last}) == pytest.approx(expected)


def test_the_bend_of_quadratic_growth_is_far_above_one() -> None:
    assert bend({count: count**2 for count in (1, 10, 100, 500)}) > 5


@pytest.mark.parametrize(
    ("seen", "at_least", "met"),
    [(1.4, False, True), (1.41, False, False), (1.4, True, True), (1.39, True, False)],
)
def test_a_verdict_says_whether_its_bar_is_met(seen: float, at_least: bool, met: bool) -> None:
    verdict = Verdict("time", seen, 1.4, "x", at_least=at_least)
    assert verdict.met is met
    assert str(verdict).endswith(f"{'at least' if at_least else 'at most'} 1.4x: {'met' if met else 'NOT MET'}")


def test_a_process_is_measured_with_what_it_wrote(tmp_path: Path) -> None:
    cost, said = run([sys.executable, "-c", "block = bytearray(60 << 20); print(len(block))"], tmp_path)
    assert said == f"{60 << 20}\n"
    assert 60 < cost.peak < 600
    assert cost.wall > 0
    assert cost.cpu > 0


def test_the_figures_of_a_failed_process_are_not_used(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"ended with 3:\nno good"):
        run([sys.executable, "-c", "import sys; sys.stderr.write('no good'); sys.exit(3)"], tmp_path)


def test_what_slows_every_start_is_kept_from_measured_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/nowhere.pem")
    monkeypatch.setenv("HOME", "/somewhere")
    variables = environment()
    assert "PYTHONDONTWRITEBYTECODE" not in variables
    assert "NODE_EXTRA_CA_CERTS" not in variables
    assert variables["HOME"] == "/somewhere"

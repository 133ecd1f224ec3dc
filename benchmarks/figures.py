"""The arithmetic of the benchmarks: from measured runs to figures, and from figures to verdicts."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one whole process cost, from its start to its exit, with the processes it waited for.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of processor time, user and system.
        peak: MiB of memory that the largest of its processes held at once.
    """

    wall: float
    cpu: float
    peak: float


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself."""
    return Cost(
        wall=statistics.median(cost.wall for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak=statistics.median(cost.peak for cost in costs),
    )


def paired_ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of runs that were made side by side, so that a machine's drift falls out."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def slopes(totals: Mapping[int, float]) -> dict[tuple[int, int], float]:
    """What one more costs between each two neighbouring counts: (count, next count) -> cost of each one in between."""
    counts = sorted(totals)
    return {(low, high): (totals[high] - totals[low]) / (high - low) for low, high in itertools.pairwise(counts)}


def overall_slope(totals: Mapping[int, float]) -> float:
    """What one more costs on average from the smallest count to the largest."""
    low, high = min(totals), max(totals)
    return (totals[high] - totals[low]) / (high - low)


def bend(totals: Mapping[int, float]) -> float:
    """How much dearer the last ones are than those before: 1 is linear growth, more is worse.

    The slope between the two largest counts, divided by the slope from the smallest count to the second largest.
    """
    *before, last = sorted(totals)
    high = before[-1]
    return (totals[last] - totals[high]) / (last - high) / overall_slope({count: totals[count] for count in before})


@dataclass(frozen=True)
class Verdict:
    """One figure compared with its limit.

    Attributes:
        what: what was measured.
        seen: the figure.
        bar: the most it may be, or the least where ``at_least``.
        unit: what follows the figures.
        at_least: whether more is better.
    """

    what: str
    seen: float
    bar: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure keeps to its bar."""
        return self.seen >= self.bar if self.at_least else self.seen <= self.bar

    def __str__(self) -> str:
        limit = "at least" if self.at_least else "at most"
        figure = f"{self.seen:.2f}{self.unit}"
        return f"{self.what:<58} {figure:>11}   {limit} {self.bar:g}{self.unit}: {'met' if self.met else 'NOT MET'}"

"""Expressions of Prometheus that several alerts and dashboards share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def selected(metric: str, labels: Mapping[str, str], *more: str) -> str:
    """A metric with label matchers.

    Args:
        metric: the name of the metric.
        labels: label -> value that it must have.
        more: further matchers, such as ``'pool!=""'``.
    """
    matchers = [f'{key}="{value}"' for key, value in labels.items()]
    return f"{metric}{{{','.join([*matchers, *more])}}}"


def increased(series: str, window: str, by: Sequence[str] = ()) -> str:
    """How much a counter grew in a window, counted from 0 for a series that is new in it.

    ``increase()`` alone does not count the first value of a series. The StatsD exporter has a counter only after the first
    event, so a first failure would never be seen. ``increase()`` extrapolates, so the result is rounded.
    """
    grown = f"({series} unless {series} offset {window}) or increase({series}[{window}])"
    return f"round(sum by ({', '.join(by)}) ({grown}))"


def stopped(series: str, window: str, by: Sequence[str]) -> str:
    """Whether a counter does not grow, or does not exist.

    A counter of the StatsD exporter keeps its last value when nothing sends it any more, so it is not absent.
    """
    return f"sum by ({', '.join(by)}) (rate({series}[{window}])) == 0 or absent({series})"


def alternatives(names: Sequence[str]) -> str:
    """A regular expression for one of several names."""
    return "|".join(name.replace(".", "\\\\.") for name in names)

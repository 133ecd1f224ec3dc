"""Which versions of the chart run which versions of Airflow, and which PostgreSQL those can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import version
from cdk8s_airflow.checks.frozen import frozen
from cdk8s_airflow.checks.regex import regex

DEFAULT_CHART_VERSION = "1.22.0"
"""The newest version of the chart that is known here."""


@frozen(kw_only=False)
class Runs:
    """The versions of Airflow that one version of the chart runs.

    Attributes:
        default: the version the chart was released with.
        minors: the minor versions it renders right; others it refuses, or renders silently wrong.
    """

    default: str
    minors: tuple[tuple[int, int], ...]


_RELEASED = regex(r"(?:0|[1-9][0-9]{0,3})(?:\.(?:0|[1-9][0-9]{0,3})){2}")
_TWO = ((2, 9), (2, 10), (2, 11))
_THREE = ((3, 0), (3, 1), (3, 2), (3, 3))

CHARTS: Mapping[str, Runs] = {
    "1.15.0": Runs("2.9.3", _TWO),
    "1.18.0": Runs("3.0.2", (*_TWO, (3, 0))),
    "1.20.0": Runs("3.1.8", ((2, 11), *_THREE)),
    "1.22.0": Runs("3.2.2", ((2, 11), *_THREE)),
}
"""Chart version -> what it runs. Source: rendering each pair with the released charts."""

_NEWEST_OF = {
    (2, 9): "2.9.3",
    (2, 10): "2.10.5",
    (2, 11): "2.11.0",
    (3, 0): "3.0.2",
    (3, 1): "3.1.8",
    (3, 2): "3.2.2",
    (3, 3): "3.3.2",
}

_POSTGRES: Mapping[tuple[int, int], range] = {
    (2, 9): range(12, 17),
    (2, 10): range(12, 17),
    (2, 11): range(12, 17),
    (3, 0): range(13, 18),
    (3, 1): range(13, 18),
    (3, 2): range(14, 19),
    (3, 3): range(14, 19),
}

TESTED_KUBERNETES: Mapping[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (2, 9): ((1, 26), (1, 27), (1, 28), (1, 29)),
}
"""Versions of Airflow whose makers tested them on no Kubernetes supported here -> those they did. Source: its README."""


def pair_findings(chart_version: object, airflow_version: object) -> Iterator[Finding]:
    """Whether a version of the chart runs a version of Airflow; otherwise the nearest pairs that do run."""
    if not isinstance(chart_version, str) or (airflow_version is not None and not isinstance(airflow_version, str)):
        return
    if chart_version not in CHARTS:
        yield Finding(
            rule="versions/chart",
            at="chart_version",
            problem="is not a version of the chart that is known here, so nothing could be checked against it",
            seen=repr(chart_version),
            fix=f"use {_nearest(chart_version)!r} (known: {', '.join(CHARTS)})",
        )
        return
    if airflow_version is None:
        return
    if _RELEASED.fullmatch(airflow_version) is None:
        yield Finding(
            rule="versions/airflow",
            at="airflow_version",
            problem="is not a released version of Airflow",
            seen=repr(airflow_version),
            fix='write all three numbers, like "3.2.2"',
        )
        return
    runs = CHARTS[chart_version]
    minor = minor_of(airflow_version)
    if minor in runs.minors:
        return
    same_chart = min(runs.minors, key=lambda known: (abs(known[0] - minor[0]), abs(known[1] - minor[1])))
    others = [known for known, other in CHARTS.items() if minor in other.minors]
    fixes = [f"airflow_version={_NEWEST_OF[same_chart]!r} with this chart"]
    if others:
        fixes.append(f"chart_version={others[-1]!r} with this Airflow")
    yield Finding(
        rule="versions/pair",
        at="airflow_version",
        problem=f"chart {chart_version} does not run it",
        seen=repr(airflow_version),
        fix=f"use {' or '.join(fixes)}",
    )


def postgres_findings(airflow_version: str, postgres_major: int | None) -> Iterator[Finding]:
    """Whether a version of Airflow supports a version of PostgreSQL, as its release notes say."""
    supported = _POSTGRES.get(minor_of(airflow_version))
    if postgres_major is None or supported is None or postgres_major in supported:
        return
    yield Finding(
        rule="versions/postgres",
        at="database",
        problem=f"Airflow {airflow_version} supports PostgreSQL {supported.start} to {supported.stop - 1}",
        seen=f"PostgreSQL {postgres_major}",
        fix="choose postgres_major=16, which every version of Airflow known here supports",
    )


def minor_of(text: str) -> tuple[int, int]:
    """The first two numbers of a version."""
    first, second, *_ = version(text)
    return first, second


def _nearest(chart_version: str) -> str:
    try:
        wanted = version(chart_version)
    except ValueError:
        return DEFAULT_CHART_VERSION
    older = [known for known in CHARTS if version(known) <= wanted]
    return older[-1] if older else next(iter(CHARTS))

"""Which versions of the chart run which versions of Airflow, and which PostgreSQL those can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import version
from cdk8s_airflow.validation.frozen import frozen

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


@frozen(kw_only=False)
class Own:
    """What a chart that is not known here says of itself.

    Attributes:
        chart: its version.
        airflow: the version of Airflow it was released with.
    """

    chart: str
    airflow: str


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


def beside(chart_version: str) -> tuple[str, str] | None:
    """The known versions of the chart next to one that is not known; None where it does not lie between two."""
    if _RELEASED.fullmatch(chart_version) is None:
        return None
    wanted = version(chart_version)
    older = [known for known in CHARTS if version(known) < wanted]
    newer = [known for known in CHARTS if version(known) > wanted]
    return (older[-1], newer[0]) if older and newer else None


def runs_of(chart_version: str, own: Own | None = None) -> Runs | None:
    """What a version of the chart runs: what is known, or of one between two known ones what both of these run."""
    if chart_version in CHARTS:
        return CHARTS[chart_version]
    neighbours = beside(chart_version)
    if neighbours is None or own is None:
        return None
    older, newer = (CHARTS[known].minors for known in neighbours)
    return Runs(own.airflow, tuple(minor for minor in older if minor in newer))


def pair_findings(chart_version: object, airflow_version: object, own: Own | None = None) -> Iterator[Finding]:
    """Whether a version of the chart runs a version of Airflow; otherwise the nearest pairs that do run.

    Args:
        chart_version: the version of the chart.
        airflow_version: the version of Airflow; None for the one the chart was released with.
        own: what the archive of a version that is not known here says of itself.
    """
    if not isinstance(chart_version, str) or (airflow_version is not None and not isinstance(airflow_version, str)):
        return
    neighbours = beside(chart_version)
    runs = runs_of(chart_version, own)
    if chart_version not in CHARTS and (runs is None or neighbours is None):
        yield _unknown(chart_version, own)
        return
    assert runs is not None
    if own is not None and (finding := _wrong_archive(chart_version, own)):
        yield finding
        return
    if airflow_version is None:
        if own is not None and neighbours is not None and minor_of_text(own.airflow) not in runs.minors:
            yield Finding(
                rule="versions/pair",
                at="airflow_version",
                problem=f"chart {chart_version} comes with an Airflow that {' and '.join(neighbours)}, the known charts "
                "beside it, do not both run",
                seen=repr(own.airflow),
                fix=f"say airflow_version={_NEWEST_OF[runs.minors[-1]]!r}, or choose a chart_version known here",
            )
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
    minor = minor_of(airflow_version)
    if minor in runs.minors:
        return
    same_chart = min(runs.minors, key=lambda known: (abs(known[0] - minor[0]), abs(known[1] - minor[1])))
    others = [known for known, other in CHARTS.items() if minor in other.minors]
    fixes = [f"airflow_version={_NEWEST_OF[same_chart]!r} with this chart"]
    if others:
        fixes.append(f"chart_version={others[-1]!r} with this Airflow")
    problem = f"chart {chart_version} does not run it"
    if chart_version not in CHARTS and neighbours is not None:
        problem = (
            f"chart {chart_version} is not known here, and {' and '.join(neighbours)} beside it do not both run it"
        )
    yield Finding(
        rule="versions/pair",
        at="airflow_version",
        problem=problem,
        seen=repr(airflow_version),
        fix=f"use {' or '.join(fixes)}",
    )


def _unknown(chart_version: str, own: Own | None) -> Finding:
    problem = "is not a version of the chart that is known here, so nothing could be checked against it"
    fix = f"use {_nearest(chart_version)!r} (known: {', '.join(CHARTS)})"
    if beside(chart_version) is not None:
        fix += ", or give the released archive of this one as chart_archive="
    elif own is not None:
        first, *_, last = CHARTS
        problem = (
            f"does not lie between {first} and {last}: what an archive leaves open is known of the charts between only"
        )
    return Finding(rule="versions/chart", at="chart_version", problem=problem, seen=repr(chart_version), fix=fix)


def _wrong_archive(chart_version: str, own: Own) -> Finding | None:
    if own.chart != chart_version:
        return Finding(
            rule="archive/chart",
            at="chart_archive.path",
            problem=f"is the archive of another version than chart_version={chart_version!r}",
            seen=repr(own.chart),
            fix=f"give the archive of {chart_version}, or say chart_version={own.chart!r}",
        )
    if chart_version in CHARTS:
        return Finding(
            rule="versions/archive",
            at="chart_archive",
            problem=f"chart {chart_version} is known here, and the archive would not be looked at",
            fix="leave it out; where the cluster gets the chart from is said with source= of the delivery",
        )
    return None


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


def minor_of_text(text: str) -> tuple[int, int] | None:
    """The first two numbers of what should be a version; None where it is no released one."""
    return minor_of(text) if _RELEASED.fullmatch(text) else None


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

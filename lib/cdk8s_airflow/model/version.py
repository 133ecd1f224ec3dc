"""Which chart versions support which Airflow versions, and which PostgreSQL versions these support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import minor_text, range_text, version, within

DEFAULT_CHART_VERSION = "1.22.0"
"""The newest supported chart version."""


@frozen(kw_only=False)
class Runs:
    """The Airflow versions that one chart version supports.

    Attributes:
        default: the Airflow version that the chart was released with.
        minors: the minor versions that the chart renders correctly. It rejects the others, or renders them incorrectly.
    """

    default: str
    minors: tuple[tuple[int, int], ...]


@frozen(kw_only=False)
class Own:
    """The versions in the archive of a chart that is not in ``CHARTS``.

    Attributes:
        chart: the version of the chart.
        airflow: the Airflow version that the chart was released with.
    """

    chart: str
    airflow: str


_RELEASED = regex(r"(?:0|[1-9][0-9]{0,3})(?:\.(?:0|[1-9][0-9]{0,3})){2}")
_IN_TAG = regex(r"(?:slim-)?(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){2})(?![0-9.])")
_TWO = ((2, 9), (2, 10), (2, 11))
_THREE = ((3, 0), (3, 1), (3, 2), (3, 3))

CHARTS: Mapping[str, Runs] = {
    "1.15.0": Runs("2.9.3", _TWO),
    "1.18.0": Runs("3.0.2", (*_TWO, (3, 0))),
    "1.20.0": Runs("3.1.8", ((2, 11), *_THREE)),
    "1.22.0": Runs("3.2.2", ((2, 11), *_THREE)),
}
"""Chart version -> the supported Airflow versions. Source: rendering each pair with the released charts."""

_NEWEST_OF = {
    (2, 9): "2.9.3",
    (2, 10): "2.10.5",
    (2, 11): "2.11.0",
    (3, 0): "3.0.2",
    (3, 1): "3.1.8",
    (3, 2): "3.2.2",
    (3, 3): "3.3.2",
}

SUPPORTED_POSTGRES: Mapping[str, str] = {
    "2.9": ">=12 <=16",
    "2.10": ">=12 <=16",
    "2.11": ">=12 <=16",
    "3.0": ">=13 <=17",
    "3.1": ">=13 <=17",
    "3.2": ">=14 <=18",
    "3.3": ">=14 <=18",
}
"""Airflow version -> the PostgreSQL versions that it supports. Source: its release notes."""

TESTED_KUBERNETES: Mapping[str, str] = {"2.9": ">=1.26 <=1.29"}
"""Airflow versions that were not tested on any supported Kubernetes version -> the tested versions. Source: its
README."""


def adjacent_charts(chart_version: str) -> tuple[str, str] | None:
    """The next older and next newer version in ``CHARTS``; None if the version is not between two of them."""
    if _RELEASED.fullmatch(chart_version) is None:
        return None
    wanted = version(chart_version)
    older = [known for known in CHARTS if version(known) < wanted]
    newer = [known for known in CHARTS if version(known) > wanted]
    return (older[-1], newer[0]) if older and newer else None


def runs_of(chart_version: str, own: Own | None = None) -> Runs | None:
    """The Airflow versions that a chart version supports: as listed, or the common ones of the two adjacent listed
    versions.
    """
    if chart_version in CHARTS:
        return CHARTS[chart_version]
    neighbours = adjacent_charts(chart_version)
    if neighbours is None or own is None:
        return None
    older, newer = (CHARTS[known].minors for known in neighbours)
    return Runs(own.airflow, tuple(minor for minor in older if minor in newer))


def pair_findings(chart_version: object, airflow_version: object, own: Own | None = None) -> Iterator[Finding]:
    """Check that a chart version supports an Airflow version. The fix names the nearest pairs that work.

    Args:
        chart_version: the chart version.
        airflow_version: the Airflow version; None for the one that the chart was released with.
        own: the versions in the archive, if the chart version is not in ``CHARTS``.
    """
    if not isinstance(chart_version, str) or (airflow_version is not None and not isinstance(airflow_version, str)):
        return
    neighbours = adjacent_charts(chart_version)
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
                problem="must be a version that both adjacent supported charts "
                f"({' and '.join(neighbours)}) support; chart {chart_version} comes with another one",
                seen=repr(own.airflow),
                fix=f"Set airflow_version={_NEWEST_OF[runs.minors[-1]]!r}, or use chart_version={neighbours[1]!r}",
            )
        return
    if _RELEASED.fullmatch(airflow_version) is None:
        yield Finding(
            rule="versions/airflow",
            at="airflow_version",
            problem="must be a released Airflow version with three numbers",
            seen=repr(airflow_version),
            fix=f"Use a version such as {runs.default!r}",
        )
        return
    minor = minor_of(airflow_version)
    if minor in runs.minors:
        return
    same_chart = min(runs.minors, key=lambda known: (abs(known[0] - minor[0]), abs(known[1] - minor[1])))
    others = [known for known, other in CHARTS.items() if minor in other.minors]
    others.sort(key=lambda known: abs(list(CHARTS).index(known) - _place_of(chart_version)))
    fixes = [f"airflow_version={_NEWEST_OF[same_chart]!r} with this chart"]
    if others:
        fixes.append(f"chart_version={others[0]!r} with this Airflow")
    problem = f"must be a version that chart {chart_version} supports"
    if chart_version not in CHARTS and neighbours is not None:
        problem = f"must be a version that both charts adjacent to {chart_version} ({' and '.join(neighbours)}) support"
    yield Finding(
        rule="versions/pair",
        at="airflow_version",
        problem=problem,
        seen=repr(airflow_version),
        fix=f"Use {' or '.join(fixes)}",
    )


def _place_of(chart_version: str) -> float:
    """The place of a chart version in ``CHARTS``; half-way between two if it is between them."""
    charts = list(CHARTS)
    if chart_version in CHARTS:
        return charts.index(chart_version)
    neighbours = adjacent_charts(chart_version)
    return len(charts) if neighbours is None else charts.index(neighbours[0]) + 0.5


def _unknown(chart_version: str, own: Own | None) -> Finding:
    problem = "must be a supported chart version"
    fix = f"Use {_nearest(chart_version)!r} (supported: {', '.join(CHARTS)})"
    if adjacent_charts(chart_version) is not None:
        fix += ", or pass the released archive of this version with chart_archive="
    elif own is not None:
        first, *_, last = CHARTS
        problem = f"must be between {first} and {last}, the supported chart versions, to be used with chart_archive="
    return Finding(rule="versions/chart", at="chart_version", problem=problem, seen=repr(chart_version), fix=fix)


def _wrong_archive(chart_version: str, own: Own) -> Finding | None:
    if own.chart != chart_version:
        return Finding(
            rule="archive/chart",
            at="chart_archive.path",
            problem=f"must be the archive of chart_version={chart_version!r}",
            seen=repr(own.chart),
            fix=f"Pass the archive of {chart_version}, or set chart_version={own.chart!r}",
        )
    if chart_version in CHARTS:
        return Finding(
            rule="versions/archive",
            at="chart_archive",
            problem=f"is ignored: chart {chart_version} is supported without an archive",
            fix="Remove chart_archive=; to install the chart from another place, set source= of the delivery",
        )
    return None


def version_in_tag(tag: str | None) -> str | None:
    """The Airflow version at the start of an image tag, such as that of ``"3.2.2-python3.12"``; None if there is none.

    Only supported minor versions are recognized, because teams number their own images too (``"2026.1.0"``).
    """
    found = _IN_TAG.match(tag or "")
    if found is None or minor_of(found["version"]) not in _NEWEST_OF:
        return None
    return found["version"]


def image_findings(
    repository: str, tag: str | None, airflow_version: str | None, *, at: str, default: str
) -> Iterator[Finding]:
    """Check that the Airflow version in an image is known, and that a tag that starts with a version agrees with it.

    Args:
        repository: the repository of the image.
        tag: its tag.
        airflow_version: the version that was set; None if none was.
        at: the argument that sets the image.
        default: the Airflow version that the chart was released with.
    """
    readable = version_in_tag(tag)
    if airflow_version is None:
        if readable is None:
            yield Finding(
                rule="images/airflow-version",
                at="airflow_version",
                problem=f"must be set, because the tag of {at}= does not start with the Airflow version that the image contains",
                seen="None",
                fix=f'Set airflow_version="{default}" if the image contains that version',
            )
    elif readable is not None and readable != airflow_version and _is_airflow(repository):
        yield Finding(
            rule="images/airflow-version",
            at="airflow_version",
            problem=f"must be {readable!r}, the version in the tag of {at}=",
            seen=repr(airflow_version),
            fix=f'Set airflow_version="{readable}", or use an image with Airflow {airflow_version} (if the tag is not the version of '
            "Airflow, set digest= instead of tag=)",
        )


def _is_airflow(repository: str) -> bool:
    """Whether the last part of a repository says Airflow, so that its tags are read as versions of Airflow."""
    return "airflow" in repository.rpartition("/")[2]


def postgres_findings(airflow_version: str, postgres_major: int | None) -> Iterator[Finding]:
    """Check that an Airflow version supports a PostgreSQL version, according to its release notes."""
    supported = SUPPORTED_POSTGRES.get(minor_text(airflow_version))
    if postgres_major is None or supported is None or within(supported, str(postgres_major)):
        return
    yield Finding(
        rule="versions/postgres",
        at="database",
        problem=f"must be PostgreSQL {range_text(supported)} for Airflow {airflow_version}",
        seen=f"PostgreSQL {postgres_major}",
        fix="Set postgres_major=16, which every supported Airflow version supports",
    )


def minor_of_text(text: str) -> tuple[int, int] | None:
    """The first two numbers of a version; None if the text is not a released version."""
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

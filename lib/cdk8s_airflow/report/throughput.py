"""The limits on tasks of each release as a section of the report."""

from __future__ import annotations

from collections.abc import Iterable

from cdk8s_airflow.airflow.pipeline import CompiledRelease
from cdk8s_airflow.airflow.wire.throughput import (
    LOOP_SECONDS,
    TASK_MINUTES,
    ReleaseThroughput,
    ThroughputLimit,
    release_throughput,
)
from cdk8s_airflow.report.section import Section, Table


def throughput_section(releases: Iterable[CompiledRelease]) -> Section:
    """How many tasks each release runs at once and starts in a minute, and which setting limits them.

    Args:
        releases: the releases.
    """
    found = [release_throughput(each.effective_settings) for each in releases]
    return Section(
        "throughput",
        "Throughput",
        text=(*map(_paragraph, found), _MODEL) if found else (),
        tables=tuple(_table(each) for each in found),
        empty="There is no release.",
    )


_MODEL = (
    f"These limits follow from the settings, for scheduler loops of {LOOP_SECONDS} second. Nodes, quotas, the Kubernetes API and "
    "the database can lower them. `airflow_scheduler_scheduler_loop_duration` shows the real duration of a loop. Components with "
    "an autoscaler are counted at their maximum."
)


def _paragraph(found: ReleaseThroughput) -> str:
    at_once, per_minute = found.smallest_at_once, found.smallest_per_minute
    return (
        f"Release {found.release} runs at most {at_once.number} tasks at once, limited by: {at_once.what} "
        f"({at_once.source}). With tasks of {TASK_MINUTES} minute, it starts at most {per_minute.number} per minute, limited by: "
        f"{per_minute.what} ({per_minute.source})."
    )


def _table(found: ReleaseThroughput) -> Table:
    rows = [_row("at once", each, found.smallest_at_once) for each in found.at_once]
    rows += [_row("per minute", each, found.smallest_per_minute) for each in found.per_minute]
    return Table(
        ("tasks", "limit on", "number", "computed from", "changed by"), tuple(rows), f"Release {found.release}"
    )


def _row(group: str, limit: ThroughputLimit, smallest: ThroughputLimit) -> tuple[str, ...]:
    number = f"**{limit.number}**" if limit is smallest else str(limit.number)
    return group, limit.what, number, limit.source, limit.setting

"""The footprint of a platform as a section of the report."""

from __future__ import annotations

from cdk8s_airflow.model.footprint import Footprint, Totals, Workload, shown
from cdk8s_airflow.report.section import Section, Table

_COLUMNS = (
    "component",
    "of",
    "pods idle",
    "pods at most",
    "CPU request",
    "memory request",
    "memory limit",
    "CPU limit",
    "storage",
)
_RESOURCES = ("cpu", "memory", "memory_limit", "cpu_limit", "storage")


def footprint_section(footprint: Footprint) -> Section:
    """What the platform requests from the cluster: for each component, and in total.

    Args:
        footprint: the footprint.
    """
    running = [each for each in footprint.workloads if each.kind != "job"]
    jobs = [each for each in footprint.workloads if each.kind == "job"]
    tables = []
    if running:
        tables.append(
            Table(
                ("", "pods", "CPU requests", "memory requests", "memory limits", "CPU limits", "storage"),
                (_total("idle", footprint.idle), _total("at full task parallelism", footprint.full)),
                "Total",
            )
        )
        tables.append(Table(_COLUMNS, tuple(map(_row, running)), "Per pod"))
    if footprint.claims:
        rows = tuple((f"`{name}`", shown("storage", size)) for name, size in footprint.claims)
        tables.append(Table(("volume claim", "storage"), rows, "Volume claims"))
    if jobs:
        tables.append(
            Table(("Job", "of", *_COLUMNS[4:8]), tuple(_job(each) for each in jobs), "Jobs, not included in the totals")
        )
    return Section(
        "footprint",
        "Footprint",
        text=(
            "Requests and limits of all containers. Idle: no task runs, and autoscalers are at their minimum. At full task "
            "parallelism: every scheduler runs as many tasks as it can, and autoscalers are at their maximum. A rolling "
            "restart needs free resources for additional pods.",
        )
        if tables
        else (),
        tables=tuple(tables),
        empty="No pods.",
    )


def _total(name: str, totals: Totals) -> tuple[str, ...]:
    return name, str(totals.pods), *(_shown(resource, getattr(totals, resource)) for resource in _RESOURCES)


def _row(workload: Workload) -> tuple[str, ...]:
    pod = workload.pod
    amounts = (pod.cpu, pod.memory, pod.memory_limit, pod.cpu_limit, workload.storage)
    return (
        workload.name,
        workload.part,
        str(workload.idle),
        str(workload.most),
        *(_shown(resource, amount) for resource, amount in zip(_RESOURCES, amounts, strict=True)),
    )


def _job(workload: Workload) -> tuple[str, ...]:
    return workload.name, workload.part, *_row(workload)[4:8]


def _shown(resource: str, amount: float) -> str:
    return shown(resource, amount) if amount else "none"

"""Mappings of the StatsD exporter for metrics of Airflow that the chart leaves without labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LABELED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("airflow.ti.start.*.*", "airflow_ti_start", ("dag_id", "task_id")),
    ("airflow.ti.finish.*.*.*", "airflow_ti_finish", ("dag_id", "task_id", "state")),
    ("airflow.pool.queued_slots.*", "airflow_pool_queued_slots", ("pool",)),
    ("airflow.pool.running_slots.*", "airflow_pool_running_slots", ("pool",)),
    ("airflow.pool.deferred_slots.*", "airflow_pool_deferred_slots", ("pool",)),
    ("airflow.pool.scheduled_slots.*", "airflow_pool_scheduled_slots", ("pool",)),
    ("airflow.executor.open_slots.*", "airflow_executor_open_slots", ("executor",)),
    ("airflow.executor.queued_tasks.*", "airflow_executor_queued_tasks", ("executor",)),
    ("airflow.executor.running_tasks.*", "airflow_executor_running_tasks", ("executor",)),
    ("airflow.dag_processing.last_duration.*", "airflow_dag_processing_last_duration", ("dag_file",)),
    ("airflow.dag_processing.last_duration.*.*", "airflow_dag_processing_last_duration", ("bundle", "dag_file")),
    ("airflow.triggers.running.*", "airflow_triggers_running", ("hostname",)),
    ("airflow.triggerer.capacity_left.*", "airflow_triggerer_capacity_left", ("hostname",)),
    ("airflow.dag.*.*.queued_duration", "airflow_task_queued_duration", ("dag_id", "task_id")),
    ("airflow.dag.*.*.scheduled_duration", "airflow_task_scheduled_duration", ("dag_id", "task_id")),
    ("airflow.dagrun.*.first_task_scheduling_delay", "airflow_dagrun_first_task_scheduling_delay", ("dag_id",)),
)

_DEPENDENCY_CHECK: Mapping[str, Any] = {
    # The chart has this name with one part more, and the exporter finds no shorter pattern after a longer one.
    "match": r"airflow\.dagrun\.dependency-check\.(.*)",
    "match_type": "regex",
    "name": "airflow_dagrun_dependency_check",
    "labels": {"dag_id": "$1"},
}


def statsd_mappings() -> tuple[Mapping[str, Any], ...]:
    """Mappings for ``Statsd(mappings=...)``, which give labels to metrics that have none with the chart's mappings.

    They are added after the chart's own mappings, and the first match applies. With them, the dashboards of :class:`Dashboards`
    show tasks by DAG, slots by pool, and durations in or before the queue.

    Returns:
        The mappings, in the form of the exporter.
    """
    labeled = (
        {"match": match, "name": name, "labels": {label: f"${index}" for index, label in enumerate(labels, 1)}}
        for match, name, labels in _LABELED
    )
    return (*labeled, _DEPENDENCY_CHECK)

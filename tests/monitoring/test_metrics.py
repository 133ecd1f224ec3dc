"""The list of metrics: each was served by a running program, with the labels that alerts and dashboards use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cdk8s_airflow.monitoring.alerts import Alerts
from cdk8s_airflow.monitoring.metrics import METRICS
from cdk8s_airflow.monitoring.wire.alerts import alert_groups
from cdk8s_airflow.monitoring.wire.dashboards import dashboard_pages
from tests.monitoring.list_metrics import metrics_of_scrape, recorded_metrics
from tests.monitoring.samples import targets

NOT_SEEN: Mapping[str, str] = {
    "airflow_zombies_killed": "Airflow 2 sends it",
    "airflow_task_queued_duration": "Airflow 2 sends it",
    "airflow_task_queued_duration_sum": "Airflow 2 sends it",
    "airflow_task_queued_duration_count": "Airflow 2 sends it",
    "airflow_scheduler_critical_section_busy": "only with several schedulers",
    "airflow_scheduler_tasks_killed_externally": "only after a task was killed",
    "airflow_task_instances_without_heartbeats_killed": "only after a task lost its heartbeat",
    "up": "Prometheus writes it itself",
}
"""Metrics that are in no list of this folder, and why."""

OF_PROMETHEUS = {"namespace", "job", "pod", "instance"}
"""Labels that Prometheus adds when it scrapes. A scraped label of this name is renamed, unless ``honorLabels`` is true."""


def queries() -> Iterator[tuple[str, str, str]]:
    """Where an expression is, the expression, and the legend of its panel."""
    for major in (2, 3):
        for group in alert_groups(targets(major), Alerts(), "airflow"):
            for rule in group["rules"]:
                yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())
        for page in dashboard_pages(targets(major)):
            for panel in page.panels:
                for query in panel.queries:
                    yield f"{page.key}: {panel.title}", query.expr, query.legend


def nodes(node: Any) -> Iterator[Any]:
    """An expression and all of its parts."""
    yield node
    for field in ("expr", "lhs", "rhs", "param", "vector_selector"):
        part = getattr(node, field, None)
        if part is not None:
            yield from nodes(part)
    for part in getattr(node, "args", None) or ():
        yield from nodes(part)


def test_metrics_were_served_by_a_running_program() -> None:
    assert METRICS.keys() - recorded_metrics().keys() == NOT_SEEN.keys()


def test_metrics_of_alerts_and_dashboards_are_in_the_list_and_have_their_labels() -> None:
    parser = pytest.importorskip("promql_parser")
    labels = recorded_metrics()
    for where, expression, _ in queries():
        for node in nodes(parser.parse(expression)):
            if type(node).__name__ != "VectorSelector":
                continue
            assert node.name in METRICS, where
            used = {matcher.name for matcher in node.matchers.matchers}
            if node.name in labels:
                renamed = {f"exported_{label}" for label in labels[node.name] & OF_PROMETHEUS}
                assert used <= labels[node.name] | OF_PROMETHEUS | renamed, (where, node.name, used - labels[node.name])


def test_labels_of_an_aggregation_are_labels_of_its_metrics() -> None:
    parser = pytest.importorskip("promql_parser")
    labels = recorded_metrics()
    for where, expression, _ in queries():
        for node in nodes(parser.parse(expression)):
            if type(node).__name__ != "AggregateExpr" or node.modifier is None:
                continue
            for part in nodes(node.expr):
                if type(part).__name__ == "VectorSelector" and part.name in labels:
                    missing = set(node.modifier.labels) - labels[part.name] - OF_PROMETHEUS
                    assert not missing, (where, part.name, missing)


def test_templates_use_labels_that_the_expression_keeps() -> None:
    parser = pytest.importorskip("promql_parser")
    for where, expression, text in queries():
        kept = {
            label
            for node in nodes(parser.parse(expression))
            if type(node).__name__ == "AggregateExpr" and node.modifier is not None
            for label in node.modifier.labels
        }
        kept |= {"deployment", "statefulset", "namespace"} if where == "AirflowComponentUnavailable" else set()
        used = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text)) - {"$value"}
        assert used <= kept | {"value"}, (where, used - kept)


def test_scrape_is_read_with_its_labels() -> None:
    text = (
        "# HELP a help\n# TYPE a gauge\n"
        'a{x="1",y="a,z=\\"b\\""} 1\na 2\nb_total 3 1795956814211\ngo_info{version="1"} 1\n'
        'c{le="+Inf"} NaN\n'
    )
    assert metrics_of_scrape(text) == {"a": {"x", "y"}, "b_total": set(), "c": {"le"}}

"""The handles of a release name what Helm renders, for every pair of chart and Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AirflowChart,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    DatabaseCleanup,
    ExternalDatabase,
    LocalExecutor,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
)
from cdk8s_airflow.airflow.handles import ComponentHandle, ReleaseHandles
from tests.everything import DAGS, arguments
from tests.helm.rendering import Rendered, render_release
from tests.making import emitted, make_airflow, make_dags, new_chart
from tests.platforms import PAIRS, helm_chart

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

Pair = tuple[str, str]


def handles_and_objects(
    chart: cdk8s.Chart, release: AirflowChart
) -> tuple[ReleaseHandles, Rendered, list[Mapping[str, Any]]]:
    manifests = emitted(chart)
    rendered = render_release(helm_chart(manifests))
    return release.handles, rendered, [*rendered.manifests, *manifests]


def pod_template(objects: list[Mapping[str, Any]], handle: ComponentHandle) -> Mapping[str, Any]:
    (found,) = [m for m in objects if m["kind"] == handle.kind and m["metadata"]["name"] == handle.name]
    spec = found["spec"]
    template: Mapping[str, Any] = (spec["jobTemplate"]["spec"] if handle.kind == "CronJob" else spec)["template"]
    return template


def assert_true(chart: cdk8s.Chart, release: AirflowChart) -> None:
    """Every handle names an object, every workload and Service has a handle, and labels select exactly the right pods."""
    handles, rendered, objects = handles_and_objects(chart, release)
    workloads = {
        (m["kind"], m["metadata"]["name"])
        for m in objects
        if m["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
    }
    named = {(each.kind, each.name) for each in handles.components.values() if each.kind is not None}
    assert named == workloads
    services = {m["metadata"]["name"] for m in rendered.find("Service")}
    assert {each.service.name for each in handles.components.values() if each.service is not None} == services
    templates = {
        name: pod_template(objects, handle) if handle.kind is not None else task_pod(rendered)
        for name, handle in handles.components.items()
    }
    for name, handle in handles.components.items():
        chosen = [other for other, template in templates.items() if selects(handle, template["metadata"]["labels"])]
        assert chosen == [name]
        assert handle.container in [container["name"] for container in templates[name]["spec"]["containers"]]
        if handle.service is not None:
            assert_service(rendered, handle, templates[name]["spec"]["containers"])


def task_pod(rendered: Rendered) -> Mapping[str, Any]:
    """The template of task pods with the label that Airflow adds."""
    template = rendered.pod_template
    assert template is not None
    metadata = {"labels": {**template["metadata"]["labels"], "kubernetes_executor": "True"}}
    return {"metadata": metadata, "spec": template["spec"]}


def selects(handle: ComponentHandle, labels: Mapping[str, str]) -> bool:
    wanted = handle.pod_labels.items() <= labels.items()
    return wanted and not any(key in labels for key in handle.pods_without_labels)


def assert_service(rendered: Rendered, handle: ComponentHandle, containers: list[Mapping[str, Any]]) -> None:
    service = handle.service
    assert service is not None
    rendered_service = rendered.get("Service", service.name)
    ports = {(p["name"], p["port"], p.get("protocol", "TCP")) for p in rendered_service["spec"]["ports"]}
    assert {(port.name, port.number, port.protocol) for port in service.ports} == ports
    declared = {port["name"] for container in containers for port in container.get("ports", [])}
    assert {port.name for port in service.ports if port.container} == {p.name for p in service.ports} & declared
    alike = [
        m["metadata"]["name"]
        for m in rendered.find("Service")
        if service.labels.items() <= m["metadata"]["labels"].items()
    ]
    same_labels = {each for each in alike if each.startswith(f"{rendered.release}-worker")}
    assert alike == [service.name] or service.name in same_labels == set(alike)


def test_handles_of_a_small_release_match_the_rendered_objects(pair: Pair) -> None:
    chart = new_chart()
    release = make_airflow(chart, chart_version=pair[0], airflow_version=pair[1], release="data")
    assert_true(chart, release)


def test_handles_of_a_release_with_all_parts_match_the_rendered_objects(pair: Pair) -> None:
    chart = new_chart()
    release = AirflowChart(
        chart,
        "airflow",
        namespace=Namespace.existing("airflow"),
        dags=make_dags(chart, **dict[str, Any](DAGS)),
        **arguments(pair),
    )
    assert_true(chart, release)


def test_handles_of_local_executor_match_the_rendered_objects(pair: Pair) -> None:
    chart = new_chart()
    release = make_airflow(chart, chart_version=pair[0], airflow_version=pair[1], executor=LocalExecutor())
    assert_true(chart, release)


def test_handles_of_celery_workers_without_storage_match_the_rendered_objects(pair: Pair) -> None:
    chart = new_chart()
    executor = CeleryExecutor(
        broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker")),
        workers=CeleryWorkers(),
    )
    release = make_airflow(
        chart, chart_version=pair[0], airflow_version=pair[1], executor=executor, database_cleanup=DatabaseCleanup()
    )
    assert_true(chart, release)


def test_handles_of_pgbouncer_match_the_rendered_objects(pair: Pair) -> None:
    chart = new_chart()
    database = ExternalDatabase(
        host="db.example.com",
        password=SecretKey("login", "password"),
        pooling=PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer")),
    )
    release = make_airflow(chart, chart_version=pair[0], airflow_version=pair[1], database=database.connection())
    assert_true(chart, release)

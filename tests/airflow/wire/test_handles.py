"""Names, labels and ports of a release, without Helm; tests/helm/test_handles.py compares them with what Helm renders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    ClusterFacts,
    ExternalDatabase,
    KubernetesExecutor,
    LocalExecutor,
    PgBouncer,
    PgBouncerSecret,
    PlatformError,
    SecretKey,
    collecting,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from tests.airflow.wire.samples import release
from tests.making import make_airflow, new_chart

PAIR = ("1.22.0", "3.2.2")
POOLED = ExternalDatabase(
    host="db.example.com",
    password=SecretKey("login", "password"),
    pooling=PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer")),
)


def test_small_release_has_exactly_these_components() -> None:
    handles = compile_release(release(PAIR, triggerer=None, statsd=None)).handles
    assert list(handles.components) == ["scheduler", "ui", "dag_processor", "task_pods", "migration"]
    assert handles.component("scheduler").deployment_name == "lab-scheduler"
    assert handles.component("ui").service is not None


def test_component_is_found_by_the_names_of_the_chart_and_of_airflow() -> None:
    handles = compile_release(release(PAIR)).handles
    for name in ("api_server", "api-server", "webserver", "ui"):
        assert handles.component(name).name == "lab-api-server"
    assert handles.component("dag-processor") == handles.component("dag_processor")


def test_service_has_host_names_and_ports_from_values() -> None:
    settings = release(PAIR, facts=ClusterFacts(cluster_domain="acme.local"))
    service = compile_release(replace(settings, unchecked_values={"ports": {"statsdScrape": 9103}})).handles.service(
        "statsd"
    )
    assert service.host == "lab-statsd.airflow-lab.svc"
    assert service.full_host == "lab-statsd.airflow-lab.svc.acme.local"
    assert [(port.name, port.number, port.protocol) for port in service.ports] == [
        ("statsd-ingest", 9125, "UDP"),
        ("statsd-scrape", 9103, "TCP"),
    ]


@pytest.mark.parametrize(("chart", "port"), [("1.15.0", "pgbouncer-metrics"), ("1.22.0", "pgb-metrics")])
def test_metrics_port_of_pgbouncer_has_the_name_of_the_chart(chart: str, port: str) -> None:
    settings = release((chart, "2.11.0"), database=POOLED.connection())
    assert compile_release(settings).handles.service("pgbouncer").port(port).number == 9127


def test_missing_component_service_and_port_list_what_exists() -> None:
    handles = compile_release(release(PAIR, statsd=None, executor=LocalExecutor())).handles
    with pytest.raises(KeyError, match="no component 'statsd'; it has scheduler, ui, triggerer, dag_processor"):
        handles.component("statsd")
    with pytest.raises(
        KeyError, match="'dag_processor' of release lab has no Service; those with one: scheduler, ui, tri"
    ):
        handles.service("dag_processor")
    with pytest.raises(KeyError, match="lab-scheduler has no port 'http'; its ports are task-logs"):
        handles.service("scheduler").port("http")


def test_name_of_another_kind_is_refused_with_the_kind() -> None:
    handles = compile_release(release(PAIR, executor=KubernetesExecutor())).handles
    with pytest.raises(
        AttributeError, match="run-airflow-migrations has no Deployment: its pods belong to Job lab-run-airflow-mig"
    ):
        _ = handles.component("migration").deployment_name
    with pytest.raises(AttributeError, match=r"Airflow creates its pods\. Use pod_labels"):
        _ = handles.component("task_pods").scale_target
    with pytest.raises(
        AttributeError, match="scheduler has no StatefulSet: its pods belong to Deployment lab-scheduler"
    ):
        _ = handles.component("scheduler").stateful_set_name


def test_account_job_has_a_handle_only_with_an_account() -> None:
    admin = AdminAccount(credentials=BasicAuthSecret("admin"), email="a@example.com")
    assert compile_release(release(PAIR, admin=admin)).handles.component("create_user").name == "lab-create-user"


def test_release_with_findings_has_no_handles() -> None:
    made = []
    with pytest.raises(PlatformError), collecting():
        made.append(make_airflow(new_chart(), release="Wrong Name"))
    with pytest.raises(AttributeError, match="a release with findings has no handles"):
        _ = made[0].handles

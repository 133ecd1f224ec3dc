"""A construct with pods in an isolated namespace must be in ``traffic=``, whatever it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import cdk8s
import pytest

import cdk8s_airflow
from cdk8s_airflow import (
    BasicAuthSecret,
    BucketJob,
    CnpgPooler,
    Image,
    LabDatabase,
    Namespace,
    ObjectStorage,
    PlatformError,
    S3Credentials,
    SecretBootstrap,
    SecretKey,
    Volume,
    dbt,
    monitoring,
    render,
    storage,
)
from cdk8s_airflow.app.construct import PlatformConstruct
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from cdk8s_airflow.monitoring import AlloyLogs, FluentBitLogs, LokiOutput
from cdk8s_airflow.network import NetworkIsolation, PodGroup, Traffic, TrafficFlow
from cdk8s_airflow.storage import MinioLegacy, SeaweedFs, StoreUser
from tests.app.test_unused import FACTS
from tests.making import make_airflow, make_cluster, new_chart

CLOSED = Namespace.existing("closed")
OTHER = Traffic(workloads=(PodGroup(name="another", namespace="closed", labels={"app": "another"}),))
BUCKETS = [ObjectStorage.s3(endpoint="https://s3.example.com", credentials=S3Credentials("lake")).bucket("raw")]
STORE: dict[str, Any] = {
    "namespace": CLOSED,
    "storage": Volume("5Gi"),
    "users": [StoreUser(credentials=S3Credentials("lake"), buckets=["raw"])],
}
LOKI = LokiOutput(url="http://loki.logging.svc:3100/loki/api/v1/push")
WAREHOUSE = DbtProfile(
    targets={
        "prod": DbtPostgres(
            host="db.example.com", user="dbt", database="dwh", schema="dbt", password=SecretKey("dwh", "password")
        )
    }
)


def _pooler(chart: cdk8s.Chart) -> CnpgPooler:
    return CnpgPooler(chart, "left", cluster=make_cluster(chart, namespace=CLOSED))


def _bootstrap(chart: cdk8s.Chart) -> SecretBootstrap:
    database = make_cluster(chart, credentials=BasicAuthSecret("login"))
    image = Image("python", tag="3.13-slim")
    return SecretBootstrap(chart, "left", namespace=Namespace(chart, "closed"), generate_for=[database], image=image)


def _logs(kind: Any) -> Callable[[cdk8s.Chart], Any]:
    namespace = Namespace.existing("closed", pod_security="privileged" if kind is FluentBitLogs else "restricted")
    return lambda chart: kind(chart, "left", release=make_airflow(chart), namespace=namespace, output=LOKI)


MAKERS: dict[type[Any], Callable[[cdk8s.Chart], Any]] = {
    cdk8s_airflow.AirflowChart: lambda chart: make_airflow(chart, "left", namespace=CLOSED),
    cdk8s_airflow.CnpgCluster: lambda chart: make_cluster(chart, "left", namespace=CLOSED),
    CnpgPooler: _pooler,
    LabDatabase: lambda chart: LabDatabase(
        chart, "left", namespace=CLOSED, credentials=BasicAuthSecret("lab"), storage=Volume("1Gi")
    ),
    SeaweedFs: lambda chart: SeaweedFs(chart, "left", **STORE),
    MinioLegacy: lambda chart: MinioLegacy(chart, "left", **STORE),
    BucketJob: lambda chart: BucketJob(chart, "left", namespace=CLOSED, buckets=BUCKETS),
    SecretBootstrap: _bootstrap,
    AlloyLogs: _logs(AlloyLogs),
    FluentBitLogs: _logs(FluentBitLogs),
    DbtProfiles: lambda chart: DbtProfiles(
        chart, "left", namespace=CLOSED, profiles={"dwh": WAREHOUSE}, image=Image("registry.example.com/dbt", tag="1")
    ),
}


def left_out(chart: cdk8s.Chart) -> list[str]:
    """The paths of the constructs that the policies leave out."""
    try:
        render(cdk8s.App.of(chart))
    except PlatformError as error:
        return [each.path for each in error.findings if each.rule == "network/left-out"]
    return []


def test_every_construct_with_pods_is_tried() -> None:
    public = {
        value
        for module in (cdk8s_airflow, dbt, monitoring, storage)
        for name in module.__all__
        if inspect.isclass(value := getattr(module, name)) and issubclass(value, PlatformConstruct)
    }
    assert {each for each in public if hasattr(each, "traffic")} == set(MAKERS)


@pytest.mark.parametrize("first", ["construct", "isolation"])
@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_construct_in_an_isolated_namespace_must_be_in_traffic(kind: type[Any], first: str) -> None:
    chart = new_chart()
    if first == "isolation":
        NetworkIsolation(chart, "isolation", traffic=[OTHER], facts=FACTS)
    MAKERS[kind](chart)
    if first == "construct":
        NetworkIsolation(chart, "isolation", traffic=[OTHER], facts=FACTS)
    assert "chart/left" in left_out(chart)


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_construct_in_traffic_or_selected_by_a_flow_is_accepted(kind: type[Any]) -> None:
    chart = new_chart()
    given = MAKERS[kind](chart)
    # Only its pods: the location of what they connect to is of no interest here.
    NetworkIsolation(chart, "isolation", traffic=[OTHER, Traffic(workloads=given.traffic.workloads)], facts=FACTS)
    assert "chart/left" not in left_out(chart)
    chart = new_chart()
    MAKERS[kind](chart)
    everything = PodGroup(name="everything", namespace="closed")
    target = PodGroup(name="db", namespace="db", labels={"app": "db"})
    flow = TrafficFlow(source=everything, target=target, port=5432, purpose="the database")
    NetworkIsolation(chart, "isolation", traffic=[OTHER], flows=[flow], facts=FACTS)
    assert "chart/left" not in left_out(chart)


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_construct_in_a_namespace_without_policies_is_accepted(kind: type[Any]) -> None:
    chart = new_chart()
    MAKERS[kind](chart)
    elsewhere = Traffic(workloads=(PodGroup(name="another", namespace="elsewhere", labels={"app": "another"}),))
    NetworkIsolation(chart, "isolation", traffic=[elsewhere], facts=FACTS)
    assert left_out(chart) == []

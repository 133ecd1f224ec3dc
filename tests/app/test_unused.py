"""Constructs that have no effect, and releases that could not work, are reported when all constructs exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    ClusterFacts,
    CnpgPooler,
    DagFolder,
    Image,
    LocalExecutor,
    Namespace,
    PlatformError,
    render,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.network import ClusterDns, KubernetesApiAddress, NetworkIsolation, NotInstalled, PodGroup
from tests.making import make_airflow, make_cluster, make_dags, new_chart

AIRFLOW = Namespace.existing("airflow")
FACTS = ClusterFacts(
    dns=ClusterDns(),
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"], port=6443),
    network_plugin="calico",
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
    monitoring=NotInstalled(),
    pod_networks=["10.42.0.0/16"],
)


def warned(chart: cdk8s.Chart, start: str) -> list[str]:
    return [note for note in registry_of(chart).all_notes if isinstance(note, BeforeApply) and note.startswith(start)]


def test_dag_repo_sync_that_no_release_uses_is_reported() -> None:
    chart = new_chart()
    dags = make_dags(chart)
    assert warned(chart, "Nothing") == [
        "Nothing in this program uses DagRepoSync 'dags'. Pass it to AirflowChart(dags=...), or remove it."
    ]
    make_airflow(chart, dags=dags)
    assert warned(chart, "Nothing") == []


def test_pooler_that_nothing_uses_is_reported() -> None:
    chart = new_chart()
    pooler = CnpgPooler(chart, "pooler", cluster=make_cluster(chart, namespace=AIRFLOW))
    assert warned(chart, "Nothing") == [
        "Nothing in this program uses CnpgPooler 'pooler'. Pass AirflowChart(database=pooler.connection()), or remove it."
    ]
    pooler.connection()
    assert warned(chart, "Nothing") == []


@pytest.mark.parametrize(
    ("settings", "has_none"),
    [
        ({}, True),
        ({"image": Image("registry.example.com/airflow", tag="3.2.2")}, False),
        ({"config": {"core": {"load_examples": True}}}, False),
    ],
)
def test_release_without_dags_is_reported(settings: dict[str, Any], has_none: bool) -> None:
    chart = new_chart()
    make_airflow(chart, **settings)
    assert bool(warned(chart, "Release airflow has no DAGs")) is has_none


@pytest.mark.parametrize("settings", [{}, {"executor": LocalExecutor()}])
def test_lost_logs_are_in_the_summary(settings: dict[str, Any]) -> None:
    chart = new_chart()
    make_airflow(chart, **settings)
    (note,) = warned(chart, "Release airflow keeps")
    assert note.endswith("To keep logs, use Logs.in_bucket(...) or Logs.claim(...).")


@pytest.mark.parametrize("first", ["release", "isolation"])
def test_release_that_network_policies_leave_out_is_refused(first: str) -> None:
    chart = new_chart()
    cluster = make_cluster(chart, namespace=AIRFLOW)
    makers = [
        lambda: make_airflow(chart, database=cluster.connection()),
        lambda: NetworkIsolation(chart, "isolation", traffic=[cluster], facts=FACTS),
    ]
    for make in makers if first == "release" else makers[::-1]:
        make()
    with pytest.raises(
        PlatformError, match=r"^chart/airflow: traffic must contain release 'airflow'.*network/left-out"
    ):
        render(cdk8s.App.of(chart))


def test_release_in_traffic_or_in_a_namespace_without_policies_is_accepted() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, namespace=AIRFLOW)
    release = make_airflow(chart, database=cluster.connection())
    make_airflow(chart, "other", release="other", namespace=Namespace.existing("other"))
    NetworkIsolation(chart, "isolation", traffic=[cluster, release], facts=FACTS)
    assert render(cdk8s.App.of(chart))


@pytest.mark.parametrize(
    ("text", "problem"),
    [("def x(:\n", "invalid syntax (line 1)"), ("\nx = [\n", "(line 2)"), ("print 1\n", "(line 1)")],
)
def test_syntax_error_in_a_dag_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "good.py").write_text("import airflow\n")
    (tmp_path / "notes.txt").write_text(text)
    make_airflow(new_chart(), dags=DagFolder(tmp_path))
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), dags=DagFolder(tmp_path))
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at, finding.seen) == ("dags/folder-file", "dags.path", "'bad.py'")
    assert problem in finding.problem

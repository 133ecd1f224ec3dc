"""The report of a platform: its contents, its formats, and that it is the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import main as homelab
from cdk8s_airflow import (
    Budget,
    CnpgBackup,
    Namespace,
    PlatformError,
    Volume,
    synth,
)
from cdk8s_airflow.app.object_findings import check_objects, objects_of
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.cli import main
from cdk8s_airflow.report.formats import html, json_text, markdown
from cdk8s_airflow.report.platform_report import PlatformReport, platform_report
from cdk8s_airflow.report.section import Section
from cdk8s_airflow.storage import ObjectStorage
from tests.examples_built import PATHS
from tests.making import make_airflow, make_cluster, new_chart
from tests.truth.goldens import check_golden

ROOT = Path(homelab.__file__).parent
GOLDENS = ROOT / "tests" / "goldens" / "report"


def report_of(scope: Any) -> PlatformReport:
    app = scope.node.root
    check_objects(app)
    return platform_report(registry_of(app), objects_of(app))


def section(report: PlatformReport, name: str) -> Section:
    return next(each for each in report.sections if each.id == name)


@pytest.fixture(scope="module")
def report() -> PlatformReport:
    return report_of(homelab.build())


def test_committed_report_is_that_of_main(report: PlatformReport) -> None:
    assert (ROOT / "REPORT.md").read_text("utf-8") == markdown([report])


def test_json_report_is_what_it_was_when_it_was_reviewed(report: PlatformReport) -> None:
    check_golden(json_text([report]), GOLDENS / "homelab.json")


def test_html_report_is_what_it_was_when_it_was_reviewed(report: PlatformReport) -> None:
    check_golden(html([report]), GOLDENS / "homelab.html")


def test_report_of_the_same_program_is_the_same(report: PlatformReport) -> None:
    again = report_of(homelab.build())
    assert [each([again]) for each in (markdown, html, json_text)] == [
        each([report]) for each in (markdown, html, json_text)
    ]


def test_footprint_counts_components_tasks_and_claims(report: PlatformReport) -> None:
    idle, full = report.footprint.idle, report.footprint.full
    assert (idle.pods, round(idle.cpu, 3), idle.memory / 2**20, idle.storage / 2**30) == (6, 0.89, 3712, 30)
    assert (full.pods, round(full.cpu, 3), full.memory / 2**20) == (6 + 32, round(0.89 + 32 * 0.25, 3), 3712 + 32 * 512)


def test_throughput_marks_the_smallest_limit(report: PlatformReport) -> None:
    found = section(report, "throughput")
    assert found.text[0].startswith(
        "Release airflow runs at most 32 tasks at once, limited by: tasks of all schedulers"
    )
    (table,) = found.tables
    assert [row[1] for row in table.rows if row[2].startswith("**")] == [
        "tasks of all schedulers",
        "tasks of 1 minute each",
    ]


def test_throughput_of_an_app_without_release_is_empty() -> None:
    chart = new_chart()
    Namespace(chart, "data")
    assert section(report_of(chart), "throughput").is_empty


def test_footprint_counts_objects_that_the_user_creates() -> None:
    from cdk8s import ApiObject

    chart = new_chart()
    container = {"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
    ApiObject(
        chart,
        "own",
        api_version="apps/v1",
        kind="Deployment",
        metadata={"name": "own", "namespace": "mine"},
    ).add_json_patch(*_patches({"replicas": 2, "selector": {}, "template": {"spec": {"containers": [container]}}}))
    idle = report_of(chart).footprint.idle
    assert (idle.pods, idle.cpu, idle.memory) == (2, 2, 2 * 2**30)


def _patches(spec: Any) -> list[Any]:
    from cdk8s import JsonPatch

    return [JsonPatch.add("/spec", spec)]


def test_footprint_of_a_cluster_has_the_containers_of_the_backup_and_all_instances() -> None:
    chart = new_chart()
    bucket = ObjectStorage.s3(region="eu-central-1").bucket("backups")
    make_cluster(chart, instances=3, storage=Volume("20Gi"), backup=CnpgBackup(bucket=bucket))
    workload = report_of(chart).footprint.workloads[0]
    assert (workload.idle, workload.storage / 2**30, round(workload.pod.cpu, 3)) == (3, 20, 0.15)


def test_budget_that_is_exceeded_fails_synth_and_writes_nothing(tmp_path: Path) -> None:
    from cdk8s import App, Chart

    app = App(outdir=str(tmp_path / "dist"))
    make_airflow(Chart(app, "a"))
    with pytest.raises(PlatformError) as error:
        synth(app, budget=Budget(cpu="2", memory="64Gi", pods=20))
    assert [(each.rule, each.at) for each in error.value.findings] == [
        ("footprint/budget", "budget.cpu"),
        ("footprint/budget", "budget.pods"),
    ]
    assert (
        "the platform requests 37 at full task parallelism (5 idle), most of it for task pods of release airflow"
        in str(error.value)
    )
    assert not (tmp_path / "dist").exists()
    synth(app, budget=Budget(cpu="16", memory="64Gi", storage="1Gi"))


def test_warnings_name_what_is_missing() -> None:
    chart = new_chart()
    make_airflow(chart, unchecked_values={"zebra": 1})
    assert section(report_of(chart), "warnings").items == (
        "Release airflow keeps task logs in pods only. They are lost when a pod is deleted.",
        "Release airflow has values that are not checked: zebra.",
        "Namespace airflow has no network policies: all pods can connect to its pods. Use NetworkIsolation(...).",
    )


def test_empty_app_has_a_report() -> None:
    chart = new_chart()
    Namespace(chart, "a")
    text = markdown([report_of(chart)])
    assert "There are no warnings." in text
    assert "mermaid" not in text


@pytest.mark.parametrize(
    ("name", "start"), [("r.md", "<!--"), ("r.html", "<!doctype html>"), ("r.json", '{\n  "platforms"')]
)
def test_command_writes_the_format_of_the_file_name(tmp_path: Path, name: str, start: str) -> None:
    assert main(["report", str(ROOT / "main.py"), "--output", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_command_covers_all_environments_or_one(capsys: pytest.CaptureFixture[str]) -> None:
    program = str(PATHS["environments"])
    assert main(["report", program, "--format", "json"]) == 0
    platforms = json.loads(capsys.readouterr().out)["platforms"]
    assert [(each["environment"], each["context"]) for each in platforms] == [
        ("dev", "k3s-lab"), ("staging", "k3s-lab"), ("prod", "eks-prod"),
    ]  # fmt: skip
    assert main(["report", program, "--environment", "prod"]) == 0
    text = capsys.readouterr().out
    assert "## Environment prod, kubectl context eks-prod" in text
    assert "staging" not in text


def test_command_reports_findings_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "broken.py"
    program.write_text(
        "from cdk8s import App, Chart\nfrom cdk8s_airflow import Namespace\n"
        "def build():\n    Namespace(Chart(App(), 'c'), 'Upper')\n",
        encoding="utf-8",
    )
    assert main(["report", str(program)]) == 1
    assert "c/Upper: name must be a DNS label" in capsys.readouterr().err

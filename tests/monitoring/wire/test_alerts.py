"""Alerts: what they are made of, and that Prometheus fires each of them when it should, and only then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.monitoring.alerts import ALERT_NAMES, Alerts
from cdk8s_airflow.monitoring.metrics import sends
from cdk8s_airflow.monitoring.targets import Targets
from cdk8s_airflow.monitoring.wire.alerts import alert_groups
from tests.monitoring.alert_cases import CASES
from tests.monitoring.samples import AIRFLOW, release, targets

RUNBOOK = Path(__file__).parents[3] / "docs" / "how-to" / "respond-to-alerts.md"
MAJORS = (2, 3)


def rules(major: int = 3, given: Alerts = Alerts(), **changes: Any) -> list[dict[str, Any]]:
    """All rules of a platform with every part."""
    return [rule for group in alert_groups(targets(major, **changes), given, "airflow") for rule in group["rules"]]


def names(**arguments: Any) -> set[str]:
    return {rule["alert"] for rule in rules(**arguments)}


def promtool() -> str:
    """The program ``promtool``; the test is skipped without it."""
    found = os.environ.get("CDK8S_AIRFLOW_PROMTOOL") or shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not on the PATH: install the Debian package prometheus, or set CDK8S_AIRFLOW_PROMTOOL")
    return found


def test_platform_with_every_part_has_every_alert() -> None:
    assert names() == set(ALERT_NAMES)
    assert names(major=2) == set(ALERT_NAMES) - {"AirflowDagProcessorHeartbeatMissing"}
    assert set(CASES) == set(ALERT_NAMES)


def test_parts_that_do_not_exist_have_no_alerts() -> None:
    absent = names(statsd=None, pgbouncer=None, git_sync=None, triggerer=False)
    assert absent == {
        "AirflowComponentUnavailable",
        "AirflowPodPending",
        "AirflowContainerOutOfMemory",
        "AirflowVolumeFilling",
        "AirflowCertificateExpiring",
        "PostgresDown",
        "PostgresSessionsHigh",
        "PostgresReplicationLag",
        "PostgresBackupOld",
        "PostgresArchivingFailing",
        "PostgresVolumeFilling",
        "PoolerClientsWaiting",
        "ObjectStoreDown",
        "ObjectStoreVolumeServerDown",
        "ObjectStoreDiskFilling",
        "ObjectStoreNotWritable",
        "ObjectStoreErrors",
    }


@pytest.mark.parametrize("major", MAJORS)
def test_metrics_of_alerts_exist_in_the_airflow_version(major: int) -> None:
    parser = pytest.importorskip("promql_parser")
    for rule in rules(major):
        used = metrics_of(parser.parse(rule["expr"]), parser)
        assert used, rule["alert"]
        for metric in used:
            assert sends(AIRFLOW[major], metric), (rule["alert"], metric)


def metrics_of(node: Any, parser: Any) -> set[str]:
    """The metrics of an expression. Parsing it also checks its types."""
    found: set[str] = set()
    for field in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        part = getattr(node, field, None)
        if part is not None:
            found |= metrics_of(part, parser)
    for part in getattr(node, "args", None) or ():
        found |= metrics_of(part, parser)
    if type(node).__name__ == "VectorSelector":
        found.add(node.name)
    return found


def test_thresholds_and_choices_reach_the_rules() -> None:
    given = Alerts(
        heartbeat_window="5m",
        parse_time="2m",
        task_failures_per_hour=10,
        run_length=1.5,
        pool_full="1h",
        sessions_percent=90,
        backup_age="7h",
        volume_free_percent=5,
        certificate_left="30d",
        store_not_writable="20m",
        store_errors_percent=10,
        disabled=["AirflowPodPending"],
        severities={"AirflowPoolFull": "critical"},
        labels={"team": "data"},
        runbooks="https://docs.acme.lab/airflow/",
    )
    made = {rule["alert"]: rule for rule in rules(given=given)}
    assert "AirflowPodPending" not in made
    assert "[300s]" in made["AirflowSchedulerHeartbeatMissing"]["expr"]
    assert made["AirflowDagParsingSlow"]["expr"].endswith("> 120")
    assert made["AirflowTasksFailing"]["expr"].endswith("> 10")
    assert "> 1.5 *" in made["AirflowDagRunSlow"]["expr"]
    assert made["AirflowPoolFull"]["for"] == "3600s"
    assert made["AirflowPoolFull"]["labels"] == {"severity": "critical", "airflow_release": "airflow", "team": "data"}
    assert made["PostgresSessionsHigh"]["expr"].endswith("> 90")
    assert " > 25200 or absent(" in made["PostgresBackupOld"]["expr"]
    assert made["AirflowVolumeFilling"]["expr"].endswith("< 5")
    assert made["AirflowCertificateExpiring"]["expr"].endswith("< 2592000")
    assert made["ObjectStoreDiskFilling"]["expr"].endswith("< 5")
    assert made["ObjectStoreNotWritable"]["for"] == "1200s"
    assert made["ObjectStoreErrors"]["expr"].endswith("> 10")
    assert "[300s]" in made["ObjectStoreVolumeServerDown"]["expr"]
    assert made["AirflowPoolFull"]["annotations"]["runbook_url"] == (
        "https://docs.acme.lab/airflow/how-to/respond-to-alerts/#airflowpoolfull"
    )


def test_alert_has_a_section_in_the_runbook() -> None:
    headings = {line[3:] for line in RUNBOOK.read_text(encoding="utf-8").splitlines() if line.startswith("## ")}
    assert set(ALERT_NAMES) <= headings
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"docs/how-to/respond-to-alerts.md#{rule['alert'].lower()}"


def test_single_instance_without_backups_has_no_alerts_about_them() -> None:
    from cdk8s_airflow.monitoring.targets import ClusterTarget, Targets

    small = Targets(
        release=release(), clusters=(ClusterTarget(name="db", namespace="data", instances=1, backups=False),)
    )
    made = {rule["alert"] for group in alert_groups(small, Alerts(), "airflow") for rule in group["rules"]}
    assert {name for name in made if name.startswith("Postgres")} == {
        "PostgresDown",
        "PostgresSessionsHigh",
        "PostgresVolumeFilling",
    }


def test_alerts_of_two_parts_in_one_namespace_have_different_labels() -> None:
    one = targets()
    two = Targets(
        release=one.release,
        clusters=(*one.clusters, replace(one.clusters[0], name="other-pg")),
        poolers=(*one.poolers, replace(one.poolers[0], name="other-pooler")),
        stores=(*one.stores, replace(one.stores[0], name="other-store")),
    )
    found = [rule for group in alert_groups(two, Alerts(), "airflow") for rule in group["rules"]]
    labels = [(rule["alert"], *sorted(rule["labels"].items())) for rule in found]
    assert len(set(labels)) == len(labels)
    assert len(labels) > len(ALERT_NAMES)


@pytest.fixture(scope="module", params=MAJORS)
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """The major version, and what ``promtool test rules`` prints for all cases of it."""
    tool = promtool()
    folder = tmp_path_factory.mktemp("rules")
    # One file for each alert with its rule alone, so that a test over hours does not evaluate the other rules.
    files = []
    for rule in rules(request.param):
        name, case = rule["alert"], CASES[rule["alert"]]
        (folder / f"{name}-rules.json").write_text(json.dumps({"groups": [{"name": "alerts", "rules": [rule]}]}))
        tests = [
            {
                "name": f"{name}-{number}-{'fires' if fires else 'quiet'}",
                "interval": "30s",
                "input_series": [{"series": series, "values": values} for series, values in samples.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                        "eval_time": case.at,
                        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                    }
                ],
            }
            for number, (fires, samples) in enumerate(
                ((True, case.fires), (False, case.quiet), *((True, more) for more in case.fires_too))
            )
        ]
        document = {"rule_files": [f"{name}-rules.json"], "evaluation_interval": "30s", "tests": tests}
        files.append(f"{name}.json")
        (folder / files[-1]).write_text(json.dumps(document))
    command = [tool, "test", "rules", *files]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    return request.param, run.stdout + run.stderr


@pytest.mark.parametrize("name", ALERT_NAMES)
def test_alert_fires_and_stays_quiet(name: str, outcome: tuple[int, str]) -> None:
    major, printed = outcome
    assert "FAILED" in printed or "SUCCESS" in printed, printed
    if major not in CASES[name].majors:
        assert name not in names(major=major)
        return
    assert f'alertname=\\"{name}\\"' not in printed, printed


def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    tool = promtool()
    for major in MAJORS:
        path = tmp_path / f"{major}.json"
        path.write_text(json.dumps({"groups": alert_groups(targets(major), Alerts(), "airflow")}))
        run = subprocess.run([tool, "check", "rules", path], capture_output=True, text=True, check=False, timeout=600)
        assert run.returncode == 0, run.stdout + run.stderr

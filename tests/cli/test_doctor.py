"""``cdk8s-airflow doctor`` prints what it finds, and its exit status says whether there is an error."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from cdk8s_airflow.cli.main import main

ROOT = Path(__file__).parents[2]

KUBECTL = """\
#!/bin/sh
case "$1 $2" in
  "--context lab") shift 2 ;;
esac
case "$1 $2" in
  "version --output") echo '{"serverVersion": {"gitVersion": "v1.34.1"}}' ;;
  "get secrets") ;;
  "get pods") echo 'Error from server (Forbidden): pods is forbidden' >&2; exit 1 ;;
  *) echo '{"items": []}' ;;
esac
"""


@pytest.fixture
def kubectl(tmp_path: Path) -> str:
    """A kubectl of a cluster that has nothing."""
    file = tmp_path / "kubectl"
    file.write_text(KUBECTL, encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return os.fspath(file)


def arguments(kubectl: str, *more: str) -> list[str]:
    return ["doctor", "--program", f"{ROOT / 'main.py'}", "--dist", f"{ROOT / 'dist'}", "--kubectl", kubectl, *more]


def test_doctor_of_an_empty_cluster_reports_every_prerequisite(
    kubectl: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(kubectl, "--context", "lab", "--format", "json")) == 2
    found = [
        (each["severity"], each["rule"], each["object"]) for each in json.loads(capsys.readouterr().out)["diagnoses"]
    ]
    assert ("error", "doctor/definition-missing", "CustomResourceDefinition//helmcharts.helm.cattle.io") in found
    assert ("error", "doctor/namespace-missing", "Namespace//airflow") in found
    assert ("error", "doctor/secret-missing", "Secret/airflow/airflow-git") in found
    assert ("error", "doctor/storage-class-missing", "PersistentVolumeClaim/airflow/airflow-logs") in found
    assert ("unknown", "doctor/not-checked", "Check//pods") in found


def test_doctor_prints_text_with_commands_on_lines_of_their_own(
    kubectl: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(kubectl)) == 2
    text = capsys.readouterr().out
    assert "  Install the CloudNativePG operator.\n" in text
    assert all(len(line) <= 100 for line in text.splitlines() if "kubectl" not in line and "|" not in line)
    assert text.splitlines()[-1].startswith(("1 error", "2 errors", "3 errors")) or " errors, " in text.splitlines()[-1]


def test_facts_are_printed(kubectl: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(kubectl, "--write-facts")) == 0
    assert capsys.readouterr().out == 'ClusterFacts(\n    kubernetes="1.34",\n    nodes=0,\n)\n'


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--kubectl", "/no/such/kubectl"], "Install kubectl"),
        (["--program", "/no/such/main.py"], "/no/such/main.py"),
        (["--dist", "/no/such/dist"], "/no/such/dist is not a folder"),
    ],
)
def test_error_is_one_line(kubectl: str, more: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(kubectl, *more)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1

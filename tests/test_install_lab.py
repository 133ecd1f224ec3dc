"""``make lab`` stops with one message where a cluster or a tool is missing, and before it changes a cluster that lacks something."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import install_lab

ROOT = Path(__file__).parents[1]
NODE = os.environ.get("JSII_NODE") or shutil.which("node") or "node"

KUBECTL = """\
#!/bin/sh
echo "$@" >>"{log}"
shift 2
case "$1 $2 $3" in
  "version --output json") echo '{{"serverVersion": {{"gitVersion": "v1.34.1"}}}}' ;;
  "get crd helmcharts.helm.cattle.io") ;;
  "get crd clusters.postgresql.cnpg.io") exit 1 ;;
  "get secrets --namespace") ;;
  "get customresourcedefinitions.apiextensions.k8s.io --output")
    echo '{{"items": [{{"metadata": {{"name": "helmcharts.helm.cattle.io"}}}}]}}' ;;
  *) echo '{{"items": []}}' ;;
esac
"""


def lab(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.install_lab", *arguments]
    environment = {**os.environ, "PATH": path, "JSII_NODE": NODE}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What was asked of a kubectl whose cluster has k3s' helm-controller and no storage."""
    file, log = tmp_path / "kubectl", tmp_path / "log"
    file.write_text(KUBECTL.format(log=log), encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return log


def test_lab_changes_nothing_on_a_cluster_that_lacks_what_it_requires(log: Path) -> None:
    done = lab("up", "--context", "lab", path=f"{log.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1
    assert "the cluster lacks what the lab requires" in done.stderr
    assert "doctor/no-default-storage-class" in done.stderr
    assert "Traceback" not in done.stderr
    # One command per line, but for the template for Secrets, which contains a line break.
    commands = [line.split() for line in log.read_text(encoding="utf-8").replace("\n{{end}}", "{{end}}").splitlines()]
    assert {tuple(words[:2]) for words in commands} == {("--context", "lab")}
    assert {words[2] for words in commands} == {"get", "version"}


def test_lab_without_kubectl_is_an_error(tmp_path: Path) -> None:
    done = lab("up", "--context", "lab", path=str(tmp_path))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "Error: kubectl is not installed. Install kubectl.")


def test_lab_without_a_context_is_refused(tmp_path: Path) -> None:
    assert "Missing option '--context'" in lab("up", path=str(tmp_path)).stderr


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", []),
        ("[2026-01-01T00:00:00] INFO - loading\nNo data found\n", []),
        (
            '[2026-01-01T00:00:00] INFO - loading\n[{"run_id": "a", "state": "success"}]\n',
            [{"run_id": "a", "state": "success"}],
        ),
    ],
)
def test_list_is_read_after_log_lines(output: str, expected: list[dict[str, str]]) -> None:
    assert install_lab._json_list(output) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Pending"}, "Pending, 0 of 0 containers ready"),
        (
            {"phase": "Running", "containerStatuses": [{"name": "a", "ready": True}, {"name": "b", "ready": False}]},
            "Running, 1 of 2 containers ready",
        ),
        (
            {
                "phase": "Pending",
                "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}],
                "containerStatuses": [
                    {"name": "a", "image": "r/i:1", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
                ],
            },
            "Pending, 0 of 1 containers ready; a: ImagePullBackOff (r/i:1)",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes are available: 1 Insufficient cpu.",
                    }
                ],
            },
            "Pending, 0 of 0 containers ready; Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
        ),
    ],
)
def test_what_keeps_a_pod_from_starting_is_shown(status: dict[str, Any], expected: str) -> None:
    assert install_lab.pod_text({"status": status}) == expected

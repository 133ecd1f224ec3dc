"""Delivery with the helm command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cdk8s_airflow.app import files
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.source import ChartSource
from tests.delivery.wire.samples import TEXT, delivered


def run(delivery: HelmCommand, folder: Path, *arguments: str) -> list[str]:
    """The arguments of helm when a shell runs the script with a fake helm."""
    files.write(delivered(delivery).files, folder)
    fake = folder / "bin" / "helm"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    script = folder / "helm" / "lab" / "install.sh"
    environment = {"PATH": f"{fake.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", script, *arguments], capture_output=True, text=True, check=True, cwd="/", env=environment
    )
    return done.stdout.splitlines()


def test_helm_command_writes_files_and_no_objects() -> None:
    result = delivered(HelmCommand())
    assert result.objects == {}
    assert list(result.files) == ["helm/lab/values.yml", "helm/lab/install.sh"]
    first, _, rest = result.files["helm/lab/values.yml"].partition("\n")
    assert first.startswith("#")
    assert rest == TEXT


def test_script_calls_helm_with_these_arguments(tmp_path: Path) -> None:
    arguments = run(HelmCommand(timeout="1h"), tmp_path, "--kube-context", "the lab")
    assert arguments == [
        *("upgrade", "--install", "lab", "airflow", "--repo", "https://airflow.apache.org"),
        *("--version", "1.22.0", "--namespace", "airflow-lab", "--timeout", "1h"),
        *("--values", f"{tmp_path}/helm/lab/values.yml", "--kube-context", "the lab"),
    ]


@pytest.mark.parametrize(
    ("source", "chart"),
    [
        (ChartSource.oci("oci://r.lab/charts/airflow"), ["oci://r.lab/charts/airflow"]),
        (ChartSource.https("https://c.lab/", name="flow"), ["flow", "--repo", "https://c.lab"]),
    ],
)
def test_script_uses_the_configured_chart_source(tmp_path: Path, source: ChartSource, chart: list[str]) -> None:
    assert run(HelmCommand(source=source), tmp_path)[3 : 3 + len(chart)] == chart


def test_script_does_not_use_wait() -> None:
    script = delivered(HelmCommand()).files["helm/lab/install.sh"]
    for word in ("--wait", "--atomic", "--rollback-on-failure", "--reuse-values", "--create-namespace"):
        assert word not in script


def test_recovery_runs_the_same_command() -> None:
    (note,) = delivered(HelmCommand()).notes
    assert "run its command again" in note
    assert note.splitlines()[1] == (
        "  kubectl -n airflow-lab delete secret "
        "-l 'owner=helm,name=lab,status in (pending-install,pending-upgrade,pending-rollback)'"
    )

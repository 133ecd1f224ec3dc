"""Files next to the manifests: written and removed with them, however the program is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cdk8s
import pytest

from cdk8s_airflow import HelmCommand, K3sHelmChart, Namespace, PlatformError, synth
from cdk8s_airflow.app import files
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.report.summary import summary
from tests.making import make_airflow

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "node_modules" / ".bin" / "cdk8s"
NODE = ROOT / ".venv" / "bin"

PROGRAM = """
from cdk8s import App, Chart
from cdk8s_airflow import *

def build():
    app = App()
    chart = Chart(app, "20-airflow")
    AirflowChart(
        chart, "airflow", namespace=Namespace(chart, "ns", name="airflow"),
        database=ExternalDatabase(url=DsnSecret("metadata")).connection(),
        keys=AirflowKeys.existing(prefix="airflow"), executor=KubernetesExecutor(), logs=Logs.ephemeral(),
        delivery=HelmCommand(),
    )
    return app

if __name__ == "__main__":
    run(build)
"""
WRITTEN = ["20-airflow.k8s.yaml", "helm/airflow/install.sh", "helm/airflow/values.yml"]


def app_in(folder: Path, *releases: str, broken: bool = False) -> cdk8s.App:
    """An app with releases by hand."""
    app = cdk8s.App(outdir=str(folder))
    for release in releases:
        chart = cdk8s.Chart(app, release)
        Namespace(chart, release)
        make_airflow(chart, release=release, namespace=Namespace.existing(release), delivery=HelmCommand())
    if broken:
        cdk8s.ApiObject(cdk8s.Chart(app, "broken"), "a", api_version="v1", kind="ConfigMap")
        cdk8s.ApiObject.of(app.node.find_child("broken").node.find_child("a")).add_json_patch(
            cdk8s.JsonPatch.test("/kind", "Secret")
        )
    return app


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_files_are_written_with_the_manifests_and_taken_away_with_their_release(tmp_path: Path) -> None:
    synth(app_in(tmp_path, "one", "two"))
    assert listed(tmp_path) == [
        "helm/one/install.sh",
        "helm/one/values.yml",
        "helm/two/install.sh",
        "helm/two/values.yml",
        "one.k8s.yaml",
        "two.k8s.yaml",
    ]
    synth(app_in(tmp_path, "two"))
    assert listed(tmp_path) == ["helm/two/install.sh", "helm/two/values.yml", "two.k8s.yaml"]
    assert not (tmp_path / "helm" / "one").exists()


def test_another_delivery_leaves_no_file_of_the_last_one(tmp_path: Path) -> None:
    synth(app_in(tmp_path, "one"))
    app = cdk8s.App(outdir=str(tmp_path))
    make_airflow(cdk8s.Chart(app, "one"), delivery=K3sHelmChart())
    synth(app)
    assert listed(tmp_path) == ["one.k8s.yaml"]
    assert not (tmp_path / "helm").exists()


def test_what_somebody_else_put_there_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "helm" / "one" / "notes.md"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"mine \xff\n")
    synth(app_in(tmp_path, "one"))
    synth(app_in(tmp_path), allow_empty=True)
    assert listed(tmp_path) == ["helm/one/notes.md"]
    assert other.read_bytes() == b"mine \xff\n"


def test_a_second_run_writes_the_same_bytes(tmp_path: Path) -> None:
    synth(app_in(tmp_path, "one"))
    first = {name: (tmp_path / name).read_bytes() for name in listed(tmp_path)}
    synth(app_in(tmp_path, "one"))
    assert {name: (tmp_path / name).read_bytes() for name in listed(tmp_path)} == first


def test_a_run_that_fails_puts_the_files_back(tmp_path: Path) -> None:
    synth(app_in(tmp_path, "one"))
    first = {name: (tmp_path / name).read_bytes() for name in listed(tmp_path)}
    with pytest.raises(PlatformError):
        synth(app_in(tmp_path, "two", broken=True))
    assert {name: (tmp_path / name).read_bytes() for name in listed(tmp_path)} == first


def test_kubectl_and_cdk8s_take_none_of_them_for_a_manifest(tmp_path: Path) -> None:
    synth(app_in(tmp_path, "one"))
    others = [name for name in listed(tmp_path) if "/" in name]
    assert others
    assert not any(name.endswith((".yaml", ".json")) for name in others)


def test_only_what_carries_the_mark_is_ours(tmp_path: Path) -> None:
    files.write({"helm/a/x": f"{files.MARK}\n", "helm/a/y": f"#!/bin/sh\n{files.MARK}\n"}, tmp_path)
    files.write(
        {"helm/a/z": f"1\n2\n{files.MARK}\n", "helm/b/w": f" {files.MARK}\n", "other/a/v": f"{files.MARK}\n"}, tmp_path
    )
    assert [path.name for path in files.written(tmp_path, ".k8s.yaml")] == ["x", "y"]


def test_a_program_that_is_run_writes_them(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PROGRAM)
    subprocess.run([sys.executable, "main.py"], cwd=tmp_path, check=True, capture_output=True)
    assert listed(tmp_path / "dist") == WRITTEN


@pytest.mark.skipif(not CLI.exists(), reason="needs npm's tools: make setup")
def test_the_cli_of_cdk8s_writes_them_too_and_lists_manifests_only(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "cdk8s.yaml").write_text(f"language: python\napp: {sys.executable} main.py\n")
    environment = {**os.environ, "PATH": f"{NODE}:{os.environ['PATH']}", "CDK8S_CHECK_UPGRADE": "false"}
    done = subprocess.run(
        [CLI, "synth", "--output", "out"], cwd=tmp_path, check=True, capture_output=True, text=True, env=environment
    )
    assert listed(tmp_path / "out") == WRITTEN
    assert [line.strip() for line in done.stdout.splitlines() if line.startswith("  - ")] == [
        "- out/20-airflow.k8s.yaml"
    ]


def test_the_summary_says_how_to_install_what_is_no_manifest(tmp_path: Path) -> None:
    app = app_in(tmp_path, "one")
    synth(app)
    assert f"\n     sh {tmp_path}/helm/one/install.sh\n" in summary(registry_of(app), tmp_path)


def test_the_summary_reports_that_cdk8s_alone_has_written(tmp_path: Path) -> None:
    app = app_in(tmp_path, "one")
    app.synth()
    said = " ".join(summary(registry_of(app), tmp_path).split())
    for name in ("install.sh", "values.yml"):
        assert f"{tmp_path}/helm/one/{name} is missing or old: only run() and synth() of cdk8s_airflow write it" in said
    assert f" sh {tmp_path}" not in said

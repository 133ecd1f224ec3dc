"""The command line for a program with several environments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.cli import main

PROGRAM = """
from dataclasses import dataclass
from cdk8s import App, Chart
from cdk8s_airflow import Namespace, Quota
from cdk8s_airflow.environments import Environment, Environments

@dataclass(frozen=True)
class Settings:
    name: str
    pods: int

def build(settings: Settings) -> App:
    app = App()
    Namespace(Chart(app, "00-namespaces"), "airflow", name=settings.name, quota=Quota(pods=settings.pods))
    return app

PLATFORM = Environments(
    build,
    {
        "staging": Environment(settings=Settings("airflow-staging", 10), context="k3d-lab"),
        "prod": Environment(settings=Settings("airflow", 50), context="eks-prod"),
    },
    expected_differences=["name"],
)

if __name__ == "__main__":
    PLATFORM.run()
"""


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the program and its committed output."""
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    subprocess.run([sys.executable, "main.py"], cwd=tmp_path, check=True)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(project: Path, old: str, new: str) -> None:
    text = (project / "main.py").read_text("utf-8")
    assert old in text
    (project / "main.py").write_text(text.replace(old, new), encoding="utf-8")


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["plan", "--format", "json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def found(document: Any) -> list[tuple[str, str, str]]:
    return [(each["environment"], each["object"], each["path"]) for each in document["changes"]]


def test_plan_compares_every_environment_with_git(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(capsys) == {"changes": []}
    change(project, '"airflow", 50', '"airflow", 60')
    assert found(plan(capsys)) == [("prod", "ResourceQuota/airflow/quota", "spec.hard.pods")]
    assert plan(capsys, "--environment", "staging") == {"changes": []}
    assert main(["plan"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if " -> main.py" in line]
    assert [title.partition(" -> ")[2] for title in titles] == [
        "main.py (environment staging, kubectl context k3d-lab)",
        "main.py (environment prod, kubectl context eks-prod)",
    ]


def test_plan_shows_that_a_removed_environment_is_deleted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        project, '        "staging": Environment(settings=Settings("airflow-staging", 10), context="k3d-lab"),\n', ""
    )
    assert found(plan(capsys)) == [
        ("staging", "Namespace//airflow-staging", ""),
        ("staging", "ResourceQuota/airflow-staging/quota", ""),
    ]


def test_plan_of_two_folders_pairs_their_environments(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "dist").rename(project / "old")
    change(project, '"airflow", 50', '"airflow", 60')
    subprocess.run([sys.executable, "main.py"], cwd=project, check=True)
    assert found(plan(capsys, "old", "dist")) == [("prod", "ResourceQuota/airflow/quota", "spec.hard.pods")]


def test_between_lists_settings_and_objects_without_what_is_expected(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(capsys, "--between", "staging", "prod") == {
        "settings": [{"setting": "pods", "staging": "10", "prod": "50"}],
        "expected": ["name"],
        "objects": [
            {
                "object": "ResourceQuota/airflow-staging/quota",
                "path": "spec.hard.pods",
                "staging": "10",
                "prod": "50",
                "kind": "changed",
            }
        ],
    }
    assert main(["plan", "--between", "staging", "prod"]) == 0
    assert capsys.readouterr().out == (
        "staging -> prod\n\nSettings that differ\n  pods  10 -> 50\n"
        "Expected to differ, left out with what follows from them: name\n\nObjects that differ\n"
        "  ResourceQuota airflow-staging/quota\n    spec.hard.pods: 10 -> 50\n\n1 setting and 1 object differ.\n"
    )
    assert main(["plan", "--between", "staging", "prod", "--format", "markdown"]) == 0
    assert "| `pods` | 10 | 50 |" in capsys.readouterr().out


def test_unknown_environment_is_an_error_of_use(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--between", "staging", "prd"]) == 1
    assert "Did you mean 'prod'?" in capsys.readouterr().err
    assert main(["plan", "--environment", "prd"]) == 1
    assert "Did you mean 'prod'?" in capsys.readouterr().err
    assert main(["plan", "--between", "prod", "prod"]) == 1
    assert "two different environments" in capsys.readouterr().err


def test_summary_names_each_environment_and_its_context(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "main.py", "dist"]) == 0
    text = capsys.readouterr().out
    assert "Environment staging, kubectl context k3d-lab\n" in text
    assert "kubectl --context k3d-lab apply --server-side -f dist/staging/\n" in text
    assert "kubectl --context eks-prod apply --server-side -f dist/prod/\n" in text
    assert main(["summary", "main.py", "dist", "--environment", "prod"]) == 0
    assert "staging" not in capsys.readouterr().out

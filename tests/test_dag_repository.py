"""examples/dag_repository: both pipelines run the same checks, and the checks find what they should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.airflow.wire.samples import PAIRS
from tests.examples_built import EXAMPLES
from tests.helm.airflow import python_of

REPOSITORY = EXAMPLES / "dag_repository"
LINT = "ruff check dags checks"
IMPORT = "python checks/check_dags.py dags"
VERSIONS = sorted({airflow for _, airflow in PAIRS})

ARTICLES = [
    EXAMPLES / name / "dags" for name in ("environments", "five_steps", "homelab", "production_aws", "teaching")
]

BROKEN = """
from airflow.nothing import dag
"""
CARELESS = """
import pendulum
from airflow.decorators import dag, task
@dag(dag_id="careless", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=None)
def careless():
    @task
    def only(): ...
    only()
careless()
"""


def pipeline(path: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))
    return read


def test_both_pipelines_have_the_same_jobs_and_checks() -> None:
    gitlab, github = pipeline(".gitlab-ci.yml"), pipeline(".github/workflows/dags.yml")["jobs"]
    jobs = {name for name, job in gitlab.items() if isinstance(job, dict) and "script" in job}
    assert jobs == set(github) == {"lint", "import", "build", "deploy"}
    for job, command in (("lint", LINT), ("import", IMPORT)):
        assert command in gitlab[job]["script"]
        assert command in [step.get("run") for step in github[job]["steps"]]


def test_image_is_built_from_the_airflow_version_of_the_pipelines() -> None:
    default = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()[0].partition("=")[2]
    assert pipeline(".gitlab-ci.yml")["variables"]["AIRFLOW_VERSION"] == default
    assert pipeline(".github/workflows/dags.yml")["env"]["AIRFLOW_VERSION"] == default


def test_lint_of_the_pipeline_passes_for_the_dags_of_all_examples() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed: make .venv/.dev")
    for command in (LINT.split()[1:], ["check", "--config", REPOSITORY / "ruff.toml", *ARTICLES]):
        run = subprocess.run(
            [ruff, *command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr


def checked(version: str, folder: Path, home: Path) -> tuple[int, str]:
    """Exit status and output of the import check with a real Airflow."""
    run = subprocess.run(
        [str(python_of(version)), "checks/check_dags.py", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(home), "AIRFLOW_HOME": str(home)},
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_import_check_passes_and_finds_mistakes(version: str, tmp_path: Path) -> None:
    status, printed = checked(version, REPOSITORY / "dags", tmp_path)
    assert (status, printed.splitlines()[-1]) == (0, "all DAGs are fine")
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "broken.py").write_text(BROKEN)
    (wrong / "careless.py").write_text(CARELESS)
    status, printed = checked(version, wrong, tmp_path)
    assert status == 1
    assert "broken.py: ModuleNotFoundError: No module named 'airflow.nothing'" in printed
    assert "careless has no owner" in printed
    assert "careless.only has no retries" in printed


@pytest.mark.parametrize("version", VERSIONS)
def test_dags_of_the_other_examples_pass_the_import_check(version: str, tmp_path: Path) -> None:
    for folder in ARTICLES:
        status, printed = checked(version, folder, tmp_path)
        assert (status, printed.splitlines()[-1]) == (0, "all DAGs are fine"), printed

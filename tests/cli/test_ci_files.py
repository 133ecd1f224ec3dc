"""The CI files of the documentation, run step by step in a temporary repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_plan import CLAIM, CLUSTER, PROGRAM, SMALLER, git, write

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "plan-a-change.md"


def ci_file(title: str) -> dict[str, Any]:
    """The YAML file below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    match = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert match
    found = yaml.safe_load(match[1])
    assert isinstance(found, dict)
    return found


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH: our command, and stand-ins for what a runner has, which write down how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cdk8s-airflow").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m cdk8s_airflow "$@"\n', encoding="utf-8"
    )
    for name in ("pip", "gh", "curl"):
        (folder / name).write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/{name}.called"\n', encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o755)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with a branch on which the program gives a smaller volume."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    (origin / "main.py").write_text(PROGRAM, encoding="utf-8")
    (origin / "source.yaml").write_text(yaml.safe_dump_all([CLUSTER, CLAIM]), encoding="utf-8")
    (origin / "requirements.txt").write_text("", encoding="utf-8")
    write(origin / "dist", CLUSTER, CLAIM)
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", str(origin), "clone")
    clone = tmp_path / "clone"
    git(clone, "checkout", "-qb", "change")
    return clone


def shrink(repository: Path) -> None:
    (repository / "source.yaml").write_text(yaml.safe_dump_all([SMALLER, CLAIM]), encoding="utf-8")


def environment(tools: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_"))}
    return {**kept, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **more}


def run(script: str, repository: Path, variables: dict[str, str], shell: list[str]) -> int:
    return subprocess.run(
        [*shell, "-c", script], cwd=repository, env=variables, check=False, capture_output=True
    ).returncode


def github(repository: Path, tools: Path) -> tuple[int, str]:
    """Run the job as a GitHub runner does; the status of the first step that fails, and the summary of the job."""
    (job,) = ci_file("Comment on pull requests with GitHub Actions")["jobs"].values()
    known = {"github.base_ref": "main", "github.token": "token", "github.event.pull_request.number": "12"}
    summary, variables = repository / ".summary", repository / ".variables"
    for file in (summary, variables):
        file.touch()
    for step in job["steps"]:
        if "run" not in step:
            continue
        own = {
            name: re.sub(r"\$\{\{ (.+?) \}\}", lambda match: known[match[1]], value)
            for name, value in step.get("env", {}).items()
        }
        stored = dict(line.split("=", 1) for line in variables.read_text(encoding="utf-8").splitlines())
        given = environment(tools, GITHUB_STEP_SUMMARY=str(summary), GITHUB_ENV=str(variables), **stored, **own)
        status = run(step["run"], repository, given, ["bash", "--noprofile", "--norc", "-eo", "pipefail"])
        if status:
            return status, summary.read_text(encoding="utf-8")
    return 0, summary.read_text(encoding="utf-8")


def test_github_job_passes_without_a_change(repository: Path, tools: Path, tmp_path: Path) -> None:
    assert github(repository, tools) == (0, (repository / "plan.md").read_text(encoding="utf-8"))
    assert "No change." in (repository / "plan.md").read_text(encoding="utf-8")
    assert (tmp_path / "gh.called").read_text(encoding="utf-8") == (
        "pr comment 12 --body-file plan.md --edit-last --create-if-none\n"
    )


def test_github_job_comments_and_fails_on_data_at_risk(repository: Path, tools: Path, tmp_path: Path) -> None:
    shrink(repository)
    status, summary = github(repository, tools)
    assert status == 2
    assert "The volume would shrink from 50Gi to 20Gi." in summary
    assert (tmp_path / "gh.called").exists()


def test_github_job_fails_before_the_comment_if_no_plan_is_made(repository: Path, tools: Path, tmp_path: Path) -> None:
    (repository / "main.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    assert github(repository, tools)[0] == 1
    assert not (tmp_path / "gh.called").exists()


def gitlab(repository: Path, tools: Path) -> int:
    """Run the job as a GitLab runner does: all lines in one shell that ends at the first error."""
    job = ci_file("Comment on merge requests with GitLab CI")["plan"]
    given = environment(
        tools,
        CI_MERGE_REQUEST_DIFF_BASE_SHA=git(repository, "rev-parse", "origin/main").strip(),
        CI_API_V4_URL="https://gitlab.example.com/api/v4",
        CI_PROJECT_ID="7",
        CI_MERGE_REQUEST_IID="12",
        PLAN_TOKEN="unset",
    )
    return run("\n".join(job["script"]), repository, given, ["bash", "-eo", "pipefail"])


def test_gitlab_job_passes_without_a_change(repository: Path, tools: Path) -> None:
    assert gitlab(repository, tools) == 0


def test_gitlab_job_comments_and_fails_on_data_at_risk(repository: Path, tools: Path, tmp_path: Path) -> None:
    shrink(repository)
    assert gitlab(repository, tools) == 2
    assert "The volume would shrink" in (repository / "plan.md").read_text(encoding="utf-8")
    assert (
        (tmp_path / "curl.called")
        .read_text(encoding="utf-8")
        .endswith("https://gitlab.example.com/api/v4/projects/7/merge_requests/12/notes\n")
    )


def test_gitlab_job_fails_before_the_comment_if_no_plan_is_made(repository: Path, tools: Path, tmp_path: Path) -> None:
    (repository / "main.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    assert gitlab(repository, tools) == 1
    assert not (tmp_path / "curl.called").exists()

"""The workflows for GitHub use commands, files and options that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    return [step for job in document["jobs"].values() for step in job["steps"]]


def test_there_is_a_workflow_for_a_real_cluster() -> None:
    assert [file.name for file in WORKFLOWS] == ["cluster.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_targets_of_make_exist(workflow: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = {name for step in steps(workflow) for name in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert used
    assert {name for name in used if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_scripts_are_valid_bash(workflow: Path) -> None:
    for step in steps(workflow):
        script = re.sub(r"\$\{\{.*?\}\}", "value", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step.get('name')}: {done.stderr}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_selected_cluster_tests_exist(workflow: Path) -> None:
    for step in steps(workflow):
        for selection in re.findall(r"make cluster-test ARGS=\"-k '([^']+)'", step.get("run", "")):
            for word in selection.split(" or "):
                assert list((ROOT / "tests" / "cluster").glob(f"test_*{word}*.py")), word


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_paths_that_start_a_workflow_exist(workflow: Path) -> None:
    # YAML 1.1 reads the key "on" as true.
    triggers = yaml.safe_load(workflow.read_text(encoding="utf-8"))[True]
    for pattern in triggers["pull_request"]["paths"]:
        assert list(ROOT.glob(pattern)), pattern

"""A program that does not catch a PlatformError prints its findings, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

AT_THE_TOP = {
    "environment": (
        "from cdk8s_airflow.environments import Environment, Environments\n\n"
        "ENVIRONMENTS = Environments(print, {'dev': Environment(settings=1, context='dev')})\n",
        "line 3:\nenvironments.dev.settings must be an instance of a frozen dataclass, got 1 (int).",
    ),
    "environments": (
        "from cdk8s_airflow.environments import Environments\n\nENVIRONMENTS = Environments(print, {})\n",
        "line 3:\nenvironments must have at least one environment, got {}.",
    ),
}  # fmt: skip


def run_program(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = folder / "main.py"
    program.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, "main.py"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("program", "expected"), AT_THE_TOP.values(), ids=AT_THE_TOP)
def test_finding_at_the_top_of_a_program_is_printed_without_a_traceback(
    program: str, expected: str, tmp_path: Path
) -> None:
    result = run_program(program, tmp_path)
    assert result.returncode == 1
    assert expected in result.stderr
    assert result.stderr.endswith("1 finding. Nothing was written.\n")
    assert "Traceback" not in result.stderr


def test_other_exceptions_keep_their_traceback(tmp_path: Path) -> None:
    program = (
        "from cdk8s_airflow.validation import PlatformError\n\nPlatformError([])\nraise ValueError('of the program')\n"
    )
    result = run_program(program, tmp_path)
    assert result.stderr.startswith("Traceback")
    assert "ValueError: of the program" in result.stderr


def test_exception_hook_of_the_program_stays(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom cdk8s_airflow.environments import Environments\n\n"
        "sys.excepthook = lambda *_: print('own hook')\nEnvironments(print, {})\n"
    )
    assert run_program(program, tmp_path).stdout == "own hook\n"

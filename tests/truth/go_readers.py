"""Reads YAML and cron schedules with the Go libraries that kubectl, Helm, the API server and the controllers use."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).with_name("go_readers")


@functools.cache
def _program() -> tuple[Path | None, str]:
    """The built program, or why there is none."""
    go = shutil.which("go")
    if go is None:
        return None, "needs Go"
    built = Path(tempfile.mkdtemp(prefix="go-readers-")) / "go-readers"
    run = subprocess.run([go, "build", "-o", built, "."], cwd=SOURCE, capture_output=True, text=True, check=False)
    return (built, "") if run.returncode == 0 else (None, f"Go cannot build {SOURCE.name}: {run.stderr.strip()[-200:]}")


def _run(mode: str, text: str) -> Any:
    program, reason = _program()
    if program is None:
        pytest.skip(reason)
    return json.loads(subprocess.run([program, mode], input=text.encode(), capture_output=True, check=True).stdout)


def read_yaml_with_go(text: str) -> dict[str, Any]:
    """What each Go library reads in a YAML file: name of the library -> list of documents, or its error as a string.

    Skips the test that calls it if there is no Go.
    """
    read: dict[str, Any] = _run("yaml", text)
    return read


def cron_errors_of_go(schedules: Sequence[str]) -> list[str]:
    """The error of Kubernetes' parser for each schedule, ``""`` if it accepts the schedule.

    Skips the test that calls it if there is no Go.
    """
    errors: list[str] = _run("cron", json.dumps(list(schedules)))
    return errors

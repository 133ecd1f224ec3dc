"""Reads YAML with the Go libraries that kubectl, Helm and the controllers use."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).with_name("yaml_readers")


@functools.cache
def _program() -> tuple[Path | None, str]:
    """The built program, or why there is none."""
    go = shutil.which("go")
    if go is None:
        return None, "needs Go"
    built = Path(tempfile.mkdtemp(prefix="yaml-readers-")) / "yaml-readers"
    run = subprocess.run([go, "build", "-o", built, "."], cwd=SOURCE, capture_output=True, text=True, check=False)
    return (built, "") if run.returncode == 0 else (None, f"Go cannot build {SOURCE.name}: {run.stderr.strip()[-200:]}")


def read_with_go(text: str) -> dict[str, Any]:
    """What each Go library reads in a YAML file: name of the library -> list of documents, or its error as a string.

    Skips the test that calls it if there is no Go.
    """
    program, reason = _program()
    if program is None:
        pytest.skip(reason)
    run = subprocess.run([program], input=text.encode(), capture_output=True, check=True)
    read: dict[str, Any] = json.loads(run.stdout)
    return read

"""The archive that ships is what the TypeScript source gives."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "lib" / "cdk8s_airflow" / "kube" / "bulk" / "_jsii" / "bulk.tgz"
TOOLS = ROOT / "node_modules" / "jsii-srcmak"


@pytest.mark.skipif(not TOOLS.exists(), reason="needs the tools of package.json, which make sets up")
def test_the_committed_archive_is_what_the_source_gives(tmp_path: Path) -> None:
    built = tmp_path / "bulk.tgz"
    node = os.environ.get("JSII_NODE", "node")
    run = subprocess.run([node, ROOT / "edge" / "build.mjs", built], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert built.read_bytes() == COMMITTED.read_bytes(), "run: make edge"

"""The output that a program gives now, without touching its output folder."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Platform, read_folder


def run_program(program: Path) -> Platform:
    """The platform that a program writes when cdk8s runs it: in its folder, with another output folder.

    Args:
        program: the Python file that cdk8s runs, like ``main.py``.

    Raises:
        PlanError: the file is missing, the program fails, or it writes nothing to the folder in ``CDK8S_OUTDIR``.
    """
    if not program.is_file():
        raise PlanError(
            f"{program} is not a file. Name the program with --program, or compare two folders: plan OLD NEW"
        )
    with tempfile.TemporaryDirectory(prefix="cdk8s-airflow-plan-") as temporary:
        folder, paths = Path(temporary) / "output", Path(temporary) / "paths.json"
        folder.mkdir()
        environment = {**os.environ, "CDK8S_OUTDIR": str(folder)}
        node = Path(sys.executable).with_name("node")
        if node.exists():
            environment.setdefault("JSII_NODE", str(node))
        run = subprocess.run(
            [sys.executable, "-m", "cdk8s_airflow.plan.program_runner", program.name, str(paths)],
            cwd=program.resolve().parent,
            env=environment,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if run.returncode:
            said = run.stderr.decode("utf-8", "replace").strip()
            raise PlanError(f"{program} failed:\n{said or f'exit status {run.returncode}'}")
        if not any(folder.iterdir()):
            raise PlanError(
                f"{program} wrote nothing to the folder that CDK8S_OUTDIR names. Create the app without outdir=: App()"
            )
        constructs = json.loads(paths.read_text(encoding="utf-8")) if paths.exists() else {}
        return dataclasses.replace(read_folder(folder, label=str(program)), constructs=constructs)

"""The output that a program gives now, without touching its output folder."""

from __future__ import annotations

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
    with tempfile.TemporaryDirectory(prefix="cdk8s-airflow-plan-") as folder:
        environment = {**os.environ, "CDK8S_OUTDIR": folder}
        node = Path(sys.executable).with_name("node")
        if node.exists():
            environment.setdefault("JSII_NODE", str(node))
        run = subprocess.run(
            [sys.executable, program.name],
            cwd=program.resolve().parent,
            env=environment,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if run.returncode:
            said = run.stderr.decode("utf-8", "replace").strip()
            raise PlanError(f"{program} failed:\n{said or f'exit status {run.returncode}'}")
        if not any(Path(folder).iterdir()):
            raise PlanError(
                f"{program} wrote nothing to the folder that CDK8S_OUTDIR names. Create the app without outdir=: App()"
            )
        return read_folder(Path(folder), label=str(program))

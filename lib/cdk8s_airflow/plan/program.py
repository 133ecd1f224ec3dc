"""The output that a program gives now, without touching its output folder."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Platform, read_folder


@dataclass(frozen=True)
class ProgramEnvironment:
    """What a program declares about one of its environments.

    Attributes:
        context: the kubectl context.
        cluster: the name of the cluster.
        settings: path of each setting -> its value as text.
    """

    context: str
    cluster: str
    settings: Mapping[str, str]


@dataclass(frozen=True)
class ProgramOutput:
    """What a program writes.

    Attributes:
        platforms: the platform of each environment; of ``""`` for a program without environments.
        environments: what it declares about each environment that was written.
        expected: the settings that are expected to differ between environments.
        comparable: with ``between=``, the second environment with the expected differences taken from the first.
    """

    platforms: Mapping[str, Platform]
    environments: Mapping[str, ProgramEnvironment] = field(default_factory=dict)
    expected: tuple[str, ...] = ()
    comparable: Platform | None = None


def run_program(
    program: Path, *, environments: Sequence[str] = (), between: tuple[str, str] | None = None
) -> ProgramOutput:
    """What a program writes when cdk8s runs it: in its folder, with another output folder.

    Args:
        program: the Python file that cdk8s runs, like ``main.py``.
        environments: the environments that are written. Default: all.
        between: two environments, for ``comparable``.

    Raises:
        PlanError: the file is missing, the program fails, or it writes nothing to the folder in ``CDK8S_OUTDIR``.
    """
    if not program.is_file():
        raise PlanError(
            f"{program} is not a file. Name the program with --program, or compare two folders: plan OLD NEW"
        )
    with tempfile.TemporaryDirectory(prefix="cdk8s-airflow-plan-") as temporary:
        place = Path(temporary)
        folder, result, comparable = place / "output", place / "result.json", place / "comparable"
        folder.mkdir()
        chosen = list(between or environments)
        run = subprocess.run(
            [
                *(sys.executable, "-m", "cdk8s_airflow.plan.program_runner", program.name, str(result)),
                *([*between, str(comparable)] if between else []),
            ],
            cwd=program.resolve().parent,
            env={**_variables(folder), **({"CDK8S_AIRFLOW_ENVIRONMENT": ",".join(chosen)} if chosen else {})},
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
        told = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
        if chosen and not told.get("environments"):
            raise PlanError(f"{program} has no environments. Declare them with Environments(...).run()")
        return _output(program, folder, comparable, told)


def _variables(folder: Path) -> dict[str, str]:
    variables = {**os.environ, "CDK8S_OUTDIR": str(folder)}
    variables.pop("CDK8S_AIRFLOW_ENVIRONMENT", None)
    node = Path(sys.executable).with_name("node")
    if node.exists():
        variables.setdefault("JSII_NODE", str(node))
    return variables


def _output(program: Path, folder: Path, comparable: Path, told: Mapping[str, Any]) -> ProgramOutput:
    environments = {name: ProgramEnvironment(**facts) for name, facts in told.get("environments", {}).items()}
    constructs = told.get("constructs", {})
    platforms = {
        name: dataclasses.replace(
            read_folder(folder / name, label=str(program)),
            constructs=constructs.get(name, {}),
        )
        for name in environments or [""]
    }
    return ProgramOutput(
        platforms,
        environments,
        tuple(told.get("expected", ())),
        read_folder(comparable, label=str(program)) if comparable.is_dir() else None,
    )

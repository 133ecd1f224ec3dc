"""Ask a real Airflow what it makes of a configuration.

Airflow is no part of this repository and shares no environment with it. The environment variable ``CDK8S_AIRFLOW_VENVS`` names
a folder that has ``<version>/bin/python`` for each Airflow that is there, with the providers whose sections are looked at. Without
the variable the tests that need it are skipped; with it, only those of versions that are not there.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

VENVS_VARIABLE = "CDK8S_AIRFLOW_VENVS"
"""The environment variable that names the folder with an environment for each version of Airflow."""

_ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.configuration import conf, retrieve_configuration_description
asked = [tuple(name) for name in json.load(sys.stdin)]
parsers = {"core": conf}
try:
    from airflow.sdk.configuration import conf as by_tasks
    parsers["sdk"] = by_tasks
except ImportError:
    pass
described = retrieve_configuration_description()
known = [name for name in asked if name[1] in described.get(name[0], {}).get("options", {})]
read = {which: [[*name, parser.get(*name)] for name in asked] for which, parser in parsers.items()}
print(json.dumps({"known": known, "read": read}))
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Airflow says of some options.

    Attributes:
        read: parser (``core``, and with Airflow 3.2 and later ``sdk``, by which tasks read) -> option -> value.
        known: those that this version or one of its providers describes.
    """

    read: Mapping[str, Mapping[tuple[str, str], str]]
    known: frozenset[tuple[str, str]]


def python_of(version: str) -> Path:
    """The Python that has this version of Airflow; skips the test where there is none."""
    folder = os.environ.get(VENVS_VARIABLE, "")
    if not folder:
        pytest.skip(
            f"set {VENVS_VARIABLE} to a folder with <version>/bin/python, each with that Airflow, to run this test"
        )
    python = Path(folder) / version / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no Airflow {version} in {folder}")
    return python


@functools.cache
def _home() -> Path:
    return Path(tempfile.mkdtemp(prefix="cdk8s-airflow-home-"))


def run_airflow(version: str, cfg: str, program: str, *, env: Mapping[str, str] | None = None, said: str = "") -> str:
    """Run a program by the Python of one Airflow that is configured by a text; what it printed.

    Args:
        version: the Airflow.
        cfg: its airflow.cfg.
        program: Python.
        env: environment variables; no others are set.
        said: the standard input of the program.
    """
    python = python_of(version)
    path = _home() / f"{version}.cfg"
    path.write_text(cfg, encoding="utf-8")
    done = subprocess.run(
        [str(python), "-c", program],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(_home()),
            "AIRFLOW_HOME": str(_home() / version),
            "AIRFLOW_CONFIG": str(path),
            "PYTHONUTF8": "1",
            **(env or {}),
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


def ask(version: str, cfg: str, names: Iterable[tuple[str, str]], *, env: Mapping[str, str] | None = None) -> Answer:
    """What one Airflow reads for options, by its own parsers."""
    said = json.dumps(sorted(names))
    answer = json.loads(run_airflow(version, cfg, _ASK, env=env, said=said))
    return Answer(
        read={which: {(s, o): value for s, o, value in rows} for which, rows in answer["read"].items()},
        known=frozenset((section, option) for section, option in answer["known"]),
    )

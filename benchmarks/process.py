"""Runs whole processes and reads from the operating system what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Cost

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "benchmarks" / "programs"

_SLOWS_EVERY_START = ("PYTHONDONTWRITEBYTECODE", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "PYTHONPATH")
_PEAKS_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10
"""The kernel of macOS counts the peak in bytes, others in KiB."""


class FailedError(Exception):
    """A measured program ended with an error, so its figures mean nothing."""


def environment() -> dict[str, str]:
    """The environment of a measured process: as on a user's machine, with the Node that make sets up, if there is one."""
    variables = {name: value for name, value in os.environ.items() if name not in _SLOWS_EVERY_START}
    node = Path(sys.executable).parent / "node"
    if node.exists():
        variables.setdefault("JSII_NODE", str(node))
    return variables


def run(command: Sequence[str | Path], folder: Path, extra: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Runs a command in a folder; its cost and what it wrote to standard output."""
    said, complaints = folder / "stdout", folder / "stderr"
    with said.open("w") as out, complaints.open("w") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**environment(), **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise FailedError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{complaints.read_text()}")
    cost = Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / _PEAKS_PER_MIB)
    return cost, said.read_text()


def interleaved(commands: Mapping[str, Sequence[str | Path]], folder: Path, rounds: int) -> dict[str, list[Cost]]:
    """Runs the commands in turn, round by round, after one round that is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            cost, _ = run(command, folder)
            if turn > 0:
                costs[name].append(cost)
    return costs

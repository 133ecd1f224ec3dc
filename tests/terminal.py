"""Runs a command with a terminal, so that its prompts (``read ... </dev/tty``) get answers."""

from __future__ import annotations

import fcntl
import os
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

_END = "\x04\x04"
"""Ctrl-D twice: the first one only ends a line that has no line break."""


def run_in_terminal(
    arguments: Sequence[str],
    *,
    typed: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a program that has a terminal of its own, and whose output goes to pipes.

    Args:
        arguments: the program and its arguments.
        typed: what is typed at the terminal. It ends with the end of the input (Ctrl-D).
        cwd: the folder to run in.
        env: the environment.
        timeout: seconds.
    """
    master, slave = os.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    os.write(master, f"{typed}{_END}".encode())
    try:
        return subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        )
    finally:
        os.close(master)
        os.close(slave)

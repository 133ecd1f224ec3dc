"""Ports for servers of tests, so that no two tests and no two runs on one machine get the same one."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

_FIRST, _LAST = 20000, 32000
"""Below the range from which the kernel takes the ports of outgoing connections."""

_held: list[IO[bytes]] = []
"""The locks of this process. The kernel releases them when it ends."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody listens on, and that no other test gets while this process runs.

    Args:
        kind: TCP, or UDP. Default: TCP.
    """
    folder = Path(tempfile.gettempdir()) / f"cdk8s-airflow-test-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in random.SystemRandom().sample(range(_FIRST, _LAST), 500):
        lock = (folder / str(port)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket(socket.AF_INET, kind) as listening:
                listening.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
    raise RuntimeError("no free port")

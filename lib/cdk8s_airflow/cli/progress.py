"""What is shown while a step takes long."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds after which a step that is still running is named on standard error."""


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Names a step on standard error if it takes longer than :data:`PATIENCE`: with a spinner on a terminal, as a line elsewhere.

    Args:
        text: what is done: ``Running main.py``.
    """
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(text, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(text: str, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    if not sys.stderr.isatty():
        sys.stderr.write(f"{text} ...\n")
        sys.stderr.flush()
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        done.wait()

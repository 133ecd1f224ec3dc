"""Starts Node early, so that Python loads modules while Node starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def node_starting() -> Iterator[None]:
    """Starts the Node process of jsii, runs the block, and then waits for the first message of the process.

    jsii itself starts Node when ``constructs`` is imported, and waits at once. That takes nearly half of the time of a small
    program. The block must not use jsii.

    Nothing is started here if ``constructs`` is loaded already, or if jsii starts Node in another way than the known one.
    """
    if "constructs" in sys.modules:
        yield
        return
    started = _started()
    try:
        yield
    finally:
        for process, handshake in started:
            handshake(process)


def _started() -> list[tuple[Any, Any]]:
    """The process that waits for its first message, and the function of jsii that reads it. Empty if there is none."""
    try:
        from jsii._kernel.providers.process import ProcessProvider, _NodeProcess
        from jsii._runtime import kernel

        process_class: Any = _NodeProcess
        handshake = process_class.handshake
    except (ImportError, AttributeError):
        return []
    if type(kernel.provider) is not ProcessProvider or not isinstance(vars(ProcessProvider).get("_process"), property):
        return []
    started: list[tuple[Any, Any]] = []
    process_class.handshake = lambda process: started.append((process, handshake))
    try:
        _ = kernel.provider._process  # starts Node when it is first read
    finally:
        process_class.handshake = handshake
    return started

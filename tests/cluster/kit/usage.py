"""What a platform uses while it is on a cluster: memory of its pods, and requests to the API server."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.cluster.kit.kubectl import Kubectl, KubectlError

_REQUESTS = re.compile(r"^apiserver_request_total\{[^}]*\} (\S+)$", re.MULTILINE)
_MIB = 2**20


@dataclass
class Usage:
    """What was measured.

    Attributes:
        seconds: how long it was measured.
        peak_memory: the most memory that all pods of the namespaces together used at once, in MiB: what the kubelets report
            as their working sets.
        requests: requests to the API server meanwhile, of all clients in the cluster.
        missing: why something was not measured, each reason once.
    """

    seconds: float = 0
    peak_memory: float = 0
    requests: int = 0
    missing: dict[str, None] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = f"{self.seconds:.0f} s, at most {self.peak_memory:.0f} MiB of memory, {self.requests} API requests"
        return "; ".join([figures, *(f"not measured: {reason}" for reason in self.missing)])


@contextmanager
def measured(kubectl: Kubectl, namespaces: Collection[str], *, interval: float = 5) -> Iterator[Usage]:
    """Measures until the block ends. What cannot be read is stated in the result.

    Args:
        kubectl: the cluster.
        namespaces: those whose pods count.
        interval: seconds between two looks at the memory.
    """
    usage = Usage()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(interval):
            with _stated(usage):
                usage.peak_memory = max(usage.peak_memory, memory(kubectl, namespaces))

    watcher = threading.Thread(target=watch, daemon=True)
    start, before = time.monotonic(), 0
    with _stated(usage):
        before = requests(kubectl)
    watcher.start()
    try:
        yield usage
    finally:
        done.set()
        watcher.join()
        usage.seconds = time.monotonic() - start
        with _stated(usage):
            usage.requests = requests(kubectl) - before


def memory(kubectl: Kubectl, namespaces: Collection[str]) -> float:
    """The memory of all pods of namespaces, in MiB."""
    total = 0
    for node in kubectl.run("get", "nodes", "-o", "name").stdout.split():
        summary = kubectl.run("get", "--raw", f"/api/v1/nodes/{node.partition('/')[2]}/proxy/stats/summary").stdout
        for pod in json.loads(summary)["pods"]:
            if pod["podRef"]["namespace"] in namespaces:
                total += pod.get("memory", {}).get("workingSetBytes", 0)
    return total / _MIB


def requests(kubectl: Kubectl) -> int:
    """How many requests the API server has answered."""
    return sum(int(float(count)) for count in _REQUESTS.findall(kubectl.run("get", "--raw", "/metrics").stdout))


@contextmanager
def _stated(usage: Usage) -> Iterator[None]:
    """What kubectl refuses is a reason, not an error."""
    try:
        yield
    except KubectlError as error:
        usage.missing[str(error).strip().splitlines()[-1]] = None

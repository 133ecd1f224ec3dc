"""CPU and memory requests and limits of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, Cpu
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.quantities import quantity


@frozen
class Resources:
    """CPU and memory requests and limits of a container (``resources``).

    Attributes:
        cpu: the CPU request, such as ``"250m"``, ``requests.cpu``. Required.
        memory: the memory request, such as ``"512Mi"``, ``requests.memory``. Required.
        memory_limit: the memory limit, ``limits.memory``. The container is killed above it. Default: None, the same as
            ``memory``, so that the container cannot exhaust the memory of its node.
        cpu_limit: the CPU limit, ``limits.cpu``. The container is slowed down above it. Default: None, no limit: a
            limit on a scheduler or triggerer delays heartbeats, and Airflow then kills tasks.
    """

    how_to_write: ClassVar[str] = 'Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")'

    cpu: Cpu
    memory: Bytes
    memory_limit: Bytes | None = None
    cpu_limit: Cpu | None = None

    def _rules(self) -> Iterator[Finding]:
        for name, request, limit in (("cpu", self.cpu, self.cpu_limit), ("memory", self.memory, self.memory_limit)):
            if limit is not None and quantity(request) > quantity(limit):
                yield Finding(
                    rule="resources/limit-below-request",
                    at=f"{name}_limit",
                    problem=f"must be at least the request {name}={request!r}",
                    seen=repr(limit),
                    fix=f"Use {name}_limit={request!r} or more, or lower {name}",
                )

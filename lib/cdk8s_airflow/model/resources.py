"""CPU and memory of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Bytes, Cpu, quantity
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Resources:
    """What a container is given, and what it may not exceed.

    Attributes:
        cpu: the CPU the scheduler of Kubernetes reserves, like ``"250m"``.
        memory: the memory it reserves, like ``"512Mi"``.
        memory_limit: the memory above which the container is killed. Default: the same as ``memory``, so that a node never
            runs out because of it.
        cpu_limit: the CPU above which the container is slowed down. Default: none. A limit on a scheduler or triggerer
            makes heartbeats late, and late heartbeats get tasks killed.
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
                    problem=f"is below the {request} that {name} asks for",
                    seen=repr(limit),
                    fix=f"raise {name}_limit, or lower {name}",
                )

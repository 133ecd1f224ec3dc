"""How tasks are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk8s_airflow.scheduling.resources import Resources


@dataclass(frozen=True, kw_only=True)
class KubernetesExecutor:
    """Every task runs in a pod of its own, made for it and deleted after it.

    Attributes:
        task_resources: of a task's container, unless the task says otherwise with ``executor_config``. Default: 250m CPU,
            512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = "KubernetesExecutor()"
    name: ClassVar[str] = "KubernetesExecutor"

    task_resources: Resources = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")

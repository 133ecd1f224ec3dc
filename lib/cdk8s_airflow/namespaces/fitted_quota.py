"""The quota of a namespace with ``Quota(tasks=...)``: computed from the pods of the release in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cdk8s_airflow.model.pod_requests import PodRequests
from cdk8s_airflow.model.quota import Quota
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.quantities import MEBIBYTE, bytes_text, cpu_text, quantity

_ROUNDING = 1e-6
"""Sums of CPU are floating point numbers."""


@frozen
class NamespacePods:
    """The pods of a release in one namespace.

    Attributes:
        components: the largest number of pods of each component, and the requests of one.
        hook: the requests of the largest Job of an install; None if there is none.
        task: the requests of the largest task pod; None if tasks do not run in pods.
    """

    components: tuple[tuple[int, PodRequests], ...] = ()
    hook: PodRequests | None = None
    task: PodRequests | None = None


def fitted_quota(quota: Quota, pods: NamespacePods) -> Quota:
    """The quota with a limit on CPU, memory and pods: those that are not set are computed."""
    computed = {name: amount for name, amount in _needed(quota, pods).items() if getattr(quota, name) is None}
    return replace(quota, **computed)


def fitting_findings(quota: Quota, pods: NamespacePods, namespace: str) -> Iterator[Finding]:
    """Limits of a quota that are too small for the pods of a release with so many task pods."""
    if pods.task is None:
        yield Finding(
            rule="quota/tasks",
            at="executor",
            problem=f"starts no task pods in namespace {namespace}, which has Quota(tasks={quota.tasks})",
            fix='Remove tasks= from the quota and set limits, like Quota(memory="64Gi"), or use KubernetesExecutor()',
        )
        return
    for name, needed in _needed(quota, pods).items():
        given = getattr(quota, name)
        if given is not None and quantity(str(given)) + _ROUNDING < quantity(str(needed)):
            yield Finding(
                rule="quota/too-small",
                at="namespace",
                problem=f"has Quota({name}={given!r}, tasks={quota.tasks}), but the release at its maximum, one more pod of "
                f"each component during an upgrade, the largest Job and {quota.tasks} task pods need {name}={needed!r}",
                seen=repr(namespace),
                fix=f"Remove {name}= from the quota, so that it is computed, or reduce tasks=",
            )


def _needed(quota: Quota, pods: NamespacePods) -> dict[str, Any]:
    """The limits that the pods need."""
    tasks = quota.tasks or 0
    counted = [*pods.components]
    counted += [] if pods.hook is None else [(1, pods.hook)]
    counted += [] if pods.task is None else [(tasks, pods.task)]
    cores = sum(count * each.cpu for count, each in counted)
    return {
        "cpu": cpu_text(math.ceil(cores * 1000 - _ROUNDING) / 1000),
        "memory": _memory(sum(count * each.memory for count, each in counted)),
        "memory_limit": _memory(sum(count * each.memory_limit for count, each in counted)),
        "pods": sum(count for count, _ in counted),
    }


def _memory(amount: float) -> str:
    """An amount of memory, rounded up to mebibytes."""
    return bytes_text(math.ceil(amount / MEBIBYTE) * MEBIBYTE)

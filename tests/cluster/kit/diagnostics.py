"""What a person would look at after a failure: events, pods, logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.cluster.kit.kubectl import Kubectl, KubectlError

_LAST_LINES = 25

_OPTIONAL = (
    "helmreleases.helm.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    "helmcharts.source.toolkit.fluxcd.io",
    "applications.argoproj.io",
    "scaledobjects.keda.sh",
    "horizontalpodautoscalers.autoscaling",
    "externalsecrets.external-secrets.io",
)
"""Kinds that the cluster may not have: one of them in a list with others would make kubectl print nothing at all."""


def diagnostics(kubectl: Kubectl, namespaces: Iterable[str]) -> str:
    """The state of some namespaces as text: objects of operators, pods, events, logs of containers that are not ready."""
    return "\n".join(line for namespace in namespaces for line in _namespace(kubectl, namespace))


def _namespace(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    yield f"-- namespace {namespace}"
    for arguments in (
        ("helmcharts.helm.cattle.io,clusters.postgresql.cnpg.io,jobs,deployments,statefulsets,pods", "-o", "wide"),
        *((kind, "-o", "wide") for kind in _OPTIONAL),
        ("events", "--field-selector=type=Warning", "--sort-by=.lastTimestamp"),
    ):
        try:
            lines = kubectl.run("-n", namespace, "get", *arguments, check=False).stdout.splitlines()
        except KubectlError as error:
            yield str(error)
            continue
        yield from lines[-4 * _LAST_LINES :]
    for pod in kubectl.items("-n", namespace, "pods"):
        for container in _not_ready(pod):
            name = pod["metadata"]["name"]
            yield f"-- logs of {name}, container {container}"
            log = kubectl.run("-n", namespace, "logs", name, "-c", container, f"--tail={_LAST_LINES}", check=False)
            yield log.stdout.rstrip() or log.stderr.rstrip()


def _not_ready(pod: dict[str, Any]) -> Iterator[str]:
    status = pod.get("status", {})
    for state in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        ended = state.get("state", {}).get("terminated") or {}
        if not state.get("ready") and ended.get("exitCode") != 0:
            yield state["name"]

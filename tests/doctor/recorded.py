"""A kubectl that answers from recorded objects, so that the checks run without a cluster."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.doctor import LiveCluster

Objects = Mapping[str, list[dict[str, Any]]]
"""Resource -> its objects."""


class RecordedCluster(LiveCluster):
    """A cluster with the objects of a mapping, through the same code that reads real answers of kubectl."""

    def __init__(self, objects: Objects, *, version: str = "v1.34.4+k3s1", forbidden: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.recorded = objects
        self.server_version = version
        self.forbidden = forbidden
        self.commands: list[tuple[str, ...]] = []

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.commands.append(arguments)
        if arguments[0] == "version":
            return self._answer(json.dumps({"serverVersion": {"gitVersion": self.server_version}}))
        resource = arguments[1]
        if resource in self.forbidden:
            return self._answer("", f"Error from server (Forbidden): {resource} is forbidden", 1)
        if resource not in self.recorded and "." in resource:
            return self._answer("", f'error: the server doesn\'t have a resource type "{resource}"', 1)
        namespace = arguments[arguments.index("--namespace") + 1] if "--namespace" in arguments else None
        items = [
            each
            for each in self.recorded.get(resource, [])
            if namespace is None or each["metadata"].get("namespace") == namespace
        ]
        if resource == "secrets":
            return self._answer("".join(map(_outline, items)))
        return self._answer(json.dumps({"items": items}))

    @staticmethod
    def _answer(output: str, error: str = "", status: int = 0) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], status, output, error)


def _outline(secret: dict[str, Any]) -> str:
    """A Secret in the form in which kubectl prints it with the go-template of LiveCluster."""
    metadata = secret["metadata"]
    keys = "".join(f"{key} " for key in secret.get("data", {}))
    labels = "".join(f"{key}={value} " for key, value in metadata.get("labels", {}).items())
    return f"{metadata['name']}\t{secret.get('type', 'Opaque')}\t{keys}\t{labels}\n"


def named(name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
    """An object with a name."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"metadata": metadata, **fields}

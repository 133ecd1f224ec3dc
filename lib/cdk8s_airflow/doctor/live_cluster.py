"""What doctor reads from a cluster, by kubectl. Nothing is changed, and values of Secrets are not read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]

ALL_NAMESPACES = "*"
"""All namespaces."""

_SECRETS = (
    "{{range .items}}{{.metadata.name}}\t{{.type}}\t{{range $key, $value := .data}}{{$key}} {{end}}\t"
    "{{range $key, $value := .metadata.labels}}{{$key}}={{$value}} {{end}}\n{{end}}"
)
"""Name, type, keys and labels of Secrets. The template is applied by kubectl, so values never reach this process."""


class DoctorError(Exception):
    """The cluster cannot be examined. The text is for the user."""


class NotReadable(Exception):
    """The account of kubectl may not read a kind of object."""


@dataclass(frozen=True)
class SecretOutline:
    """A Secret without its values.

    Attributes:
        name: its name.
        type: its type.
        keys: the names of its keys.
        labels: its labels.
    """

    name: str
    type: str
    keys: frozenset[str]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass
class LiveCluster:
    """A cluster, read by kubectl. Each kind is read once per namespace.

    Attributes:
        kubectl: the command and its options, such as ``("kubectl", "--context", "prod")``.
    """

    kubectl: Sequence[str] = ("kubectl",)
    _read: dict[tuple[str, str], list[Object] | NotReadable] = field(default_factory=dict)

    def version(self) -> str:
        """The version of the API server, such as ``"1.34.4"``.

        Raises:
            DoctorError: kubectl is missing, or the cluster does not answer.
        """
        run = self._run("version", "--output", "json")
        answer = json.loads(run.stdout) if run.returncode == 0 and run.stdout.strip() else {}
        version = str((answer.get("serverVersion") or {}).get("gitVersion", ""))
        if not version:
            raise DoctorError(f"The cluster does not answer: {run.stderr.strip() or 'kubectl printed no version'}")
        return version.removeprefix("v").partition("+")[0].partition("-")[0]

    def objects(self, resource: str, namespace: str = "") -> list[Object]:
        """All objects of a kind; empty if the cluster does not have the kind.

        Args:
            resource: the name of the resource, with its API group where that is not the core group: ``"pods"``,
                ``"helmcharts.helm.cattle.io"``.
            namespace: the namespace, or :data:`ALL_NAMESPACES`. Default: empty, for resources without one.

        Raises:
            NotReadable: the account of kubectl may not list them.
            DoctorError: kubectl fails.
        """
        found = self._read.get((resource, namespace))
        if found is None:
            found = self._read[resource, namespace] = self._listed(resource, namespace)
        if isinstance(found, NotReadable):
            raise found
        return found

    def secrets(self, namespace: str) -> dict[str, SecretOutline]:
        """The Secrets of a namespace by name, without their values.

        Raises:
            NotReadable: the account of kubectl may not list them.
            DoctorError: kubectl fails.
        """
        run = self._run("get", "secrets", "--namespace", namespace, "--output", f"go-template={_SECRETS}")
        if run.returncode:
            raise _failure("secrets", namespace, run.stderr)
        found = {}
        for line in run.stdout.splitlines():
            name, type_, keys, labels = line.split("\t")
            pairs = (label.partition("=") for label in labels.split())
            found[name] = SecretOutline(name, type_, frozenset(keys.split()), {key: value for key, _, value in pairs})
        return found

    def _listed(self, resource: str, namespace: str) -> list[Object] | NotReadable:
        place = {"": [], ALL_NAMESPACES: ["--all-namespaces"]}.get(namespace, ["--namespace", namespace])
        run = self._run("get", resource, *place, "--output", "json")
        if run.returncode == 0:
            items = json.loads(run.stdout).get("items", [])
            return [item for item in items if isinstance(item, Mapping)]
        if "doesn't have a resource type" in run.stderr or "no matches for kind" in run.stderr:
            return []
        failure = _failure(resource, namespace, run.stderr)
        if isinstance(failure, NotReadable):
            return failure
        raise failure

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.kubectl, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        except OSError:
            raise DoctorError(f"{command[0]} is not installed. Install kubectl, or name it with --kubectl.") from None


def _failure(resource: str, namespace: str, error: str) -> Exception:
    where = f" in namespace {namespace}" if namespace else ""
    if "(Forbidden)" in error:
        return NotReadable(f"the account of kubectl may not list {resource}{where}")
    return DoctorError(f"kubectl get {resource}{where} failed: {error.strip() or 'no message'}")

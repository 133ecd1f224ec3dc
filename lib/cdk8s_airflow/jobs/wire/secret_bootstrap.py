"""The bootstrap job: a Job, its plan and script, and the permissions of its service account."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import SecretNeed, sources_first
from cdk8s_airflow.model.secret_recipe import sources
from cdk8s_airflow.model.traffic import ClusterComponent, PodGroup, Traffic, TrafficFlow
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation.frozen import frozen

PATIENCE_SECONDS = 600
"""How long one run waits for missing prerequisites before the container restarts."""

PAUSE_SECONDS = 5
"""Pause between two checks."""

USER = 50000
"""The user id of the Job: that of Airflow's official image. The script works with any user."""

_SCRIPT = "bootstrap_job.py"
_PLAN = "plan.json"
_FOLDER = "/bootstrap"
_DIGITS = 10
_TRIES = 10_000
_GROUP = "rbac.authorization.k8s.io"


@frozen
class BootstrapSettings:
    """The validated settings of a SecretBootstrap."""

    name: str
    namespace: str
    secrets: tuple[SecretNeed, ...]
    image: str
    pull_policy: str
    resources: Resources
    placement: NodePlacement = Placement()
    pull_secret: str | None = None
    architecture: str | None = None


def script() -> str:
    """The text of the script that runs in the pod."""
    return (Path(__file__).parents[1] / "programs" / "create_secrets.py").read_text(encoding="utf-8")


def plan(secrets: Iterable[SecretNeed]) -> dict[str, Any]:
    """The plan of the script. Secrets that others are derived from come first."""
    state = state_metadata()
    return {
        "patience": PATIENCE_SECONDS,
        "pause": PAUSE_SECONDS,
        "metadata": {
            "labels": {**state["labels"], "app.kubernetes.io/managed-by": "cdk8s-airflow"},
            "annotations": dict(state["annotations"]),
        },
        "secrets": [
            {
                "namespace": need.namespace,
                "name": need.name,
                "type": need.type,
                "labels": dict(need.labels),
                "keys": {key: list(need.recipe[key]) for key in sorted(need.keys)},
            }
            for need in sources_first(secrets)
        ],
    }


def permissions(secrets: Iterable[SecretNeed]) -> dict[str, tuple[bool, tuple[str, ...]]]:
    """Namespace -> whether Secrets are created there, and the names of those that are read there.

    RBAC cannot restrict ``create`` to names, because the name of a new object is not in the path of the request; it can
    restrict ``get``.
    """
    made: set[str] = set()
    read: dict[str, set[str]] = {}
    for need in secrets:
        made.add(need.namespace)
        read.setdefault(need.namespace, set()).add(need.name)
        for namespace, name, _ in sources(need.recipe):
            read.setdefault(namespace, set()).add(name)
    return {namespace: (namespace in made, tuple(sorted(names))) for namespace, names in sorted(read.items())}


def bootstrap_objects(settings: BootstrapSettings) -> dict[str, dict[str, Any]]:
    """All objects, in the order in which they must be applied."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(settings, settings.name),
        "automountServiceAccountToken": False,
    }
    bound: dict[str, dict[str, Any]] = {}
    for namespace, (makes, names) in permissions(settings.secrets).items():
        bound[f"role-{namespace}"] = _role(settings, namespace, makes, names)
        bound[f"role-binding-{namespace}"] = _binding(settings, namespace)
    data = {_SCRIPT: script(), _PLAN: json.dumps(plan(settings.secrets), indent=1, sort_keys=True) + "\n"}
    spec = _job_spec(settings)
    mark = digest(json.dumps([data, spec], sort_keys=True), _DIGITS)
    name = f"{settings.name}-{mark}"
    spec["template"]["spec"]["volumes"] = [{"name": "plan", "configMap": {"name": name, "defaultMode": 0o444}}]
    return {
        "account": account,
        **bound,
        "plan": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(settings, name),
            "immutable": True,
            "data": data,
        },
        "job": {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(settings, name), "spec": spec},
    }


def job_name(objects: Mapping[str, Mapping[str, Any]]) -> str:
    """The Job's name among the objects."""
    return str(objects["job"]["metadata"]["name"])


def pod_labels(name: str) -> dict[str, str]:
    """The labels of the Job's pods."""
    return {"app.kubernetes.io/name": "secret-bootstrap", "app.kubernetes.io/instance": name}


def _metadata(settings: BootstrapSettings, name: str, namespace: str = "") -> dict[str, Any]:
    return {"name": name, "namespace": namespace or settings.namespace, "labels": pod_labels(settings.name)}


def _role(settings: BootstrapSettings, namespace: str, makes: bool, names: Sequence[str]) -> dict[str, Any]:
    secrets = {"apiGroups": [""], "resources": ["secrets"]}
    rules = [{**secrets, "resourceNames": list(names), "verbs": ["get"]}]
    if makes:
        rules.append({**secrets, "verbs": ["create"]})
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "Role",
        "metadata": _metadata(settings, settings.name, namespace),
        "rules": rules,
    }


def _binding(settings: BootstrapSettings, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": _metadata(settings, settings.name, namespace),
        "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": settings.name},
        "subjects": [{"kind": "ServiceAccount", "name": settings.name, "namespace": settings.namespace}],
    }


def _job_spec(settings: BootstrapSettings) -> dict[str, Any]:
    """The Job without the volume, whose name depends on the Job.

    It is retried without limit, at intervals that Kubernetes increases to minutes: a failed Job would not run again after its
    problem is fixed. It never expires, so applying it again does not start it again.
    """
    container = {
        "name": "bootstrap",
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "command": ["python3", "-I", "-S", "-B", f"{_FOLDER}/{_SCRIPT}", f"{_FOLDER}/{_PLAN}"],
        "resources": resources(settings.resources),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "plan", "mountPath": _FOLDER, "readOnly": True}],
    }
    placed = placement(settings.placement, settings.architecture)
    pod: dict[str, Any] = {
        "restartPolicy": "OnFailure",
        "serviceAccountName": settings.name,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **placed,
        "containers": [container],
    }
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return {
        "backoffLimit": _TRIES,
        "template": {"metadata": {"labels": pod_labels(settings.name)}, "spec": pod},
    }


def bootstrap_traffic(name: str, namespace: str) -> Traffic:
    """The Job's pods connect to the API server by its IP address. They need no DNS and accept no connection."""
    pods = PodGroup(name=f"secret bootstrap {name}", namespace=namespace, labels=pod_labels(name))
    flow = TrafficFlow(
        source=pods,
        target=ClusterComponent(role="api-server"),
        port=6443,
        purpose="reads Secrets and creates missing ones",
    )
    return Traffic(workloads=(pods,), flows=(flow,))

"""A small rendering written by hand: what the assertions accept, as a base that a test then breaks in one place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from .rendering import Rendered

REPO = "https://git.example.org/dags.git"
SECURE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def _from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _airflow(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "apache/airflow:3.2.2",
        "env": [
            {"name": "AIRFLOW_HOME", "value": "/opt/airflow"},
            _from_secret("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "db", "connection"),
            _from_secret("AIRFLOW_CONN_AIRFLOW_DB", "db", "connection"),
        ],
        "securityContext": copy.deepcopy(SECURE),
        "resources": copy.deepcopy(RESOURCES),
        "volumeMounts": [{"name": "dags", "mountPath": "/opt/airflow/dags", "readOnly": True}],
        **more,
    }


def _git_sync(init: bool) -> dict[str, Any]:
    env: list[dict[str, Any]] = [
        {"name": "GIT_SYNC_REV", "value": "HEAD"},
        {"name": "GITSYNC_REF", "value": "main"},
        {"name": "GIT_SYNC_BRANCH", "value": "main"},
        {"name": "GIT_SYNC_REPO", "value": REPO},
        {"name": "GITSYNC_REPO", "value": REPO},
        {"name": "GIT_SYNC_DEPTH", "value": "1"},
        {"name": "GITSYNC_DEPTH", "value": "1"},
        {"name": "GITSYNC_ROOT", "value": "/git"},
        {"name": "GIT_SYNC_DEST", "value": "repo"},
        {"name": "GITSYNC_LINK", "value": "repo"},
        {"name": "GITSYNC_PERIOD", "value": "60s"},
        {"name": "GIT_SYNC_MAX_SYNC_FAILURES", "value": "10"},
        {"name": "GITSYNC_MAX_FAILURES", "value": "10"},
    ]
    names = ("GIT_SYNC_USERNAME", "GITSYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD")
    env += [_from_secret(name, "git", name) for name in names]
    if init:
        env.append({"name": "GITSYNC_ONE_TIME", "value": "true"})
    return {
        "name": "git-sync-init" if init else "git-sync",
        "image": "registry.k8s.io/git-sync/git-sync:v4.4.2",
        "env": env,
        "securityContext": copy.deepcopy(SECURE),
        "resources": copy.deepcopy(RESOURCES),
        "volumeMounts": [{"name": "dags", "mountPath": "/git"}],
    }


def _pod_spec(*, init: list[dict[str, Any]], containers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "initContainers": init,
        "containers": containers,
        "volumes": [{"name": "dags", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 50000},
    }


def _labels(component: str) -> dict[str, str]:
    return {"tier": "airflow", "component": component, "release": "airflow"}


def _deployment(component: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"airflow-{component}", "labels": _labels(component)},
        "spec": {
            "selector": {"matchLabels": _labels(component)},
            "template": {"metadata": {"labels": _labels(component)}, "spec": spec},
        },
    }


def _groomer() -> dict[str, Any]:
    groomer = _airflow("dag-processor-log-groomer")
    groomer["env"] = [{"name": "AIRFLOW_HOME", "value": "/opt/airflow"}]
    return groomer


def manifests() -> list[dict[str, Any]]:
    """The objects; a new copy with each call."""
    task_pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "placeholder", "labels": _labels("worker")},
        "spec": _pod_spec(init=[_git_sync(True)], containers=[_airflow("base")]),
    }
    server = _airflow("api-server", ports=[{"name": "api-server", "containerPort": 8080}])
    return [
        _deployment("scheduler", _pod_spec(init=[_airflow("wait")], containers=[_airflow("scheduler")])),
        _deployment(
            "dag-processor",
            _pod_spec(init=[_git_sync(True)], containers=[_airflow("dag-processor"), _git_sync(False), _groomer()]),
        ),
        _deployment("api-server", _pod_spec(init=[], containers=[server])),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "airflow-config"},
            "data": {
                "airflow.cfg": ("[core]\nexecutor = KubernetesExecutor\ndags_folder = /opt/airflow/dags/repo/dags\n"),
                "pod_template_file.yaml": json.dumps(task_pod),
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "airflow-api-server"},
            "spec": {"selector": _labels("api-server"), "ports": [{"name": "api-server", "port": 8080}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "airflow-ingress", "annotations": {"issuer": "homelab"}},
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{"hosts": ["airflow.example.org"], "secretName": "tls"}],
                "rules": [
                    {
                        "host": "airflow.example.org",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {
                                        "service": {"name": "airflow-api-server", "port": {"name": "api-server"}}
                                    },
                                }
                            ]
                        },
                    }
                ],
            },
        },
    ]


def sample(change: Callable[[dict[str, Any]], object] | None = None) -> Rendered:
    """The rendering, after ``change`` has altered the objects, which it gets by ``kind/name``.

    The task pod is there as ``PodTemplate`` and is written back into its ConfigMap.
    """
    objects = {f"{m['kind']}/{m['metadata']['name']}": m for m in manifests()}
    data = objects["ConfigMap/airflow-config"]["data"]
    objects["PodTemplate"] = json.loads(data["pod_template_file.yaml"])
    if change is not None:
        change(objects)
    data["pod_template_file.yaml"] = json.dumps(objects.pop("PodTemplate"))
    return Rendered.parse("\n---\n".join(json.dumps(manifest) for manifest in objects.values()))

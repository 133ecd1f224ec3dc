"""Which workloads of a release of the Airflow chart restart when a value changes.

Facts about the templates of the chart: a value that is part of a pod template, or of a ConfigMap whose checksum is, restarts
the workload. ``airflow.cfg`` and the pod template are in one ConfigMap, whose checksum all components of Airflow carry.
Source: templates of charts 1.15 to 1.22; the tests compare with what Helm renders.
"""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.plan.references import runs_celery, runs_locally, runs_pods
from cdk8s_airflow.plan.tree import MISSING, Path, find

NAMES = {
    "scheduler": "scheduler",
    "apiServer": "API server",
    "webserver": "webserver",
    "dagProcessor": "DAG processor",
    "triggerer": "triggerer",
    "workers": "Celery worker",
    "flower": "Flower",
    "statsd": "StatsD exporter",
    "pgbouncer": "PgBouncer",
    "redis": "Redis",
    "otelCollector": "OpenTelemetry collector",
}
"""Sections of the values, with the name of their workload."""

_AIRFLOW = ("scheduler", "apiServer", "webserver", "dagProcessor", "triggerer", "workers")
"""Workloads that carry the checksum of ``airflow.cfg``; Flower does too."""

_NOT_IN_PODS = frozenset({
    "annotations", "allowJobLaunching", "allowPodLaunching", "autoscaling", "enabled", "extraNetworkPolicies", "hpa", "ingress", "jobAnnotations",
    "keda", "maxReplicas", "maxUnavailable", "minReplicas", "networkPolicy", "persistentVolumeClaimRetentionPolicy",
    "podDisruptionBudget", "podManagementPolicy", "replicas", "revisionHistoryLimit", "service", "strategy", "updateStrategy",
})  # fmt: skip
"""Keys of a component that are part of other objects than its pods."""

_JOBS = {
    "migrateDatabaseJob": "migration Job",
    "createUserJob": "Job that creates the first user",
    "cleanup": "clean-up CronJob",
    "databaseCleanup": "database clean-up CronJob",
}
"""Sections of Jobs, which read them when they run next."""

_NO_WORKLOAD = frozenset({
    "ingress", "limits", "networkPolicies", "quotas", "rbac", "uid", "gid", "priorityClasses", "kubeVersionOverride", "helmVersion",
})  # fmt: skip
"""Sections that are part of objects other than the workloads."""

_OWN_IMAGES = {
    "statsd": ("statsd",), "redis": ("redis",), "pgbouncer": ("pgbouncer",), "pgbouncerExporter": ("pgbouncer",),
    "flower": ("flower",), "otelCollector": ("otelCollector",),
}  # fmt: skip


def present(values: Any) -> list[str]:
    """The sections of the values whose workload the release has, in the order of :data:`NAMES`."""
    version = find(values, "airflowVersion")
    three = not (isinstance(version, str) and version.startswith("2."))
    switches = {
        "scheduler": True,
        "apiServer": three,
        "webserver": not three,
        "dagProcessor": _switch(values, "dagProcessor.enabled", three),
        "triggerer": _switch(values, "triggerer.enabled", True),
        "workers": runs_celery(values),
        "flower": _switch(values, "flower.enabled", False) and runs_celery(values),
        "statsd": _switch(values, "statsd.enabled", True),
        "pgbouncer": _switch(values, "pgbouncer.enabled", False),
        "redis": _switch(values, "redis.enabled", True) and runs_celery(values),
        "otelCollector": _switch(values, "otelCollector.enabled", False),
    }
    return [name for name, there in switches.items() if there]


def _switch(values: Any, path: str, default: bool) -> bool:
    value = find(values, path)
    return default if value is MISSING or value is None else value is True


def restarted(path: Path, values: Any) -> list[str]:
    """The workloads that restart when a value changes, as sections of the values.

    Args:
        path: the value, without ``values``.
        values: the values of the release.
    """
    there = present(values)
    return [name for name in _affected(path, values, there) if name in there]


def _affected(path: Path, values: Any, there: list[str]) -> tuple[str, ...] | list[str]:
    section = path[0]
    airflow = (*_AIRFLOW, "flower")
    if section in _NO_WORKLOAD or section in _JOBS:
        return ()
    if section == "workers" and (len(path) > 1 and path[1] == "kubernetes"):
        # In effect only through the pod template of the chart.
        return airflow if runs_pods(values) and find(values, "podTemplate") is MISSING else ()
    if section in NAMES:
        return _of_component(section, _within(path), values)
    if section == "images" and len(path) > 1 and path[1] in _OWN_IMAGES:
        return _OWN_IMAGES[path[1]]
    if section == "images" and path[1:2] == ("gitSync",):
        return _with_git_sync(values)
    if section == "dags" and path[1:2] == ("gitSync",) and path[-1] not in ("enabled", "subPath"):
        return airflow if runs_pods(values) and find(values, "podTemplate") is MISSING else _with_git_sync(values)
    if section in ("podTemplate", "config", "executor", "airflowLocalSettings"):
        return airflow
    if section in ("securityContexts", "securityContext", "labels", "nodeSelector", "affinity", "tolerations", "imagePullSecrets",
                   "registry", "topologySpreadConstraints", "revisionHistoryLimit", "schedulerName"):  # fmt: skip
        return () if section == "revisionHistoryLimit" else there
    return airflow


def _within(path: Path) -> Path:
    """The path within a component; Celery workers have theirs at several places."""
    rest = path[2:] if path[:2] == ("workers", "celery") else path[1:]
    return rest[2:] if path[:3] == ("workers", "celery", "sets") and len(rest) > 2 else rest


def _of_component(section: str, path: Path, values: Any) -> tuple[str, ...]:
    if not path:
        return (section,)
    key = path[0]
    if key == "serviceAccount" and path[1:2] in (("annotations",), ("create",)):
        return ()
    if section == "workers" and runs_pods(values) and find(values, "podTemplate") is MISSING:
        return (*_AIRFLOW, "flower")
    if section in ("statsd", "otelCollector", "triggerer", "dagProcessor") and key == "enabled":
        # The switch is part of airflow.cfg too.
        return (*_AIRFLOW, "flower")
    if section == "workers" and runs_locally(values) and key in ("persistence", "celery"):
        return ("workers", "scheduler")
    return () if key in _NOT_IN_PODS else (section,)


def _with_git_sync(values: Any) -> tuple[str, ...]:
    """Workloads with a container that fetches DAG files."""
    version = find(values, "airflowVersion")
    two = isinstance(version, str) and version.startswith("2.")
    scheduler = ("scheduler",) if runs_locally(values) or (two and "dagProcessor" not in present(values)) else ()
    return (*scheduler, "dagProcessor", "triggerer", "workers")


def job_of(path: Path) -> str:
    """The Job that reads a value; empty if none does."""
    return _JOBS.get(path[0], "")


def spoken(sections: list[str]) -> str:
    """Workloads as a list for people."""
    names = [NAMES[section] for section in sections]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"

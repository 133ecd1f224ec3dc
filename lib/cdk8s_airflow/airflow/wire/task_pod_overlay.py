"""What ``values=`` sets for the pods of tasks. Their template is generated here, so the chart does not apply it.

This is the only module that reads ``values=`` for them. It has the keys that no argument sets; ``values=`` refuses all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from cdk8s_airflow.airflow.wire.git_sync import GitSyncParts
from cdk8s_airflow.airflow.wire.pod_parts import PodParts
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.validation.frozen import frozen

TEMPLATED = (
    "command",
    "containerLifecycleHooks",
    "extraContainers",
    "extraInitContainers",
    "extraVolumeMounts",
    "extraVolumes",
    "podAnnotations",
)
"""Keys of ``workers`` that the template of the chart fills in as templates."""

_KERBEROS_CONTAINERS = ("kerberosSidecar", "kerberosInitContainer")


@frozen
class TaskPodOverlay:
    """What ``values=`` sets for the pods of tasks and no argument does.

    Attributes:
        labels: labels of all pods of Airflow.
        affinity: affinity of all pods.
        tolerations: tolerations of all pods.
        scheduler_name: the scheduler of Kubernetes.
        topology_spread: topology spread constraints of all pods.
        worker_topology_spread: those of workers and task pods; None where ``values=`` does not set them.
        lifecycle: lifecycle hooks.
        safe_to_evict: whether the cluster autoscaler may evict task pods.
        runtime_class: the runtime class.
        host_aliases: entries of ``/etc/hosts``.
        command: the command of the container of the task.
        pod_security: the security context of task pods; empty for that of all pods.
        container_security: likewise for the container.
        containers: further containers.
        init_containers: further init containers.
        kerberos: the section ``kerberos``.
        kerberos_sidecar: the section ``workers.kerberosSidecar``.
        kerberos_init: the section ``workers.kerberosInitContainer``.
        kerberos_lifecycle: lifecycle hooks of all containers.
        log_sub_path: the folder of the log volume.
        log_empty_dir: fields of the log volume where it is no claim.
    """

    labels: Mapping[str, Any] = field(default_factory=dict)
    affinity: Any = None
    tolerations: Any = None
    scheduler_name: Any = None
    topology_spread: Any = None
    worker_topology_spread: Any = None
    lifecycle: Any = None
    safe_to_evict: bool = False
    runtime_class: Any = None
    host_aliases: Any = None
    command: Any = None
    pod_security: Mapping[str, Any] = field(default_factory=dict)
    container_security: Mapping[str, Any] = field(default_factory=dict)
    containers: Sequence[Mapping[str, Any]] = ()
    init_containers: Sequence[Mapping[str, Any]] = ()
    kerberos: Mapping[str, Any] = field(default_factory=dict)
    kerberos_sidecar: Mapping[str, Any] = field(default_factory=dict)
    kerberos_init: Mapping[str, Any] = field(default_factory=dict)
    kerberos_lifecycle: Any = None
    log_sub_path: Any = None
    log_empty_dir: Mapping[str, Any] = field(default_factory=dict)


def task_pod_overlay(values: Mapping[str, Any]) -> TaskPodOverlay:
    """What ``values=`` sets for the pods of tasks."""
    workers, logs = worker_section(values), _section(values, "logs")
    hooks = values.get("containerLifecycleHooks")
    security = _section(workers, "securityContexts")
    return TaskPodOverlay(
        labels=_section(values, "labels"),
        affinity=values.get("affinity"),
        tolerations=values.get("tolerations"),
        scheduler_name=workers.get("schedulerName") or values.get("schedulerName"),
        topology_spread=values.get("topologySpreadConstraints"),
        worker_topology_spread=workers.get("topologySpreadConstraints"),
        lifecycle=workers.get("containerLifecycleHooks") or hooks,
        safe_to_evict=workers.get("safeToEvict") is True,
        runtime_class=workers.get("runtimeClassName"),
        host_aliases=workers.get("hostAliases"),
        command=workers.get("command"),
        pod_security=_section(security, "pod"),
        container_security=_section(security, "container"),
        containers=workers.get("extraContainers") or (),
        init_containers=workers.get("extraInitContainers") or (),
        kerberos=_section(values, "kerberos"),
        kerberos_sidecar=_section(workers, "kerberosSidecar"),
        kerberos_init=_section(workers, "kerberosInitContainer"),
        kerberos_lifecycle=hooks,
        log_sub_path=_section(logs, "persistence").get("subPath"),
        log_empty_dir=_section(logs, "emptyDirConfig"),
    )


def overlaid_parts(parts: PodParts, values: Mapping[str, Any]) -> PodParts:
    """The parts of all pods with ``values=`` laid over them."""
    security = _section(values, "securityContexts")
    return replace(
        parts,
        volumes=tuple(_laid_over(parts.volumes, values, "volumes") or ()),
        volume_mounts=tuple(_laid_over(parts.volume_mounts, values, "volumeMounts") or ()),
        annotations=_laid_over(parts.annotations, values, "airflowPodAnnotations") or {},
        node_selector=_laid_over(parts.node_selector, values, "nodeSelector") or {},
        pod_security=_laid_over(parts.pod_security, security, "pod") or {},
        container_security=_laid_over(parts.container_security, security, "containers") or {},
        service_links=_laid_over(parts.service_links, values, "enableServiceLinks"),
        local_settings=_local_settings(parts, values),
    )


def _local_settings(parts: PodParts, values: Mapping[str, Any]) -> str | None:
    """The text of ``airflow_local_settings.py``; empty where ``values=`` removes the file."""
    if "airflowLocalSettings" not in values:
        return parts.local_settings
    return str(values["airflowLocalSettings"] or "")


def overlaid_git_sync(parts: GitSyncParts, values: Mapping[str, Any]) -> GitSyncParts:
    """The parts of git-sync with ``values=`` laid over them."""
    image, sync = _section(_section(values, "images"), "gitSync"), _section(_section(values, "dags"), "gitSync")
    return replace(
        parts,
        repository=image.get("repository") or parts.repository,
        tag=image.get("tag") or parts.tag,
        pull_policy=image.get("pullPolicy") or parts.pull_policy,
        env=tuple(_laid_over(parts.env, sync, "env") or ()),
        volume_mounts=tuple(_laid_over(parts.volume_mounts, sync, "extraVolumeMounts") or ()),
        security=_laid_over(parts.security, _section(sync, "securityContexts"), "container") or {},
        empty_dir=_section(sync, "emptyDirConfig"),
    )


def worker_section(values: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``workers``, in which ``workers.kubernetes`` wins where it is not empty."""
    workers = _section(values, "workers")
    own = {key: value for key, value in _section(workers, "kubernetes").items() if value not in (None, [], {})}
    both = {**workers, **own}
    for part in _KERBEROS_CONTAINERS:
        if part in own:
            both[part] = {**_section(workers, part), **_section(own, part)}
    return both


def _laid_over(part: Any, values: Mapping[str, Any], key: str) -> Any:
    """A part with one key of ``values=`` laid over it, as Helm does: mappings are merged, anything else is replaced."""
    if key not in values:
        return part
    value = values[key]
    return overlay(part, value) if isinstance(part, Mapping) and isinstance(value, Mapping) else value


def _section(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}

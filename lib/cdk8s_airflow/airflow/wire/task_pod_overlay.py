"""What ``values=`` sets for the pods of tasks. Their template is generated here, so the chart does not apply it.

This is the only module that reads ``values=`` for them. It has the keys that no argument sets; ``values=`` refuses all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from cdk8s_airflow.airflow.wire.git_sync import GitSyncParts
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts
from cdk8s_airflow.airflow.wire.tree import overlay, section
from cdk8s_airflow.text.yaml_writer import has_template, unescape_template
from cdk8s_airflow.validation import Finding
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
        scheduler_name: the scheduler of Kubernetes.
        topology_spread: topology spread constraints of all pods.
        worker_topology_spread: those of workers and task pods; None where ``values=`` does not set them.
        lifecycle: lifecycle hooks.
        safe_to_evict: whether the cluster autoscaler may evict task pods.
        runtime_class: the runtime class.
        host_aliases: entries of ``/etc/hosts``.
        command: the command of the container of the task.
        pod_security: the security context of task pods; empty for that of all pods.
        container_security: the same for the container.
        containers: further containers.
        init_containers: further init containers.
        kerberos: the section ``kerberos``.
        kerberos_sidecar: the section ``workers.kerberosSidecar``.
        kerberos_init: the section ``workers.kerberosInitContainer``.
        kerberos_lifecycle: lifecycle hooks of all containers.
        log_sub_path: the folder of the log volume.
        log_empty_dir: fields of the log volume where it is no claim.
    """

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
    workers, logs = workersection(values), section(values, "logs")
    hooks = values.get("containerLifecycleHooks")
    security = section(workers, "securityContexts")
    return TaskPodOverlay(
        scheduler_name=workers.get("schedulerName") or values.get("schedulerName"),
        topology_spread=values.get("topologySpreadConstraints"),
        worker_topology_spread=workers.get("topologySpreadConstraints"),
        lifecycle=workers.get("containerLifecycleHooks") or hooks,
        safe_to_evict=workers.get("safeToEvict") is True,
        runtime_class=workers.get("runtimeClassName"),
        host_aliases=workers.get("hostAliases"),
        command=workers.get("command"),
        pod_security=section(security, "pod"),
        container_security=section(security, "container"),
        containers=workers.get("extraContainers") or (),
        init_containers=workers.get("extraInitContainers") or (),
        kerberos=section(values, "kerberos"),
        kerberos_sidecar=section(workers, "kerberosSidecar"),
        kerberos_init=section(workers, "kerberosInitContainer"),
        kerberos_lifecycle=hooks,
        log_sub_path=section(logs, "persistence").get("subPath"),
        log_empty_dir=section(logs, "emptyDirConfig"),
    )


def overlaid_parts(parts: PodParts, values: Mapping[str, Any]) -> PodParts:
    """The parts of all pods with ``values=`` merged over them."""
    security = section(values, "securityContexts")
    return replace(
        parts,
        volumes=tuple(_laid_over(parts.volumes, values, "volumes") or ()),
        volume_mounts=tuple(_laid_over(parts.volume_mounts, values, "volumeMounts") or ()),
        pod_security=_laid_over(parts.pod_security, security, "pod") or {},
        container_security=_laid_over(parts.container_security, security, "containers") or {},
        service_links=_laid_over(parts.service_links, values, "enableServiceLinks"),
    )


def overlaid_git_sync(parts: GitSyncParts, values: Mapping[str, Any]) -> GitSyncParts:
    """The parts of git-sync with ``values=`` merged over them."""
    image, sync = section(section(values, "images"), "gitSync"), section(section(values, "dags"), "gitSync")
    return replace(
        parts,
        repository=image.get("repository") or parts.repository,
        tag=image.get("tag") or parts.tag,
        pull_policy=image.get("pullPolicy") or parts.pull_policy,
        env=tuple(_laid_over(parts.env, sync, "env") or ()),
        volume_mounts=tuple(_laid_over(parts.volume_mounts, sync, "extraVolumeMounts") or ()),
        security=_laid_over(parts.security, section(sync, "securityContexts"), "container") or {},
        empty_dir=section(sync, "emptyDirConfig"),
    )


def overlaid_options(values: Mapping[str, Any]) -> ConfigOptions:
    """The options of airflow.cfg in ``values=``, as the chart writes them to the file."""
    return {
        name: {option: unescape_template(str(value)) for option, value in options.items()}
        for name, options in section(values, "config").items()
        if isinstance(options, Mapping)
    }


def task_pod_text_rules(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether ``values=`` has templates for task pods, whose own template is not filled in by the chart."""
    both, own = workersection(values), section(section(values, "workers"), "kubernetes")
    for key in TEMPLATED:
        if has_template(str(both.get(key, ""))):
            yield Finding(
                rule="tasks/text",
                at=f"values.workers.kubernetes.{key}" if own.get(key) else f"values.workers.{key}",
                problem="must not be a Helm template, because this library generates the pod template and Helm does not render it",
                fix="Use the string that the template would produce",
            )


def task_file_text_rules(values: Mapping[str, Any], unread_sections: Collection[str]) -> Iterator[Finding]:
    """Whether ``values=`` has templates in files that tasks read.

    Args:
        values: the value of ``values=``.
        unread_sections: sections of airflow.cfg that no task reads.
    """
    texts: dict[str, Any] = {}
    for name, options in section(values, "config").items():
        for option, value in options.items() if isinstance(options, Mapping) and name not in unread_sections else ():
            texts[f"config.{name}.{option}"] = value
    for at, value in texts.items():
        if has_template(str(value)):
            yield Finding(
                rule="tasks/text",
                at=f"values.{at}",
                problem="must not be a Helm template, because Helm does not render task pods in other namespaces",
                fix="Use the string that the template would produce, or remove task_namespaces=",
            )


def workersection(values: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``workers``, in which ``workers.kubernetes`` wins where it is not empty."""
    workers = section(values, "workers")
    own = {key: value for key, value in section(workers, "kubernetes").items() if value not in (None, [], {})}
    both = {**workers, **own}
    for part in _KERBEROS_CONTAINERS:
        if part in own:
            both[part] = {**section(workers, part), **section(own, part)}
    return both


def _laid_over(part: Any, values: Mapping[str, Any], key: str) -> Any:
    """A part with one key of ``values=`` merged over it, as in Helm: mappings are merged, everything else is replaced."""
    if key not in values:
        return part
    value = values[key]
    return overlay(part, value) if isinstance(part, Mapping) and isinstance(value, Mapping) else value

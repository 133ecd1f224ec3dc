"""Checks of the containers and volume mounts that users add to pods of the chart."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.validation import Finding, show

CHART_CONTAINERS = frozenset(
    (
        "api-server",
        "base",
        "create-user",
        "dag-processor",
        "dag-processor-log-groomer",
        "flower",
        "git-sync",
        "git-sync-init",
        "kerberos-init",
        "metrics-exporter",
        "pgbouncer",
        "redis",
        "run-airflow-migrations",
        "scheduler",
        "scheduler-log-groomer",
        "statsd",
        "triggerer",
        "triggerer-log-groomer",
        "volume-permissions",
        "wait-for-airflow-migrations",
        "wait-for-secrets",
        "webserver",
        "worker",
        "worker-kerberos",
        "worker-log-groomer",
    )
)
"""Names of containers in pods of the chart. Source: templates of the four charts, and the init container of this library."""

_HOME = "/opt/airflow"
_OWNED_PATHS = {
    f"{_HOME}/logs": "logs=",
    f"{_HOME}/dags": "dags=",
    f"{_HOME}/airflow.cfg": "config=",
    f"{_HOME}/webserver_config.py": "auth=",
    f"{_HOME}/pod_templates/pod_template_file.yaml": "task_pods=",
}
"""Paths that pods of the chart mount themselves, and the argument that sets their content."""


def container_list_rules(
    containers: Sequence[Mapping[str, Any]], at: str, volumes: Collection[object], taken: Collection[object] = ()
) -> Iterator[Finding]:
    """What the API server would refuse in the containers that a user adds to a pod.

    Args:
        containers: the containers.
        at: the argument that has them.
        volumes: the names of the volumes that these containers can mount.
        taken: names of other containers of the pod.
    """
    names = [container.get("name") for container in containers]
    for index, container in enumerate(containers):
        place, name = f"{at}[{index}]", names[index]
        if name in CHART_CONTAINERS or name in taken or name in names[:index]:
            yield Finding(
                rule="components/container-name",
                at=f"{place}.name",
                problem="must be a name that no other container of the pod has",
                seen=show(name),
                fix=f"Use another name, such as {f'my-{name}'!r}",
            )
        yield from _variable_rules(container, place)
        mounts = _mappings(container.get("volumeMounts"))
        yield from duplicate_path_rules(mounts, f"{place}.volumeMounts", "mountPath")
        for number, mount in enumerate(mounts):
            if mount.get("name") not in volumes:
                yield Finding(
                    rule="components/volume",
                    at=f"{place}.volumeMounts[{number}].name",
                    problem="must be the name of a volume of the pod",
                    seen=show(mount.get("name")),
                    fix="Add the volume to volumes=, or correct the name",
                )


def _variable_rules(container: Mapping[str, Any], at: str) -> Iterator[Finding]:
    names = [variable.get("name") for variable in _mappings(container.get("env"))]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Finding(
                rule="components/variable",
                at=f"{at}.env[{index}].name",
                problem="must be unique in the container, but another variable has the same name",
                seen=show(name),
                fix="Remove one of the two",
            )


def duplicate_path_rules(mounts: Sequence[Mapping[str, Any]], at: str, key: str) -> Iterator[Finding]:
    """Volumes that one container mounts at the same path."""
    paths = [_normal(mount.get(key)) for mount in mounts]
    for index, path in enumerate(paths):
        if path and path in paths[:index]:
            yield Finding(
                rule="components/mount-path",
                at=f"{at}[{index}].{key}",
                problem="must be unique in the container, but another volume is mounted there",
                seen=show(mounts[index].get(key)),
                fix="Mount it at another path",
            )


def owned_path_rules(mounts: Sequence[Mapping[str, Any]], at: str) -> Iterator[Finding]:
    """Mounts that would cover a file or folder which the chart mounts, or whose content an argument sets."""
    for index, mount in enumerate(mounts):
        path = _normal(mount.get("mountPath"))
        covered = [owned for owned in _OWNED_PATHS if owned == path or owned.startswith(f"{path.rstrip('/')}/")]
        if path and covered:
            arguments = ", ".join(_OWNED_PATHS[owned] for owned in covered)
            yield Finding(
                rule="components/mount-path",
                at=f"{at}[{index}].mountPath",
                problem=f"must not cover {covered[0]}, which the chart mounts",
                seen=show(mount["mountPath"]),
                fix=f"Mount it at another path, such as '/mnt/files'; {arguments} set what is mounted there",
            )


def _normal(path: object) -> str:
    return posixpath.normpath(path) if isinstance(path, str) and path else ""


def _mappings(given: object) -> list[Mapping[str, Any]]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return []
    return [each for each in given if isinstance(each, Mapping)]

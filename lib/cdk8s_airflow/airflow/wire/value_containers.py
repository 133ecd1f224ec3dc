"""Checks of containers and volume mounts that ``values=`` adds to pods: the same as those of the arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.airflow.container_rules import container_list_rules, duplicate_path_rules, owned_path_rules
from cdk8s_airflow.airflow.pod_settings import CHART_VOLUMES, container_resource_rules
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.validation import Finding

_LISTS = ("extraContainers", "extraInitContainers")
_VOLUMES_OF: Mapping[str, frozenset[str]] = {
    "pgbouncer": frozenset(("pgbouncer-config", "pgbouncer-certificates")),
    "redis": frozenset(("redis-db",)),
}
"""Volumes that only the pods of one component have. Source: templates of the four charts."""

_DEEPEST = 20


def value_container_rules(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[Finding]:
    """What the API server would refuse in containers and volume mounts of ``values=``.

    Args:
        settings: the release.
        values: its values, with ``values=`` merged over those of the arguments.
    """
    given = settings.values
    mounts = _mappings(given.get("volumeMounts"))
    yield from duplicate_path_rules(mounts, "values.volumeMounts", "mountPath")
    yield from owned_path_rules(mounts, "values.volumeMounts")
    everywhere = {*CHART_VOLUMES, *_names(values.get("volumes")), *_names(settings.task_pods.default.volumes)}
    yield from _below(given, values, (), everywhere)


def _below(
    given: Mapping[str, Any], values: Mapping[str, Any], at: tuple[str, ...], volumes: set[object]
) -> Iterator[Finding]:
    known = {*volumes, *_names(values.get("extraVolumes")), *_VOLUMES_OF.get(at[-1] if at else "", ())}
    place = ".".join(("values", *at))
    others = list(_names(given.get("extraContainers")))
    for key in _LISTS:
        containers = _mappings(given.get(key))
        taken = others if key == "extraInitContainers" else ()
        yield from container_list_rules(containers, f"{place}.{key}", known, taken)
        yield from container_resource_rules(containers, f"{place}.{key}")
    for key, value in given.items():
        if isinstance(value, Mapping) and len(at) < _DEEPEST:
            merged = values.get(key)
            yield from _below(value, merged if isinstance(merged, Mapping) else {}, (*at, str(key)), known)


def _names(volumes: object) -> Iterator[object]:
    yield from (each.get("name") for each in _mappings(volumes))


def _mappings(given: object) -> list[Mapping[str, Any]]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return []
    return [each if isinstance(each, Mapping) else {} for each in given]

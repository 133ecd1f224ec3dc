"""What users add to the pods of a release, compared with the Pod Security Standard of its namespace."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.airflow.pod_settings import AirflowPod
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.model.namespace import PodSecurityLevel
from cdk8s_airflow.schemas.pod_security import (
    completed,
    container_findings,
    context_findings,
    volume_findings,
)
from cdk8s_airflow.validation import Finding

_CONTAINER_KEYS = frozenset(("extraContainers", "extraInitContainers"))
_VOLUME_KEYS = frozenset(("extraVolumes", "volumes"))
_DEEPEST = 20
"""Levels of values that are searched. The values of the charts have fewer; deeper ones are reported elsewhere."""

_CONTEXT_KEYS = frozenset(("securityContext", "podSecurityContext", "containerSecurityContext"))


def setting_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """What the namespace would refuse in containers and volumes of arguments."""
    level = settings.pod_security
    if level == "privileged":
        return
    for field in dataclasses.fields(settings):
        yield from _pod_rules(getattr(settings, field.name), field.name, level)


def _pod_rules(setting: object, at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    if isinstance(setting, AirflowPod):
        for field in ("containers", "init_containers"):
            for index, container in enumerate(getattr(setting, field, ())):
                yield from container_findings(container, f"{at}.{field}[{index}]", level)
        for index, volume in enumerate(setting.volumes):
            yield from volume_findings(volume, f"{at}.volumes[{index}]", level)
    elif isinstance(setting, TaskPods):
        yield from _pod_rules(setting.default, f"{at}.default", level)
        for name, pod in setting.templates.items():
            yield from _pod_rules(pod, f"{at}.templates.{name}", level)
    elif at == "executor" and dataclasses.is_dataclass(setting):
        for name in ("workers", "sets", "executors"):
            part = getattr(setting, name, None)
            if not isinstance(part, Sequence):
                yield from _pod_rules(part, f"{at}.{name}", level)
                continue
            for index, each in enumerate(part):
                yield from _pod_rules(each, "executor" if name == "executors" else f"{at}.{name}[{index}]", level)


def value_rules(values: Mapping[str, Any], level: PodSecurityLevel, at: str = "values") -> Iterator[Finding]:
    """What the namespace would refuse in containers, volumes and security contexts of ``values=``."""
    if level == "privileged" or at.count(".") > _DEEPEST:
        return
    for key, value in values.items():
        place = f"{at}.{key}"
        if key in _CONTAINER_KEYS:
            for index, container in enumerate(_mappings(value)):
                yield from container_findings(container, f"{place}[{index}]", level)
        elif key in _VOLUME_KEYS:
            for index, volume in enumerate(_mappings(value)):
                yield from volume_findings(volume, f"{place}[{index}]", level)
        elif isinstance(value, Mapping):
            if key in _CONTEXT_KEYS or at.endswith(".securityContexts"):
                yield from context_findings(value, place, level)
            else:
                yield from value_rules(value, level, place)


def completed_values(values: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The values with the missing parts of the security context of each container that ``values=`` adds."""
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key in _CONTAINER_KEYS and isinstance(value, Sequence) and not isinstance(value, str):
            made[key] = [completed(each) if isinstance(each, Mapping) else each for each in value]
        else:
            deeper = isinstance(value, Mapping) and depth < _DEEPEST
            made[key] = completed_values(value, depth + 1) if deeper else value
    return made


def _mappings(given: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        for each in given:
            yield each if isinstance(each, Mapping) else {}


POD_SECURITY = Concept(rules=setting_rules)

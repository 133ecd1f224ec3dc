"""What users add to the pods of a release, compared with the Pod Security Standard of its namespace."""

from __future__ import annotations

import dataclasses
import re
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
    pod_findings,
    volume_findings,
)
from cdk8s_airflow.validation import Finding

_CONTAINER_KEYS = frozenset(("extraContainers", "extraInitContainers"))
_VOLUME_KEYS = frozenset(("extraVolumes", "volumes"))
_DEEPEST = 20
"""Levels of values that are searched. The values of the charts have fewer; deeper ones are reported elsewhere."""

_LEVELS: tuple[PodSecurityLevel, ...] = ("restricted", "baseline", "privileged")
_PROBE_KEYS = frozenset(("livenessProbe", "readinessProbe", "startupProbe"))
_HOOK_KEYS = frozenset(("containerLifecycleHooks", "lifecycle"))
_CONTAINER_CONTEXTS = frozenset(("container", "containers"))
_POD_CONTAINERS = ("initContainers", "containers")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_CONTEXT_KEYS = frozenset(("securityContext", "podSecurityContext", "containerSecurityContext"))


def setting_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """What the namespace would refuse in containers and volumes of arguments."""
    for field in dataclasses.fields(settings):
        level = task_level(settings) if field.name == "task_pods" else settings.pod_security
        if level != "privileged":
            yield from _pod_rules(getattr(settings, field.name), field.name, level)


def task_level(settings: ReleaseSettings) -> PodSecurityLevel:
    """The strictest level of the namespaces in which task pods run."""
    found = {settings.pod_security, *(settings.other_levels.get(name) for name in settings.task_namespaces)}
    return next((level for level in _LEVELS if level in found), settings.pod_security)


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
    """What the namespace would refuse in containers, volumes, probes and security contexts of ``values=``."""
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
        elif key in _PROBE_KEYS:
            yield from container_findings({key: value}, at, level)
        elif key in _HOOK_KEYS:
            yield from container_findings({"lifecycle": value}, at, level)
        elif isinstance(value, Mapping):
            if key in _CONTEXT_KEYS or at.endswith(".securityContexts"):
                yield from context_findings(value, place, level)
            else:
                yield from value_rules(value, level, place)


def template_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """What the namespace would refuse in the pod template of ``values=``, as the hook completes the pods that it makes."""
    text, level = settings.values.get("podTemplate"), settings.pod_security
    if level == "privileged" or not isinstance(text, str):
        return
    spec = _spec_of(text)
    if settings.task_pods.complete_started_pods:
        spec = {**spec, **{key: [completed(each) for each in _mappings(spec.get(key))] for key in _POD_CONTAINERS}}
    yield from pod_findings(spec, "values.podTemplate.spec", level)


def _spec_of(text: str) -> Mapping[str, Any]:
    """The spec of the pod in a template; empty if only Helm could tell what the template contains."""
    import yaml

    lines = [line for line in text.splitlines() if not line.strip().startswith("{{")]
    try:
        pod = yaml.safe_load(_TEMPLATE.sub("template", "\n".join(lines)))
    except yaml.YAMLError:
        return {}
    spec = pod.get("spec") if isinstance(pod, Mapping) else None
    return spec if isinstance(spec, Mapping) else {}


def completed_values(values: Mapping[str, Any], level: PodSecurityLevel, at: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values with the missing parts of the security context of each container that ``values=`` adds or changes.

    Args:
        values: ``values=``.
        level: the level of the namespace. If it is ``restricted``, security contexts of the chart's own containers are completed
            too, because the chart replaces a context as a whole.
        at: the keys of the section.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key in _CONTAINER_KEYS and isinstance(value, Sequence) and not isinstance(value, str):
            made[key] = [completed(each) if isinstance(each, Mapping) else each for each in value]
        elif not isinstance(value, Mapping) or len(at) >= _DEEPEST:
            made[key] = value
        elif level == "restricted" and value and key in _CONTAINER_CONTEXTS and at[-1:] == ("securityContexts",):
            made[key] = completed({"securityContext": value})["securityContext"]
        else:
            made[key] = completed_values(value, level, (*at, key))
    return made


def _mappings(given: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        for each in given:
            yield each if isinstance(each, Mapping) else {}


def pod_security_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """What the namespaces would refuse in arguments and in ``values=``."""
    yield from setting_rules(settings)
    task_keys = {key: settings.values[key] for key in ("workers",) if key in settings.values}
    others = {key: value for key, value in settings.values.items() if key not in task_keys}
    yield from value_rules(others, settings.pod_security)
    yield from value_rules(task_keys, task_level(settings))
    yield from template_rules(settings)


POD_SECURITY = Concept(rules=pod_security_rules)

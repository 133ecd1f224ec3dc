"""What the pods of Airflow have in common, as typed parts.

Concepts compute these parts from the settings. They are rendered twice: into values of the chart, from which the chart makes its
own pods, and into the pods of tasks, whose template is generated here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, TypeAlias

from cdk8s_airflow.airflow.environment_variables import EnvFrom, EnvValue
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.secret_reference import ConfigMapKey, OptionalSource, SecretKey, reference_entry
from cdk8s_airflow.text.yaml_writer import escape_template
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

ConfigOptions: TypeAlias = dict[str, dict[str, Any]]
"""Options of airflow.cfg, by section, as the file has them."""


@frozen(kw_only=False)
class EnvVariable:
    """An environment variable of a container.

    Attributes:
        name: its name.
        value: a string as Kubernetes reads it, or where the value comes from.
    """

    name: str
    value: EnvValue


@frozen
class PodParts:
    """What concepts add to every pod that runs Airflow.

    Attributes:
        variables: environment variables.
        env_from: Secrets and ConfigMaps each of whose keys is a variable.
        unset_variables: variables that the chart would set and that it must not set.
        volumes: volumes, as Kubernetes reads them.
        volume_mounts: mounts, as Kubernetes reads them.
        annotations: annotations of the pods.
        node_selector: labels that a node must have.
        pull_secret: the Secret with the login to the registry.
        pod_security: the security context of the pods.
        container_security: the security context of the containers.
        service_links: whether Kubernetes sets variables for each Service; None where the chart version has no key for it.
        local_settings: the text of ``airflow_local_settings.py``; None for that of the chart.
    """

    variables: tuple[EnvVariable, ...] = ()
    env_from: EnvFrom = ()
    unset_variables: tuple[str, ...] = ()
    volumes: tuple[Mapping[str, Any], ...] = ()
    volume_mounts: tuple[Mapping[str, Any], ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    pull_secret: str | None = None
    pod_security: Mapping[str, Any] = field(default_factory=dict)
    container_security: Mapping[str, Any] = field(default_factory=dict)
    service_links: bool | None = None
    local_settings: str | None = None


@frozen
class PodTemplates:
    """The texts of all pod templates of a release.

    Attributes:
        default: the default pod; None where the chart's own template is used.
        named: file name -> text of each named template, and of those for other namespaces.
        findings: why a template cannot be written.
    """

    default: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def env_variables(variables: Mapping[str, str | SecretKey | ConfigMapKey]) -> tuple[EnvVariable, ...]:
    """Variables by name, as parts."""
    return tuple(EnvVariable(name, value) for name, value in variables.items())


def secret_or_config_map(name: str, source: SecretKey | ConfigMapKey, path: str) -> dict[str, Any]:
    """A volume with one file from a key of a Secret or ConfigMap.

    Args:
        name: the name of the volume.
        source: the key.
        path: the name of the file.
    """
    items = [{"key": source.key, "path": path}]
    if isinstance(source, SecretKey):
        return {"name": name, "secret": {"secretName": source.name, "items": items}}
    return {"name": name, "configMap": {"name": source.name, "items": items}}


def merged_parts(parts: Iterable[PodParts]) -> PodParts:
    """The parts of all concepts, in their order. A part that is not a list or mapping comes from one concept only."""
    found = list(parts)
    return PodParts(
        variables=tuple(variable for each in found for variable in each.variables),
        env_from=tuple(reference for each in found for reference in each.env_from),
        unset_variables=tuple(name for each in found for name in each.unset_variables),
        volumes=tuple(volume for each in found for volume in each.volumes),
        volume_mounts=tuple(mount for each in found for mount in each.volume_mounts),
        annotations={name: text for each in found for name, text in each.annotations.items()},
        node_selector={name: text for each in found for name, text in each.node_selector.items()},
        pull_secret=next((each.pull_secret for each in found if each.pull_secret is not None), None),
        pod_security=next((each.pod_security for each in found if each.pod_security), {}),
        container_security=next((each.container_security for each in found if each.container_security), {}),
        service_links=next((each.service_links for each in found if each.service_links is not None), None),
        local_settings=next((each.local_settings for each in found if each.local_settings is not None), None),
    )


def pod_part_values(parts: PodParts) -> Tree:
    """The parts as values of the chart. It takes variables in three ways: plain, from Secrets, and as text for the rest."""
    plain = [container_variable(each) for each in parts.variables if isinstance(each.value, str)]
    secret = [
        {"envName": each.name, "secretName": each.value.name, "secretKey": each.value.key}
        for each in parts.variables
        if isinstance(each.value, SecretKey)
    ]
    other = [container_variable(each) for each in parts.variables if not isinstance(each.value, str | SecretKey)]
    values: Tree = {
        "env": plain,
        "secret": secret,
        "extraEnv": _listed(other),
        "extraEnvFrom": _listed(env_from_entries(parts.env_from)),
        "enableBuiltInSecretEnvVars": dict.fromkeys(parts.unset_variables, False),
        "volumes": list(parts.volumes),
        "volumeMounts": list(parts.volume_mounts),
        "airflowPodAnnotations": dict(parts.annotations),
        "nodeSelector": dict(parts.node_selector),
        "registry": {} if parts.pull_secret is None else {"secretName": parts.pull_secret},
        "securityContexts": {
            key: value
            for key, value in (("pod", parts.pod_security), ("containers", parts.container_security))
            if value
        },
        "airflowLocalSettings": escape_template(parts.local_settings or ""),
    }
    values = {key: value for key, value in values.items() if value}
    if parts.service_links is not None:
        values["enableServiceLinks"] = parts.service_links
    return values


def ordered_variables(variables: Iterable[EnvVariable]) -> list[EnvVariable]:
    """Variables in the order in which the chart writes them: plain ones, those from Secrets, then the rest."""
    kinds: tuple[type | tuple[type, ...], ...] = (str, SecretKey, (ConfigMapKey, OptionalSource))
    return [each for kind in kinds for each in variables if isinstance(each.value, kind)]


def container_variable(variable: EnvVariable) -> dict[str, Any]:
    """A variable as an entry of ``env`` of a container."""
    name, value = variable.name, variable.value
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": reference_entry(value)}


def env_from_entries(references: EnvFrom) -> list[dict[str, Any]]:
    """Secrets and ConfigMaps as entries of ``envFrom`` of a container."""
    return [reference_entry(reference) for reference in references]


def _listed(entries: Iterable[Mapping[str, Any]]) -> str:
    """Entries as text of YAML, for keys that the chart fills in as templates."""
    return escape_template("".join(f"- {json.dumps(entry)}\n" for entry in entries))


def merged_options(options: Iterable[Mapping[str, Mapping[str, Any]]]) -> ConfigOptions:
    """Options of airflow.cfg from several concepts.

    Raises:
        ValueError: when two concepts set one option to different values.
    """
    return join(*options)


def config_option(place: str | None, value: object) -> ConfigOptions:
    """One option of airflow.cfg.

    Args:
        place: its key in the chart, ``config.<section>.<option>``; None where the version has none.
        value: its value.
    """
    if place is None:
        return {}
    _, section, option = place.split(".")
    return {section: {option: value}}


def config_option_values(options: Mapping[str, Mapping[str, Any]]) -> Tree:
    """The options as values of the chart, which fills in strings as templates."""
    if not options:
        return {}
    return {
        "config": {
            section: {name: escape_template(value) if isinstance(value, str) else value for name, value in own.items()}
            for section, own in options.items()
        }
    }

"""What the pods of all components have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar

from cdk8s_airflow.airflow.container_rules import container_list_rules, duplicate_path_rules, owned_path_rules
from cdk8s_airflow.airflow.secret_literals import literal_findings
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, OptionalSource, SecretKey
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import (
    AnnotationKey,
    Bytes,
    Duration,
    LabelValue,
    Must,
    ObjectName,
    Retention,
    VariableName,
)
from cdk8s_airflow.validation.frozen import frozen

CHART_LABELS = frozenset(("tier", "component", "release", "worker-set"))
"""Labels by which the chart's Services, budgets and Deployments find their pods."""

CHART_VOLUMES = frozenset(
    ("api-server-config", "config", "dags", "git-sync-ssh-key", "logs", "webserver-config", "kerberos-ccache")
)
"""Volumes that the chart gives to some of its pods itself."""

OWNED_VARIABLES = frozenset(
    (
        "AIRFLOW_CONN_AIRFLOW_DB",
        "AIRFLOW_HOME",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__CELERY__BROKER_URL",
        "AIRFLOW__CELERY__FLOWER_BASIC_AUTH",
        "AIRFLOW__CELERY__RESULT_BACKEND",
        "AIRFLOW__CORE__EXECUTOR",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__WEBSERVER__SECRET_KEY",
        "DUMB_INIT_SETSID",
        "PGPASSWORD",
        "PGSSLMODE",
        "PGSSLROOTCERT",
    )
)
"""Variables that the chart or another argument sets; Helm 4 refuses duplicate names."""

PlainText = Annotated[
    str,
    Must(
        lambda text: "{{" not in text,
        "must not contain {{, which some chart versions evaluate as a template",
        "write it without",
        "components/template",
    ),
]


@frozen
class LogGroomer:
    """The sidecar container of a component that deletes old log files.

    Attributes:
        retention: how long a file is kept, in days. Default: ``"15d"``.
        interval: how often the groomer looks for old files. Default: every 15 minutes. Charts before 1.18 have no such key.
        max_size: the total size of the log files above which the oldest are deleted, regardless of their age. Charts before
            1.20 have no such key. Default: no limit.
        resources: requests and limits of the container. Default: 10m CPU, 64Mi memory, at most 128Mi.
    """

    how_to_write: ClassVar[str] = 'LogGroomer(retention="30d")'

    retention: Retention = "15d"
    interval: Duration | None = None
    max_size: Bytes | None = None
    resources: Resources = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")

    def _rules(self) -> Iterator[Finding]:
        if self.interval is not None and not self.interval.endswith(("m", "h")):
            yield Finding(
                rule="components/groomer",
                at="interval",
                problem="must be a multiple of one minute",
                seen=repr(self.interval),
                fix='Use, for example, "15m" or "1h"',
            )


@frozen
class ComponentPod:
    """What every component's pod has.

    Attributes:
        placement: the nodes on which it may run: a :class:`NodeGroup` or a :class:`Placement`. It replaces ``placement=`` of the
            release as a whole; ``Placement()`` means any node. Default: None, that of the release.
        priority_class: the name of a PriorityClass that exists. Default: the cluster's default.
        labels: additional labels of the pod. A label with the same key as a label of the release overrides it. Default: none.
        annotations: additional annotations of the pod. An annotation with the same key as one of the release overrides it.
            Default: none.
    """

    placement: NodePlacement | None = None
    priority_class: ObjectName | None = None
    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    annotations: Mapping[AnnotationKey, PlainText] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        yield from label_rules(self.labels)


def label_rules(labels: Mapping[str, str]) -> Iterator[Finding]:
    """Checks of labels that a user adds to pods of a release."""
    for key in sorted(CHART_LABELS & set(labels)):
        yield Finding(
            rule="components/label",
            at=f"labels.{key}",
            problem="is a label that the selectors of the chart use",
            seen=repr(labels[key]),
            fix="Use another key",
        )


@frozen
class AirflowPod(ComponentPod):
    """What every pod that runs Airflow itself has.

    Attributes:
        env: additional environment variables of the component's container: a string, or one key of a Secret or ConfigMap.
            Default: none.
        volumes: additional volumes, in the form of the Kubernetes API. Default: none.
        volume_mounts: additional volume mounts of the component's container, in the same form. Default: none.
    """

    env: Mapping[VariableName, str | SecretKey | ConfigMapKey | OptionalSource] = field(default_factory=dict)
    volumes: Sequence[Mapping[str, Any]] = ()
    volume_mounts: Sequence[Mapping[str, Any]] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from ComponentPod._rules(self)
        for name in sorted(OWNED_VARIABLES & set(self.env)):
            yield Finding(
                rule="components/variable",
                at=f"env.{name}",
                problem="is set by the chart or by another argument, and names must be unique",
                fix="Remove it, and use the argument that sets it, such as keys=, database= or executor=",
            )
        for name, value in self.env.items():
            if isinstance(value, str):
                yield from literal_findings(f"env.{name}", name, value)
        yield from _volume_rules(self.volumes, self.volume_mounts)
        yield from duplicate_path_rules(self.volume_mounts, "volume_mounts", "mountPath")
        yield from owned_path_rules(self.volume_mounts, "volume_mounts")
        for at, given in (("volumes", self.volumes), ("volume_mounts", self.volume_mounts)):
            yield from _template_rules(given, at)


@frozen
class ServingPod(AirflowPod):
    """What every pod of Airflow that runs for good has.

    Attributes:
        containers: additional sidecar containers, in the form of the Kubernetes API. They need requests and limits;
            those without a security context get one that the Pod Security Standard ``restricted`` accepts. Default: none.
        init_containers: additional init containers, in the same form. Default: none.
    """

    containers: Sequence[Mapping[str, Any]] = ()
    init_containers: Sequence[Mapping[str, Any]] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        yield from container_rules(self.containers, "containers", self.volumes)
        names = [container.get("name") for container in self.containers]
        yield from container_rules(self.init_containers, "init_containers", self.volumes, names)


def container_rules(
    given: Sequence[Mapping[str, Any]],
    at: str,
    volumes: Sequence[Mapping[str, Any]],
    taken: Sequence[object] = (),
) -> Iterator[Finding]:
    """Checks of further containers of a pod. The schema of the chart checks the rest.

    Args:
        given: the containers.
        at: the argument that has them.
        volumes: the volumes that the user adds to the pod.
        taken: names of other containers that the user adds to the pod.
    """
    yield from _template_rules(given, at)
    names = {*CHART_VOLUMES, *(volume.get("name") for volume in volumes)}
    yield from container_list_rules(given, at, names, taken)
    yield from container_resource_rules(given, at)


_AMOUNTS = {"cpu": '"100m"', "memory": '"256Mi"'}
"""Examples for messages."""


def container_resource_rules(given: Sequence[Mapping[str, Any]], at: str) -> Iterator[Finding]:
    """Whether each container has requests and a memory limit.

    Args:
        given: the containers.
        at: the argument that has them.
    """
    for index, container in enumerate(given):
        asked = container.get("resources")
        asked = asked if isinstance(asked, Mapping) else {}
        for part, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            block = asked.get(part)
            if not isinstance(block, Mapping) or name not in block:
                yield Finding(
                    rule="components/container-resources",
                    at=f"{at}[{index}].resources.{part}.{name}",
                    problem="is required: every container of a release has requests and a memory limit",
                    fix=f"Set {part}.{name} to the amount that the container needs, such as {_AMOUNTS[name]}",
                )


def _volume_rules(volumes: Sequence[Mapping[str, Any]], mounts: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    names = [volume.get("name") for volume in volumes]
    for index, name in enumerate(names):
        if name in CHART_VOLUMES or name in names[:index]:
            yield Finding(
                rule="components/volume",
                at=f"volumes[{index}].name",
                problem="is the name of another volume of the pod",
                seen=repr(name),
                fix="Use another name",
            )
    for index, mount in enumerate(mounts):
        if mount.get("name") not in names:
            yield Finding(
                rule="components/volume",
                at=f"volume_mounts[{index}].name",
                problem="must be the name of a volume in volumes=",
                seen=repr(mount.get("name")),
                fix="add it to volumes=, or correct the name",
            )


def _template_rules(given: object, at: str) -> Iterator[Finding]:
    if isinstance(given, str):
        if "{{" in given:
            yield Finding(
                rule="components/template",
                at=at,
                problem="must not contain {{, which some chart versions evaluate as a template",
                fix="Remove {{ from the value",
            )
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from _template_rules(value, f"{at}.{key}")
    elif isinstance(given, Sequence):
        for index, value in enumerate(given):
            yield from _template_rules(value, f"{at}[{index}]")

"""Pod settings that all components have, as values of the chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.components import Replicated
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.environment_variables import EnvValue
from cdk8s_airflow.airflow.pod_settings import AirflowPod, ComponentPod
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Objects
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.secret_reference import reference_entry
from cdk8s_airflow.model.wire.disruption_budget import budget
from cdk8s_airflow.model.wire.placement import node_selector, placement, pod_selector, spread
from cdk8s_airflow.schemas.pod_security import completed
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.durations import seconds

PROBE_PERIOD = 10
"""Seconds between two start-up probes. It is the chart's default, set explicitly because the tolerance is a multiple of it."""

COMMAND_PROBE_PERIOD = 60
"""Seconds between two liveness probes that run a command, as in the chart."""

HTTP_PROBE_PERIOD = 10
"""Seconds between two liveness probes by HTTP, as in the chart."""


def unsupported_setting(dialect: Dialect, meaning: str, at: str, given: object) -> Finding:
    """A finding for a setting that this version of the chart ignores."""
    first = dialect.first_chart_with(meaning)
    support = f"chart {first} or newer supports it" if first else "no supported chart version supports it"
    return Finding(
        rule="versions/unread",
        at=at,
        problem=f"is ignored by chart {dialect.chart} with Airflow {dialect.airflow}; {support}",
        seen=show(given),
        fix=f"Remove it, or use chart_version={first!r} or newer" if first else "Remove it",
    )


def unsupported_rules(
    dialect: Dialect, component: str, given: object, field: str, meaning: str | None = None
) -> Iterator[Finding]:
    """A finding if a field of a component is set and this version of the chart ignores it.

    Args:
        dialect: the versions.
        component: the argument of the release.
        given: the component.
        field: the name of the field.
        meaning: the entry of the field in ``PLACES``. Default: ``component.field``.
    """
    at = f"{component}.{field}"
    value = getattr(given, field)
    if value and dialect.place(meaning or at) is None:
        yield unsupported_setting(dialect, meaning or at, at, value)


def variable(name: str, value: EnvValue) -> dict[str, Any]:
    """One environment variable of a container."""
    return (
        {"name": name, "value": value}
        if isinstance(value, str)
        else {"name": name, "valueFrom": reference_entry(value)}
    )


def hardened(containers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Containers, each with a security context that the Pod Security Standard ``restricted`` accepts."""
    return [completed(container) for container in containers]


def component_placement(settings: ReleaseSettings, own: NodePlacement | None) -> Tree:
    """The nodes of a component: its own placement, otherwise that of the release.

    The chart falls back field by field to its keys for all pods, which would combine the node selector of a component with the
    affinity of the release. So the placement of the release is written to each component, and those keys are not used.
    A node selector of a component replaces that of all pods, so it has the CPU architecture too.
    """
    nodes = settings.placement if own is None else own
    if nodes is None:
        return {}
    placed = placement(nodes)
    if "nodeSelector" in placed:
        placed["nodeSelector"] = node_selector(placed["nodeSelector"], settings.facts.architecture)
    return placed


def without_release_wide(settings: ReleaseSettings) -> ReleaseSettings:
    """The release without what it sets for all its pods, to see what a component sets itself."""
    return replace(settings, placement=None, labels={}, annotations={})


def pod_values(
    settings: ReleaseSettings, given: ComponentPod, *, labels_read: bool = True, env_read: bool = True
) -> Tree:
    """The keys that all components have under the same name; only those that are set.

    Args:
        settings: the release.
        given: the component.
        labels_read: whether this version reads labels of this component.
        env_read: whether this version reads variables of this component.
    """
    values = component_placement(settings, given.placement)
    if given.priority_class is not None:
        values["priorityClassName"] = given.priority_class
    if given.labels and labels_read:
        values["labels"] = dict(given.labels)
    if annotations := {**settings.annotations, **given.annotations}:
        values["podAnnotations"] = annotations
    if isinstance(given, AirflowPod):
        if given.env and env_read:
            values["env"] = [variable(name, value) for name, value in given.env.items()]
        if given.volumes:
            values["extraVolumes"] = list(given.volumes)
        if given.volume_mounts:
            values["extraVolumeMounts"] = list(given.volume_mounts)
        for field, key in (("containers", "extraContainers"), ("init_containers", "extraInitContainers")):
            if containers := getattr(given, field, ()):
                values[key] = hardened(containers)
    return values


def availability_values(
    given: Replicated, labels: Mapping[str, str], budget_key: str | None, without: Sequence[str] = ()
) -> Tree:
    """The topology spread and the disruption budget of replicas. Each component writes their number itself.

    Args:
        given: the component.
        labels: the labels by which its pods are selected.
        budget_key: the key of the component's values for a disruption budget; None if this version has none, or if its
            selector would match other pods too.
        without: keys of labels that its pods do not have, in contrast to other pods with the same ``labels``.
    """
    values: Tree = {}
    if given.most_replicas > 1 and given.spread:
        values["topologySpreadConstraints"] = spread(given.spread, labels, without)
    if given.least_replicas > 1 and given.disruption_budget is not None and budget_key is not None:
        # The chart merges maxUnavailable: 1 into the given budget; null deletes it.
        counted = budget(given.disruption_budget)
        config = counted if "maxUnavailable" in counted else {"maxUnavailable": None, **counted}
        values[budget_key] = {"enabled": True, "config": config}
    return values


def pod_labels(release: str, component: str) -> dict[str, str]:
    """The labels by which the chart selects the pods of a component."""
    return {"tier": "airflow", "component": component, "release": release}


def own_budget(
    given: Replicated, name: str, namespace: str, labels: Mapping[str, str], without: Sequence[str] = ()
) -> dict[str, Any] | None:
    """A disruption budget for replicas, if this version of the chart has none or not a suitable one.

    Args:
        given: the component.
        name: the name of the disruption budget.
        namespace: its namespace.
        labels: the labels by which the pods are selected.
        without: keys of labels that the pods do not have, in contrast to other pods with the same ``labels``.
    """
    if given.least_replicas < 2 or given.disruption_budget is None:
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**budget(given.disruption_budget), "selector": pod_selector(labels, without)},
    }


def own_budget_objects(settings: ReleaseSettings, component: str, given: Replicated | None) -> Objects:
    """The disruption budget of a component, if this version of the chart has none.

    Args:
        settings: the release.
        component: the component as in the labels of its pods.
        given: the component, or None for a release without it.
    """
    has_budget = settings.dialect.place(f"{component.replace('-', '_')}.disruption_budget") is not None
    if given is None or has_budget:
        return {}
    made = own_budget(
        given, f"{settings.release}-{component}-pdb", settings.namespace, pod_labels(settings.release, component)
    )
    return {} if made is None else {f"{component}-disruption-budget": made}


def startup_probe(tolerance: str) -> dict[str, int]:
    """A start-up probe that fails after a length of time."""
    return {"failureThreshold": -(-seconds(tolerance) // PROBE_PERIOD), "periodSeconds": PROBE_PERIOD}


def probe_values(given: Any, period: int) -> Tree:
    """How long the liveness probe of a component may fail, and the timeout of one probe.

    Args:
        given: the component.
        period: seconds between two probes, as in the chart.
    """
    probe: Tree = {}
    if given.liveness_tolerance is not None:
        length = seconds(given.liveness_tolerance)
        probe["periodSeconds"] = min(period, length)
        probe["failureThreshold"] = -(-length // probe["periodSeconds"])
    if given.probe_timeout is not None:
        probe["timeoutSeconds"] = seconds(given.probe_timeout)
    return {"livenessProbe": probe} if probe else {}


def grace_values(given: Any, read: bool = True) -> Tree:
    """How long a pod may take to stop.

    Args:
        given: the component.
        read: whether this version reads it for this component.
    """
    if given.grace_period is None or not read:
        return {}
    return {"terminationGracePeriodSeconds": seconds(given.grace_period)}

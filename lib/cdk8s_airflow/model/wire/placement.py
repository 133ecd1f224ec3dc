"""Placement and topology spread of pods in the form of Kubernetes fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdk8s_airflow.model.node_group import ARCHITECTURE, NodePlacement, placement_on
from cdk8s_airflow.model.placement import Toleration, TopologySpread


def toleration(given: Toleration) -> dict[str, Any]:
    """One toleration of a pod."""
    made: dict[str, Any] = {"operator": "Exists" if given.value is None else "Equal"}
    for name, value in (
        ("key", given.key),
        ("value", given.value),
        ("effect", given.effect),
        ("tolerationSeconds", given.seconds),
    ):
        if value is not None:
            made[name] = value
    return made


def placement(nodes: NodePlacement, architecture: str | None = None) -> dict[str, Any]:
    """The fields of a pod, or of a component of the chart, for node selection. Empty ones are left out.

    Args:
        nodes: the nodes.
        architecture: the CPU architecture of the nodes, unless the placement has its own label for it.
    """
    given, made = placement_on(nodes), dict[str, Any]()
    selector = node_selector(given.node_selector, architecture)
    if selector:
        made["nodeSelector"] = selector
    if given.tolerations:
        made["tolerations"] = [toleration(each) for each in given.tolerations]
    if given.affinity is not None:
        made["affinity"] = given.affinity
    return made


def node_selector(labels: Mapping[str, str], architecture: str | None) -> dict[str, str]:
    """The labels that a node must have, with that of the CPU architecture unless ``labels`` has it."""
    return dict(labels) if architecture is None else {ARCHITECTURE: architecture, **labels}


def spread(
    given: Sequence[TopologySpread], labels: Mapping[str, str], without: Sequence[str] = ()
) -> list[Mapping[str, Any]]:
    """The topology spread constraints of pods with these labels.

    Args:
        given: the constraints.
        labels: labels that the pods have.
        without: keys of labels that they do not have.
    """
    return [
        {
            "maxSkew": each.max_skew,
            "topologyKey": each.across,
            "whenUnsatisfiable": "DoNotSchedule" if each.required else "ScheduleAnyway",
            "labelSelector": pod_selector(labels, without),
        }
        for each in given
    ]


def pod_selector(labels: Mapping[str, str], without: Sequence[str] = ()) -> dict[str, Any]:
    """A label selector for pods.

    Args:
        labels: labels that the pods have.
        without: keys of labels that they do not have.
    """
    selector: dict[str, Any] = {"matchLabels": dict(labels)}
    if without:
        selector["matchExpressions"] = [{"key": key, "operator": "DoesNotExist"} for key in without]
    return selector

"""Placement and topology spread of pods in the form of Kubernetes fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdk8s_airflow.model.placement import Placement, Toleration, TopologySpread


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


def placement(given: Placement) -> dict[str, Any]:
    """The fields of a pod, or of a component of the chart, for node selection. Empty ones are left out."""
    made: dict[str, Any] = {}
    if given.node_selector:
        made["nodeSelector"] = dict(given.node_selector)
    if given.tolerations:
        made["tolerations"] = [toleration(each) for each in given.tolerations]
    if given.affinity is not None:
        made["affinity"] = given.affinity
    return made


def spread(given: Sequence[TopologySpread], labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The topology spread constraints of pods with these labels."""
    return [
        {
            "maxSkew": each.max_skew,
            "topologyKey": each.across,
            "whenUnsatisfiable": "DoNotSchedule" if each.required else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for each in given
    ]

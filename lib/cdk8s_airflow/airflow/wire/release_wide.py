"""What holds for all pods and objects of a release: labels. Placement and annotations are part of each component."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.pod_settings import label_rules
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.validation import Finding


def release_wide_values(settings: ReleaseSettings) -> Tree:
    """The labels of all objects of the chart and of all its pods. Labels of a component win."""
    return {"labels": dict(settings.labels)} if settings.labels else {}


def release_wide_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether the labels are others than those of the chart."""
    yield from label_rules(settings.labels)


def labelled(objects: Objects, settings: ReleaseSettings) -> Objects:
    """Objects that the chart does not create, with the labels of the release. Their own labels win."""
    if not settings.labels:
        return objects
    return {
        id: {
            **each,
            "metadata": {**each["metadata"], "labels": {**settings.labels, **each["metadata"].get("labels", {})}},
        }
        for id, each in objects.items()
    }


RELEASE_WIDE = Concept(values=release_wide_values, rules=release_wide_rules)
"""Labels of all objects of a release."""

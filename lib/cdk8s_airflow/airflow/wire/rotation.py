"""The annotation that restarts every pod."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.tree import Tree


def rotation_values(settings: ReleaseSettings) -> Tree:
    """An annotation on every pod: a new string restarts them. The chart restarts no pod when an existing Secret changes."""
    if settings.rotation is None:
        return {}
    return {"airflowPodAnnotations": {"cdk8s-airflow/rotation": settings.rotation}}


ROTATION = Concept(values=rotation_values)
"""The annotation that restarts every pod."""

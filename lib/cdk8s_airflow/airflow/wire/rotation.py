"""The annotation that restarts every pod."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts


def rotation_parts(settings: ReleaseSettings) -> PodParts:
    """An annotation on every pod: a new string restarts them. The chart restarts no pod when an existing Secret changes."""
    return PodParts(annotations={} if settings.rotation is None else {"cdk8s-airflow/rotation": settings.rotation})


ROTATION = Concept(parts=rotation_parts)
"""The annotation that restarts every pod."""

"""The version of Airflow, and whether it was tested with the version of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.images import airflow_tag
from cdk8s_airflow.airflow.wire.pod_parts import PodParts
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.version import TESTED_KUBERNETES
from cdk8s_airflow.validation.versions import minor_text, range_text, within


def version_values(settings: ReleaseSettings) -> Tree:
    """Airflow's version, told twice: the templates follow one key, the image the other."""
    return {"airflowVersion": settings.dialect.airflow, "defaultAirflowTag": airflow_tag(settings)}


def version_parts(settings: ReleaseSettings) -> PodParts:
    """No variable for each Service, where the chart version has a key for it."""
    return PodParts(service_links=None if settings.dialect.place("service_links") is None else False)


def version_notes(settings: ReleaseSettings) -> Iterator[str]:
    """A warning if this Airflow is not tested on this Kubernetes."""
    tested = TESTED_KUBERNETES.get(minor_text(settings.dialect.airflow))
    kubernetes = settings.facts.kubernetes
    if tested is not None and kubernetes is not None and not within(tested, kubernetes):
        yield BeforeApply(
            f"Airflow {settings.dialect.airflow} is tested on Kubernetes {range_text(tested)}; this cluster has {kubernetes}."
        )


VERSION = Concept(values=version_values, parts=version_parts, notes=version_notes)
"""The version of Airflow."""

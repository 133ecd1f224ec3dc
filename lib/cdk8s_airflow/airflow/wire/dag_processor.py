"""The DAG processor."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.pod_settings import (
    COMMAND_PROBE_PERIOD,
    availability_values,
    grace_values,
    own_budget_objects,
    pod_labels,
    pod_values,
    probe_values,
    unsupported_rules,
)
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding


def dag_processor_values(settings: ReleaseSettings) -> Tree:
    """The values of the DAG processor."""
    given, dialect = settings.dag_processor, settings.dialect
    if given is None:
        return nest(dialect.place("dag_processor.enabled"), False)
    has_budget = dialect.place("dag_processor.disruption_budget") is not None
    labels = pod_labels(settings.release, "dag-processor")
    values = join(
        {
            "replicas": given.replicas,
            "resources": resources(given.resources),
            # Parsing DAG files requires no Kubernetes token, unless connections are looked up in Kubernetes.
            "serviceAccount": {"automountServiceAccountToken": settings.secrets_backend is not None},
        },
        pod_values(settings, given, labels_read=dialect.place("dag_processor.labels") is not None),
        availability_values(given, labels, "podDisruptionBudget" if has_budget else None),
        probe_values(given, COMMAND_PROBE_PERIOD),
        grace_values(given),
    )
    return join({"dagProcessor": values}, nest(dialect.place("dag_processor.enabled"), True))


def dag_processor_objects(settings: ReleaseSettings) -> Objects:
    """The disruption budget, if this version of the chart has none."""
    return own_budget_objects(settings, "dag-processor", settings.dag_processor)


def dag_processor_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings that this version of the chart ignores."""
    given, dialect = settings.dag_processor, settings.dialect
    if given is not None:
        yield from unsupported_rules(dialect, "dag_processor", given, "labels")


DAG_PROCESSOR = Concept(values=dag_processor_values, objects=dag_processor_objects, rules=dag_processor_rules)
"""The DAG processor."""

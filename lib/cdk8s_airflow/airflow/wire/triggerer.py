"""The triggerer."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.keda import keda_values, scaled_object
from cdk8s_airflow.airflow.wire.pod_settings import (
    COMMAND_PROBE_PERIOD,
    availability_values,
    grace_values,
    own_budget_objects,
    pod_labels,
    pod_values,
    probe_values,
)
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.wire.resources import resources

_QUERY = "SELECT ceil(COUNT(*)::decimal / {capacity}) FROM trigger"


def triggerer_values(settings: ReleaseSettings) -> Tree:
    """The values of the triggerer."""
    given, dialect = settings.triggerer, settings.dialect
    if given is None:
        return {"triggerer": {"enabled": False}}
    has_budget = dialect.place("triggerer.disruption_budget") is not None
    labels = pod_labels(settings.release, "triggerer")
    values = join(
        {"enabled": True, "resources": resources(given.resources), "persistence": {"enabled": False}},
        {"replicas": given.replicas} if given.scaling is None else keda_values(settings, given.scaling),
        pod_values(settings, given),
        availability_values(given, labels, "podDisruptionBudget" if has_budget else None),
        probe_values(given, COMMAND_PROBE_PERIOD),
        grace_values(given),
    )
    return {"triggerer": values}


def triggerer_objects(settings: ReleaseSettings) -> Objects:
    """The disruption budget and the ScaledObject, if this version of the chart has none."""
    given = settings.triggerer
    made = own_budget_objects(settings, "triggerer", given)
    if given is not None and given.scaling is not None:
        query = _QUERY.format(capacity=_capacity(settings))
        made |= scaled_object(settings, "triggerer", "Deployment", given.scaling, query)
    return made


def _capacity(settings: ReleaseSettings) -> object:
    """How many triggers a triggerer runs, as the charts read it. Source: ``triggerer.capacity`` in their helpers."""
    options = settings.config.get("triggerer", {})
    return options.get("capacity") or options.get("default_capacity") or 1000


TRIGGERER = Concept(values=triggerer_values, objects=triggerer_objects)
"""The triggerer."""

"""Disruption budgets in the form of a PodDisruptionBudget."""

from __future__ import annotations

from cdk8s_airflow.model.disruption_budget import DisruptionBudget


def budget(given: DisruptionBudget) -> dict[str, int]:
    """The fields of a PodDisruptionBudget."""
    if given.min_available is not None:
        return {"minAvailable": given.min_available}
    return {"maxUnavailable": given.max_unavailable or 1}

"""Disruption budgets, as Kubernetes and the chart read them."""

from __future__ import annotations

from cdk8s_airflow.model.disruption_budget import DisruptionBudget


def budget(given: DisruptionBudget) -> dict[str, int]:
    """What a disruption budget counts."""
    if given.min_available is not None:
        return {"minAvailable": given.min_available}
    return {"maxUnavailable": given.max_unavailable or 1}

"""How many replicas may be taken away at once, as when a node is drained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count
from cdk8s_airflow.validation.frozen import frozen


@frozen
class DisruptionBudget:
    """How many replicas of a component may be taken away at once. It counts from two replicas on.

    Attributes:
        max_unavailable: how many may be missing. Default: 1, unless ``min_available`` is given.
        min_available: how many must stay; fewer than there are replicas, or no node could ever be drained.
    """

    how_to_write: ClassVar[str] = "DisruptionBudget(min_available=2)"

    max_unavailable: Count | None = None
    min_available: Count | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.max_unavailable is not None and self.min_available is not None:
            yield Finding(
                rule="scheduling/budget",
                at="min_available",
                problem="is given together with max_unavailable, and Kubernetes takes one of them",
                seen=repr(self.min_available),
                fix="keep one of the two",
            )


def budget_findings(budget: DisruptionBudget | None, replicas: int, at: str) -> Iterator[Finding]:
    """Whether a budget lets any replica go, and whether there are replicas to count.

    Args:
        budget: the budget.
        replicas: how many there are at least.
        at: the argument that holds the budget.
    """
    if budget is None or budget == DisruptionBudget():
        return
    if replicas == 1:
        yield Finding(
            rule="scheduling/budget",
            at=at,
            problem="is given for a single replica, whose node could then never be drained, or nothing would be kept",
            fix="give replicas=2 or more, or leave it out",
        )
    elif budget.min_available is not None and budget.min_available >= replicas:
        yield Finding(
            rule="scheduling/budget",
            at=f"{at}.min_available",
            problem=f"keeps all of the {replicas} replicas, so that no node of theirs could be drained",
            seen=repr(budget.min_available),
            fix=f"use {replicas - 1} or less",
        )

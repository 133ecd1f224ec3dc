"""How many replicas may be unavailable during a voluntary disruption, such as a node drain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count
from cdk8s_airflow.validation.frozen import frozen


@frozen
class DisruptionBudget:
    """The PodDisruptionBudget of a component. It is emitted only if the component has at least two replicas.

    Attributes:
        max_unavailable: how many replicas may be unavailable at once, ``spec.maxUnavailable``. Default: 1, unless
            ``min_available`` is set.
        min_available: how many replicas must stay available, ``spec.minAvailable``. It must be less than the number of
            replicas, otherwise no node with a replica can be drained. Default: None; ``max_unavailable`` is used.
    """

    how_to_write: ClassVar[str] = "DisruptionBudget(min_available=2)"

    max_unavailable: Count | None = None
    min_available: Count | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.max_unavailable is not None and self.min_available is not None:
            yield Finding(
                rule="scheduling/budget",
                at="min_available",
                problem="conflicts with max_unavailable: a PodDisruptionBudget has one of the two",
                seen=repr(self.min_available),
                fix="Remove min_available or max_unavailable",
            )


def budget_findings(budget: DisruptionBudget | None, replicas: int, at: str) -> Iterator[Finding]:
    """Check that the budget allows a replica to be evicted, and that there are at least two replicas.

    Args:
        budget: the budget.
        replicas: the minimum number of replicas.
        at: the argument that holds the budget.
    """
    if budget is None or budget == DisruptionBudget():
        return
    if replicas == 1:
        yield Finding(
            rule="scheduling/budget",
            at=at,
            problem="requires at least two replicas: with one, the node could not be drained, or nothing is protected",
            fix="Set replicas=2 or more, or remove the budget",
        )
    elif budget.min_available is not None and budget.min_available >= replicas:
        yield Finding(
            rule="scheduling/budget",
            at=f"{at}.min_available",
            problem=f"must be less than replicas ({replicas}), otherwise no node with a replica can be drained",
            seen=repr(budget.min_available),
            fix=f"Use {replicas - 1} or less",
        )

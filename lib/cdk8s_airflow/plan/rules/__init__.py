"""The rules of a plan, by subject.

Within a plan the rules are asked in this order. For an object that is added, removed or renamed the first one that applies
counts; for settings all that apply are reported, and the first default rule is for what is left.
"""

from __future__ import annotations

from cdk8s_airflow.plan.rule import Rule
from cdk8s_airflow.plan.rules import (
    airflow,
    database,
    delivery,
    network,
    objects,
    secrets,
    security,
    storage,
    workloads,
)  # fmt: skip

# The default rules of the workloads end with those for everything.
_MODULES = (objects, storage, database, airflow, secrets, network, security, delivery, workloads)

_FIRST = ("text/same-amount", "text/order")
"""Default rules that are asked before those of any kind of object."""

_ALL: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)

RULES: tuple[Rule, ...] = (
    *(rule for rule in _ALL if rule.id in _FIRST),
    *(rule for rule in _ALL if rule.id not in _FIRST),
)
"""All rules, in the order in which they are asked."""

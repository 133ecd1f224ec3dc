"""Each rule: where it applies, and what it says."""

from __future__ import annotations

import re

import pytest

from cdk8s_airflow.plan.comparison import Plan
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import placeholders
from cdk8s_airflow.plan.rules import RULES
from tests.plan.cases import CASES, NO_EFFECT, Case
from tests.plan.given import plan

BY_ID = {rule.id: rule for rule in RULES}
ONLY_RENDERED = {"release/rendered-value"}
"""Rules that apply only to platforms with the objects of their charts; tests/plan/test_rendering.py has them."""


def ids(cases: tuple[Case, ...]) -> list[str]:
    return [f"{number}-{case.rule}" for number, case in enumerate(cases)]


def reported(changes: Plan, case: Case) -> list[tuple[str, str, str]]:
    return [(change.rule, change.path, change.object) for change in (*changes.changes, *changes.without_effect)]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_rule_applies_and_explains(case: Case) -> None:
    changes = plan(case.old, case.new)
    found = [change for change in changes.changes if change.rule == case.rule]
    assert len(found) == 1, reported(changes, case)
    (change,) = found
    assert change.path == case.path
    assert change.risk is BY_ID[case.rule].risk
    assert case.says in change.message
    if case.object:
        assert change.object == case.object
    assert "MISSING" not in change.message


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_difference_of_a_case_is_reported_once(case: Case) -> None:
    changes = plan(case.old, case.new)
    paths = [(change.object, change.path) for change in changes.changes]
    assert len(paths) == len(set(paths)), paths


@pytest.mark.parametrize("case", NO_EFFECT, ids=ids(NO_EFFECT))
def test_change_without_an_effect_is_no_change(case: Case) -> None:
    changes = plan(case.old, case.new)
    assert changes.changes == ()
    assert [(change.rule, change.path) for change in changes.without_effect] in (
        [(case.rule, case.path)],
        [],
    ) or not case.path
    assert case.rule != "text/formatting" or changes.without_effect


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_rule_does_not_apply_without_a_change(case: Case) -> None:
    assert plan(case.old, case.old).changes == ()
    assert plan(case.new, case.new).changes == ()


def test_every_rule_has_a_case() -> None:
    tested = {case.rule for case in (*CASES, *NO_EFFECT)} | ONLY_RENDERED
    assert sorted(BY_ID) == sorted(tested)


def test_rule_ids_are_distinct_and_have_one_form() -> None:
    assert len(BY_ID) == len(RULES)
    assert [rule for rule in BY_ID if not re.fullmatch(r"[a-z]+(-[a-z]+)*/[a-z]+(-[a-z]+)*", rule)] == []


@pytest.mark.parametrize("rule", RULES, ids=list(BY_ID))
def test_rule_is_described(rule: object) -> None:
    found = BY_ID[rule.id]  # type: ignore[attr-defined]
    assert re.fullmatch(r"[A-Z].*[^.]", found.title)
    assert found.happens.endswith((".", "?"))
    assert not found.first or re.match(r"[A-Z]", found.first)
    if found.risk.severity >= Risk.SECURITY.severity:
        assert found.first, "what to do first"
    assert placeholders(found.text) <= {
        "old", "new", "path", "change", "name", "namespace", "object", "kind", "new_name", "new_namespace", "new_object",
        "new_kind", "settings", "volumes", "tablespace", "lines", "direction", "more", "less", "component", "section", "to",
        "host", "job", "workloads", "use", "resource", "target", "replicas",
    }  # fmt: skip

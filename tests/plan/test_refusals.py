"""The table of refused changes that the tests on a cluster replay."""

from __future__ import annotations

import re

import pytest

from tests.plan.given import plan
from tests.plan.refusals import NAMESPACE, REFUSALS, Refusal
from tests.truth import assert_accepted


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.rule)
def test_plan_calls_the_change_impossible_by_the_rule(refusal: Refusal) -> None:
    changes = plan(refusal.before, refusal.after).changes
    assert ("impossible", refusal.rule) in {(change.risk.value, change.rule) for change in changes}
    assert re.compile(refusal.error)


def test_both_objects_are_ones_that_a_cluster_would_accept_if_they_were_new() -> None:
    for refusal in REFUSALS:
        for body in (refusal.before, refusal.after):
            assert body["metadata"]["namespace"] == NAMESPACE
            if (refusal.rule, body) != ("database/parameter-refused", refusal.after):
                # That one would be refused as a new object too, because logs are archived.
                assert_accepted([body])


def test_at_least_fifteen_kinds_of_change_are_in_the_table() -> None:
    assert len({refusal.rule for refusal in REFUSALS}) >= 15

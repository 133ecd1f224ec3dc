"""Trees of values: made from dotted keys, put together without two owners, laid over each other as Helm does it."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.tree import join, nest, overlay


def test_a_dotted_key_becomes_a_nested_tree() -> None:
    assert nest("a.b.c", 1) == {"a": {"b": {"c": 1}}}
    assert nest("a", {"b": 1}) == {"a": {"b": 1}}


def test_no_key_is_no_tree() -> None:
    assert nest(None, 1) == {}


def test_trees_are_joined_at_any_depth_and_lists_one_after_the_other() -> None:
    assert join({"a": {"b": 1}, "l": [1]}, {"a": {"c": 2}}, {"l": [2]}, {}) == {"a": {"b": 1, "c": 2}, "l": [1, 2]}


def test_the_same_said_twice_is_no_quarrel() -> None:
    assert join({"a": False}, {"a": False}) == {"a": False}


@pytest.mark.parametrize(
    ("one", "other"), [({"a": {"b": 1}}, {"a": {"b": 2}}), ({"a": 1}, {"a": {"b": 1}}), ({"a": [1]}, {"a": 1})]
)
def test_two_owners_of_one_key_are_found(one: dict[str, object], other: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"two owners of a"):
        join(one, other)


def test_joining_changes_none_of_the_parts() -> None:
    one, other = {"a": {"l": [1]}}, {"a": {"l": [2]}}
    joined = join(one, other)
    joined["a"]["l"].append(3)
    assert (one, other) == ({"a": {"l": [1]}}, {"a": {"l": [2]}})


def test_what_lies_over_is_merged_where_both_are_maps_and_replaces_all_else() -> None:
    below = {"a": {"b": 1, "c": 2}, "l": [1, 2], "m": {"x": 1}, "n": 1}
    over = {"a": {"b": None}, "l": [3], "m": 0, "n": {"y": 1}, "new": True}
    assert overlay(below, over) == {
        "a": {"b": None, "c": 2},
        "l": [3],
        "m": 0,
        "n": {"y": 1},
        "new": True,
    }


def test_laying_over_changes_neither() -> None:
    below, over = {"a": {"b": 1}}, {"a": {"c": {"d": 1}}}
    overlay(below, over)
    assert (below, over) == ({"a": {"b": 1}}, {"a": {"c": {"d": 1}}})


@pytest.mark.parametrize("empty", [{}, {"a": {}}])
def test_nothing_laid_over_changes_nothing(empty: dict[str, object]) -> None:
    assert overlay({"a": {"b": 1}}, empty) == {"a": {"b": 1}}

"""Annotations are the rules: each form of annotation holds values to it, and says so in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pytest

from cdk8s_airflow.validation import Finding, check_arguments, check_setting, check_value
from cdk8s_airflow.validation.constraints import Must

Even = Annotated[int, Must(lambda number: number % 2 == 0, "is odd", "use an even number", "test/even")]
Small = Annotated[Even, Must(lambda number: number < 10, "is large", "use a small number", "test/small")]
Hidden = Annotated[str, Must(lambda text: len(text) < 3, "is long", "shorten it", "test/long", hides=True)]


@dataclass(frozen=True)
class Part:
    how_to_write: ClassVar[str] = "Part(2)"

    number: Even


@dataclass(frozen=True)
class Whole:
    how_to_write: ClassVar[str] = "Whole(Part(2), 4)"

    part: Part
    limit: int

    def _rules(self) -> Iterator[Finding]:
        if self.part.number > self.limit:
            yield Finding(rule="test/limit", at="limit", problem="is below the part", fix="raise it")


@dataclass(frozen=True)
class Reference:
    names_a_secret: ClassVar[bool] = True

    name: str


def rules(value: object, hint: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in check_value(value, hint, "x")]


TYPE = [("argument/type", "x")]


@pytest.mark.parametrize(
    ("value", "hint", "found"),
    [
        ("a", str, []),
        (b"a", str, TYPE),
        (1, int, []),
        (True, int, TYPE),
        (1.0, int, TYPE),
        (1, float, []),
        (True, float, TYPE),
        (True, bool, []),
        (1, bool, TYPE),
        (None, None, []),
        (1, None, TYPE),
        (None, str, TYPE),
        (None, str | None, []),
        (object(), Any, []),
        (object(), object, []),
        ("a", Literal["a", "b"], []),
        ("c", Literal["a", "b"], [("argument/choice", "x")]),
        (1, Literal[1], []),
        (True, Literal[1], [("argument/choice", "x")]),
        (2, Small, []),
        (3, Small, [("test/even", "x")]),
        (12, Small, [("test/small", "x")]),
        (13, Small, [("test/even", "x")]),
        ("2", Small, TYPE),
        (Part(2), Part, []),
        (Part(3), Part, [("test/even", "x.number")]),
        (Part, Part, TYPE),
        (Whole(Part(2), 4), Whole, []),
        (Whole(Part(3), 1), Whole, [("test/even", "x.part.number")]),
        (Whole(Part(2), 1), Whole, [("test/limit", "x.limit")]),
        (Whole(None, "a"), Whole, [("argument/type", "x.part"), ("argument/type", "x.limit")]),  # type: ignore[arg-type]
        (Part(3), Part | None, [("test/even", "x.number")]),
        (Part(3), str | Part, [("test/even", "x.number")]),
        (1, str | Part, TYPE),
        ({"a": 1}, Mapping[str, int], []),
        ({1: "a"}, Mapping[str, int], [("argument/type", "x (its key)"), ("argument/type", "x.1")]),
        ([], Mapping[str, int], TYPE),
        ([1, "a"], Collection[int], [("argument/type", "x[1]")]),
        ({1, "a"}, Collection[int], [("argument/type", "x[0]")]),
        ((1,), Collection[int], []),
        (frozenset(), Collection[int], []),
        ("ab", Collection[str], TYPE),
        (1, Collection[str], TYPE),
    ],
)
def test_values_are_held_to_their_annotation(value: object, hint: Any, found: list[tuple[str, str]]) -> None:
    assert rules(value, hint) == found


@pytest.mark.parametrize(
    ("value", "hint", "problem", "fix"),
    [
        (1, str, "must be a text, not int", 'give a text, in quotes: "1"'),
        ("1", int, "must be a whole number, not str", "give a whole number"),
        ("1", float, "must be a number, not str", "give a number"),
        ("1", bool, "must be True or False, not str", "give True or False"),
        ([], Mapping[str, str], "must be a dictionary, not list", "give a dictionary"),
        ("a", Collection[str], "must be a set or list, not str", "give a set or list"),
        ("a", list[str], "must be a list, not str", "give a list"),
        (1, Part, "must be a Part, not int", "write Part(2)"),
        (1, Part | Whole | None, "must be a Part or a Whole, not int", "write Part(2) or Whole(Part(2), 4)"),
        (1, Annotated[str, "note"], "must be a text, not int", 'give a text, in quotes: "1"'),
        (1, Annotated[str, "note"] | None, "must be a text, not int", 'give a text, in quotes: "1"'),
        (Part, Part, "is the class Part itself, not one made from it", "write Part(2)"),
        ("c", Literal["a", 1], "is not one of the choices", "use one of 'a', 1"),
    ],
)
def test_the_words_say_what_is_wanted(value: object, hint: Any, problem: str, fix: str) -> None:
    (finding,) = check_value(value, hint, "x")
    assert (finding.problem, finding.fix) == (problem, fix)


class Text(str):
    pass


def test_a_subclass_of_a_plain_type_is_refused_with_the_plain_one_to_give() -> None:
    (finding,) = check_value(Text("a"), str, "x")
    assert finding.problem == "must be a text, as a plain str, not Text"


def test_what_could_be_a_secret_is_not_shown() -> None:
    assert [finding.seen for finding in check_value("hunter2", Reference | Part, "x")] == [""]
    assert [finding.seen for finding in check_value(5, Reference, "x")] == ["5"]
    assert [finding.seen for finding in check_value("hunter2", Hidden, "x")] == [""]
    assert [finding.seen for finding in check_value(3, Even, "x")] == ["3"]


def takes(one: int, two: str = "") -> None:
    pass


def test_all_arguments_are_checked_in_their_order_and_others_left_alone() -> None:
    found = check_arguments(takes, {"two": 1, "one": "a", "other": object()})
    assert [finding.at for finding in found] == ["two", "one"]


def test_classes_and_plain_values_are_no_settings() -> None:
    assert list(check_setting(Part, "x")) == list(check_setting("a", "x")) == []


def test_a_mixed_set_is_checked_in_a_stable_order() -> None:
    found = check_value({3, "b", None, "a"}, Collection[str], "x")
    assert [finding.seen for finding in found] == ["3", "None"]

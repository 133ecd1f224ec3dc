"""Annotations are the rules: values are validated by the annotations of their arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest

from cdk8s_airflow.validation import Finding, check_arguments, check_setting, check_value
from cdk8s_airflow.validation.constraints import Count, Duration, Label, Must, SecretName, VersionText

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
        ({1: "a"}, Mapping[str, int], [("argument/type", "x (key)"), ("argument/type", "x.1")]),
        ([], Mapping[str, int], TYPE),
        ([1, "a"], Collection[int], [("argument/type", "x[1]")]),
        ({1, "a"}, Collection[int], [("argument/type", "x[0]")]),
        ((1,), Collection[int], []),
        (frozenset(), Collection[int], []),
        ("ab", Collection[str], TYPE),
        (1, Collection[str], TYPE),
    ],
)
def test_values_are_checked_against_their_annotation(value: object, hint: Any, found: list[tuple[str, str]]) -> None:
    assert rules(value, hint) == found


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (1, str, 'x must be a string, got 1 (int). Use "1". [argument/type]'),
        ("1", int, "x must be an integer, got '1' (str). Use 1. [argument/type]"),
        ("a", int, "x must be an integer, got 'a' (str). Pass an integer. [argument/type]"),
        ("1", float, "x must be a number, got '1' (str). Pass a number. [argument/type]"),
        ("true", bool, "x must be a boolean, got 'true' (str). Use True. [argument/type]"),
        ([], Mapping[str, str], "x must be a mapping, got [] (list). Pass a mapping. [argument/type]"),
        ("a", Collection[str], "x must be a set or list, got 'a' (str). Pass a set or list. [argument/type]"),
        ("a", list[str], "x must be a list, got 'a' (str). Put it in a list: [...]. [argument/type]"),
        (1, Part, "x must be a Part, got 1 (int). Use Part(2). [argument/type]"),
        (
            1,
            Part | Whole | None,
            "x must be a Part or a Whole, got 1 (int). Use Part(2) or Whole(Part(2), 4). [argument/type]",
        ),
        (1, Annotated[str, "note"], 'x must be a string, got 1 (int). Use "1". [argument/type]'),
        (1, Annotated[str, "note"] | None, 'x must be a string, got 1 (int). Use "1". [argument/type]'),
        (Part, Part, "x must be a Part, got the class Part. Pass an instance: Part(2). [argument/type]"),
        ("c", Literal["a", 1], "x must be one of 'a', 1, got 'c' (str). Use 'a' or 1. [argument/choice]"),
        (
            "Retry",
            Literal["abort", "retry"],
            "x must be one of 'abort', 'retry', got 'Retry' (str). Use 'retry'. [argument/choice]",
        ),
        (60, Duration, 'x must be a duration string, got 60 (int). Use "60s". [argument/type]'),
        ("60", Duration, "x must be a duration string, got '60' (str). Use \"60s\". [argument/duration]"),
        (
            "5 minutes",
            Duration,
            "x must be a duration string, got '5 minutes' (str). "
            'Use hours, minutes and seconds, such as "60s", "30m" or "1h30m". [argument/duration]',
        ),
        ("2", Count, "x must be an integer from 1 to 2147483647, got '2' (str). Use 2. [argument/type]"),
        (2.0, Count, "x must be an integer from 1 to 2147483647, got 2.0 (float). Use 2. [argument/type]"),
        (0, Count, "x must be an integer from 1 to 2147483647, got 0 (int). Use 1 or more. [argument/range]"),
        (1.34, VersionText, 'x must be a version number, got 1.34 (float). Use "1.34". [argument/type]'),
        (
            True,
            Duration,
            "x must be a duration string, got True (bool). "
            'Use hours, minutes and seconds, such as "60s", "30m" or "1h30m". [argument/type]',
        ),
        (
            None,
            Label,
            "x must be a DNS label (RFC 1123), got None (NoneType). "
            "Use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends. [argument/type]",
        ),
        (
            b"x",
            SecretName,
            "x must be the name of a Secret, got a bytes. "
            "Pass the name of a Secret, never its content: lower-case letters, digits, dashes and dots. [argument/type]",
        ),
    ],
)
def test_message_names_type_value_and_fix(value: object, hint: Any, message: str) -> None:
    (finding,) = check_value(value, hint, "x")
    assert str(finding) == message


class Text(str):
    pass


def test_subclass_of_a_plain_type_is_rejected_with_the_conversion() -> None:
    (finding,) = check_value(Text("a"), str, "x")
    assert str(finding) == "x must be a string, got 'a' (Text). Convert it: str(...). [argument/type]"


class Unit(str, Enum):
    HOUR = "1h"


class Level(IntEnum):
    TWO = 2


class Shouted(str):
    def __str__(self) -> str:
        return self.upper()


@pytest.mark.parametrize("hint", [str, Duration, Duration | None])
@pytest.mark.parametrize("value", [Text("1h"), Unit.HOUR, Shouted("1h")], ids=lambda value: type(value).__name__)
def test_conversion_of_a_subclass_of_string_gives_a_valid_value(value: str, hint: Any) -> None:
    (finding,) = check_value(value, hint, "x")
    assert finding.fix.startswith("Convert it: ")
    expression = finding.fix.removeprefix("Convert it: ").replace("...", "given")
    converted = eval(expression, {"Unit": Unit, "given": value})
    assert (type(converted), check_value(converted, hint, "x")) == (str, [])


@pytest.mark.parametrize("hint", [int, Even, Count])
def test_conversion_of_a_subclass_of_integer_gives_a_valid_value(hint: Any) -> None:
    (finding,) = check_value(Level.TWO, hint, "x")
    assert finding.fix == "Convert it: int(...)"
    assert check_value(int(Level.TWO), hint, "x") == []


@pytest.mark.parametrize("value", [Text("soon"), Shouted("x"), Text("60")])
def test_subclass_with_an_invalid_value_gets_the_format(value: str) -> None:
    (finding,) = check_value(value, Duration, "x")
    assert "duration" in finding.problem
    assert "Convert" not in finding.fix


def test_value_that_may_be_a_secret_is_not_shown() -> None:
    assert [finding.seen for finding in check_value("hunter2", Reference | Part, "x")] == ["a str"]
    assert [finding.seen for finding in check_value(5, Reference, "x")] == ["an int"]
    assert [finding.seen for finding in check_value("hunter2", Hidden, "x")] == [""]
    assert [finding.seen for finding in check_value(3, Even, "x")] == ["3 (int)"]


def takes(one: int, two: str = "") -> None:
    pass


def test_all_arguments_are_checked_in_their_order_and_others_left_alone() -> None:
    found = check_arguments(takes, {"two": 1, "one": "a", "other": object()})
    assert [finding.at for finding in found] == ["two", "one"]


def test_classes_and_plain_values_are_no_settings() -> None:
    assert list(check_setting(Part, "x")) == list(check_setting("a", "x")) == []


def test_mixed_set_is_checked_in_a_stable_order() -> None:
    found = check_value({3, "b", None, "a"}, Collection[str], "x")
    assert [finding.seen for finding in found] == ["3 (int)", "None (NoneType)"]

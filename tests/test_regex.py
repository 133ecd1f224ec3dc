"""Regular expressions that are compiled late do what those of the standard library do."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re

import pytest

import cdk8s_airflow
from cdk8s_airflow._regex import _Late, regex

ALL = {
    f"{found.name}.{name}": value
    for found in pkgutil.walk_packages(cdk8s_airflow.__path__, "cdk8s_airflow.")
    if not found.name.endswith("__main__")
    for name, value in vars(importlib.import_module(found.name)).items()
    if isinstance(value, _Late)
}


def test_it_is_compiled_when_it_is_used_and_not_before() -> None:
    wrong = regex("(")
    with pytest.raises(re.error, match="unterminated"):
        wrong.fullmatch("a")


def test_its_methods_are_those_of_a_compiled_one() -> None:
    late, early = regex(r"(\d+)([hms])", re.ASCII), re.compile(r"(\d+)([hms])", re.ASCII)
    for _ in range(2):
        assert late.findall("1h30m") == early.findall("1h30m") == [("1", "h"), ("30", "m")]
        assert late.fullmatch("1h30m") is None
        assert late.sub("x", "1h30m") == "xx"
    match = late.match("1h30m")
    assert match is not None
    assert match[1] == "1"
    assert (late.pattern, late.flags) == (early.pattern, early.flags)


def test_its_flags_count() -> None:
    assert regex("a", re.IGNORECASE).fullmatch("A")
    assert not regex("a").fullmatch("A")


def test_what_no_expression_has_is_an_attribute_error() -> None:
    late = regex("a")
    with pytest.raises(AttributeError):
        late.unheard_of  # type: ignore[attr-defined]  # noqa: B018
    assert copy.copy(late).fullmatch("a")


def test_there_are_such_expressions_in_the_library() -> None:
    assert len(ALL) > 30


@pytest.mark.parametrize("late", [pytest.param(late, id=name) for name, late in sorted(ALL.items())])
def test_each_expression_of_the_library_can_be_compiled(late: re.Pattern[str]) -> None:
    assert re.compile(late.pattern, late.flags)

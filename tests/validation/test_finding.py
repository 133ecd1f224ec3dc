"""Findings are one line each, and the one error carries all of them."""

from __future__ import annotations

import pytest

from cdk8s_airflow.validation import Finding, PlatformError, show

ONE = Finding(rule="area/what", at="a.b", problem="is wrong", seen="'x'", fix="write y", path="chart/id")


def test_finding_text_has_path_argument_value_fix_and_rule() -> None:
    assert str(ONE) == "chart/id: a.b is wrong (got 'x'). Write y. [area/what]"
    required = Finding(rule="r/r", at="a", problem="must be a port", seen="0 (int)", fix="Use a port number")
    assert str(required) == "a must be a port, got 0 (int). Use a port number. [r/r]"
    sentence = Finding(rule="r/r", at="a", problem="Airflow 3 has no such executor", fix="did you mean `b`?")
    assert str(sentence) == "a: Airflow 3 has no such executor. Did you mean `b`? [r/r]"


def test_finding_text_omits_missing_parts() -> None:
    assert str(Finding(rule="r/r", at="", problem="is wrong", fix="Fix it")) == "is wrong. Fix it. [r/r]"
    assert str(Finding(rule="r/r", at="a", problem="is wrong", fix="Fix it")) == "a is wrong. Fix it. [r/r]"


def test_finding_text_is_one_line() -> None:
    text = str(Finding(rule="r/r", at="a\nb", problem="c\r\nd", fix="e\tf\x1b[31m\x85\x1e\0", seen="g\u2028h"))
    assert text.splitlines() == [text]
    assert text.isprintable()
    assert r"a\nb" in text


def test_finding_under_and_within_return_copies() -> None:
    assert ONE.under("c").at == "c.a.b"
    assert Finding(rule="r/r", at="", problem="p", fix="f").under("c").at == "c"
    assert ONE.within("other").path == "other"
    assert (ONE.at, ONE.path) == ("a.b", "chart/id")


def test_error_has_each_finding_once_in_program_order() -> None:
    other = ONE.within("other")
    error = PlatformError([ONE, other, ONE])
    assert error.findings == (ONE, other)
    assert list(error) == [ONE, other]
    assert str(error) == f"{ONE}\n{other}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("x", "'x'"), (None, "None"), ("a\nb", r"'a\nb'"), ({"a": [1]}, "{'a': [1]}"), ("é", "'é'")],
)
def test_a_value_is_shown_as_python_has_it(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_long_value_is_cut() -> None:
    assert len(show("x" * 1000)) == 120
    assert show("x" * 1000).endswith("…")
    assert show("x" * 118) == repr("x" * 118)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_a_value_that_cannot_be_shown_is_named_by_its_type() -> None:
    assert show(Broken()) == "a Broken"
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert show(deep) == "a list"


def test_an_object_is_shown_by_its_class_and_never_by_its_address() -> None:
    class Thing:
        pass

    assert show([Thing()]) == "[<Thing>]"


@pytest.mark.parametrize("value", ["Kx7vQ2" + "mLp9Zt", ["Tr0ub4d" + "Or&3xQ"], {"a": "s3Cr" + "-tQ9!xPz"}])
def test_random_characters_are_not_shown(value: object) -> None:
    """A value in a place for something else, such as a password as an e-mail address."""
    assert "…" in show(value)
    assert not any(part in show(value) for part in ("mLp9Zt", "Or&3xQ", "tQ9!xPz"))


@pytest.mark.parametrize(
    "value", ["airflow-Prod", "10Gi", "2026-11-29", "k8s-single", "registry.example.com/Data1:3.2.2", "My_Name"]
)
def test_names_numbers_and_images_are_shown(value: str) -> None:
    assert value in show(value)

"""A reference is a whole value of a known form, and nothing that only contains one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.secret_scan import is_reference
from cdk8s_airflow.secret_scan.vocabulary import vocabulary

FORMS: list[dict[str, Any]] = vocabulary()["references"]["forms"]


@pytest.mark.parametrize(
    "example", [pytest.param(text, id=f"{form['id']} {text}") for form in FORMS for text in form["examples"]]
)
def test_every_form_is_a_reference(example: str) -> None:
    assert is_reference(example)
    assert is_reference(f"  {example} ")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["id"])
def test_every_form_has_an_example_and_a_mark_in_it(form: dict[str, Any]) -> None:
    assert form["examples"]
    for example in form["examples"]:
        assert not form.get("marks") or any(mark in example for mark in form["marks"])


@pytest.mark.parametrize(
    "text",
    [
        "Tr$ub4dor&3",
        "$Tr0ub4dor",
        "password123",
        "hunter2{{",
        "{{hunter2",
        "x{{ y }}",
        "hunter2...",
        "...hunter2",
        "/K7MDENG/bPxRfiCY",
        "/hunter2",
        "$ecret!",
        "${hunter2",
        "$(hunter2",
        "hunter2}",
        "<hunter2",
        "hunter2>",
        "%hunter2",
        "${DB_PASSWORD:-hunter2}",
        "{{ password | default('hunter2') }}",
        "$(hunter2)x",
        "vault:hunter2",
        "HUNTER",
        "ENC[x",
        "file:hunter2 x",
        "https://ci:hunter2@example.com",
        "{pw}",
        "{hunter2}",
        "~/pw",
        "./pw",
        "../hunter2",
        "sm://pw",
        "op://hunter2",
        "http://hunter2",
        "$hunter_two",
        "MYHUNTER2",
        "change-hunter2",
        "/opt",
    ],
)
def test_text_that_only_contains_something_like_one_is_none(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$(USER):$(PASSWORD)",
        "{{ .user }}:{{ .password }}",
        "${DB_PASSWORD:-}",
        "${DB_PASSWORD:-changeme}",
        "DATABASE_PASSWORD",
        "***",
        "https://login.example.com/token",
    ],
)
def test_combinations_and_placeholders_are_references(text: str) -> None:
    assert is_reference(text)


@given(st.text(alphabet="abcdefghkmnpqrstuvwxyz23456789", min_size=8, max_size=20))
def test_random_letters_and_digits_are_no_reference(text: str) -> None:
    assert not is_reference(text)

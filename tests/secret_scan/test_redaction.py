"""Messages never contain a secret, nor six characters of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.secret_scan import Exemptions, looks_secret, redacted, using
from cdk8s_airflow.validation import Finding, show
from tests.secret_scan.corpus import blocks, lines, tokens

WORD = "hunter2-canary"

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SECRETS = st.builds(
    lambda parts, mark: mark.join(parts),
    st.lists(st.text(alphabet=ALPHABET, min_size=5, max_size=9), min_size=2, max_size=3),
    st.sampled_from(["", "-", "_", "!", "$", "&x", "#", "%", "*", "+", "=", "a1"]),
)
"""Passwords whose pieces do not occur in the text around them."""
FRAMES = [*blocks("carriers.txt"), *blocks("python.txt"), *lines("urls.txt")]


def pieces(secret: str) -> set[str]:
    return {secret[at : at + 6] for at in range(len(secret) - 5)}


def left_of(secret: str, text: str) -> list[str]:
    return [piece for piece in pieces(secret) if piece in text]


@given(st.sampled_from(FRAMES), SECRETS)
def test_no_six_characters_of_a_secret_are_left(frame: str, secret: str) -> None:
    text = frame.replace("@@", secret)
    assert left_of(secret, redacted(text)) == []
    assert left_of(secret, show(text)) == []
    assert left_of(secret, show({"x": [text]})) == []
    finding = Finding(rule="a/b", at="x", problem=f"must not be {show(text)}", seen=show(text), fix="Use another")
    assert left_of(secret, f"{finding} {finding!r}") == []


@given(st.sampled_from(FRAMES), SECRETS)
def test_a_repeated_secret_is_removed_everywhere(frame: str, secret: str) -> None:
    text = f"{frame.replace('@@', secret)}\nand again {secret}, {secret}"
    assert left_of(secret, redacted(text)) == []


@pytest.mark.parametrize(
    "sample", [each for each in tokens() if looks_secret(each.secret)], ids=lambda sample: sample.name
)
def test_token_is_removed_from_every_part_of_a_finding(sample: Any) -> None:
    token = sample.secret
    finding = Finding(
        rule="a/b", at=f"x.{token}", problem=f"is {token}", seen=repr(token), fix=f"Use {token}", path=f"chart/{token}"
    )
    told = [str(finding), repr(finding), show(token), show("." * 60 + " " + sample.text)]
    assert [text for text in told if token[-12:] in text] == []


def test_harmless_text_is_kept() -> None:
    assert show("postgresql://USER:PASSWORD@HOST/x") == "'postgresql://USER:PASSWORD@HOST/x'"
    assert redacted("5 minutes") == "5 minutes"
    assert redacted(f"user x, password: {WORD}, port 1") == "user x, password: …, port 1"


def test_exempt_strings_are_removed_too() -> None:
    with using(Exemptions([WORD])):
        assert WORD not in redacted(f"password: {WORD}")


def test_names_are_kept_where_only_forms_count() -> None:
    assert redacted('Use password=SecretKey("db", "x")', forms_only=True) == 'Use password=SecretKey("db", "x")'
    assert WORD not in redacted(f"Use postgresql://u:{WORD}@h/db", forms_only=True)


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    assert len(redacted(text)) <= 2 * len(text) + 1


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("lab/Kx7vQ2mLp9Zt", "lab/…"),
        ("Kx7vQ2mLp9Zt/airflow", "…/airflow"),
        ("lab/airflow-2024/db", "lab/airflow-2024/db"),
    ],
)
def test_construct_id_of_random_characters_is_not_shown(path: str, shown: str) -> None:
    finding = Finding(rule="a/b", at="x", problem="must be y", fix="Use z", path=path)
    assert str(finding) == f"{shown}: x must be y. Use z. [a/b]"
    assert str(replace(finding, path="").within(path)) == str(finding)

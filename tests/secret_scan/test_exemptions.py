"""An exemption covers a whole value, in every rendering of it, and no part of it."""

from __future__ import annotations

import base64

import pytest

from cdk8s_airflow.secret_scan import Exemptions, find_in_text, find_in_tree, is_secret_value, using

WORD = "hunter2-canary"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{'MIIEpAIBAAKCAQEA' * 3}\n-----END RSA PRIVATE KEY-----"


def test_nothing_is_exempt_by_default() -> None:
    assert find_in_text(f"password: {WORD}")
    with using(Exemptions([" "])):
        assert find_in_text(f"password: {WORD}")


@pytest.mark.parametrize(
    "text",
    [
        f"password: {WORD}",
        f"password: '{WORD}'",
        f'{{"name": "DB_PASSWORD", "value": "{WORD}"}}',
        f'import x\npassword = "{WORD}"\n',
        f"curl -u ci:{WORD} https://x",
        f"postgresql://u:{WORD}@h/db",
        base64.b64encode(f"password: {WORD}".encode()).decode(),
    ],
)
def test_exempt_value_is_not_reported(text: str) -> None:
    assert find_in_text(text)
    with using(Exemptions([WORD])):
        assert find_in_text(text) == []
        assert list(find_in_tree({"note": text})) == []


def test_exempt_value_in_a_document_is_not_reported() -> None:
    with using(Exemptions([WORD])):
        assert list(find_in_tree({"env": [{"name": "DB_PASSWORD", "value": WORD}], "args": ["--password", WORD]})) == []
        assert not is_secret_value("password", WORD)


def test_parts_of_an_exempt_string_are_not_exempt() -> None:
    with using(Exemptions([f"the word is {WORD}, see the docs", f"{WORD}-and-more"])):
        assert find_in_text(f"password: {WORD}")
        assert is_secret_value("password", WORD)
        assert find_in_text(f"postgresql://u:{WORD}@h/db")


def test_longer_strings_than_the_exempt_one_are_not_exempt() -> None:
    with using(Exemptions([WORD])):
        assert find_in_text(f"password: {WORD}-more")
        assert find_in_text(f"password: x{WORD}")


def test_secret_inside_an_exempt_string_is_exempt_there_only() -> None:
    example = f"ALTER ROLE lake PASSWORD '{WORD}'"
    with using(Exemptions([example])):
        assert find_in_text(f"see: {example};") == []
        assert find_in_text(f"password: {WORD}")


@pytest.mark.parametrize("indent", ["", "    "])
def test_several_lines_are_exempt_in_every_indentation(indent: str) -> None:
    text = "key: |\n" + "".join(f"{indent}  {line}\n" for line in PEM.splitlines())
    assert find_in_text(text)
    with using(Exemptions([PEM])):
        assert find_in_text(text) == []


def test_only_declared_strings_are_counted() -> None:
    exemptions = Exemptions(["a", "b", " a "])
    exemptions.add("c", declared=False)
    other = Exemptions(["b", "d"])
    exemptions.update(other)
    assert exemptions.declared == 3
    assert exemptions.covers("c")

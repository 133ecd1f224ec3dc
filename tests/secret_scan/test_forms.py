"""Ways to write a secret that new users tried: in commands, statements, templates, other languages and embedded manifests."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.secret_scan import find_in_text, find_in_tree

WORD = "Kx7vQ2" + "mLp9Zt"

TEXTS = [
    "sshpass -p@@ ssh u@h",
    "mongosh -u a -p @@",
    "mongodump --host h -u a -p @@ --db d",
    "ldapsearch -D cn=a -w @@",
    "openssl enc -k @@ -in x",
    "CREATE USER x IDENTIFIED WITH mysql_native_password BY '@@'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET '@@')",
    '$env:DB_PASSWORD = "@@"',
    "setx DB_PASSWORD @@",
    "DB_PASSWORD ?= @@",
    "DB_PASSWORD: !!str @@",
    '<entry key="db.password">@@</entry>',
    "psw=@@",
    "pword: @@",
    "Passwort: @@",
    "kennwort: @@",
    "senha=@@",
    'os.environ.get("DB_PASSWORD") or "@@"',
    'setattr(c, "password", "@@")',
]
PYTHON = [
    'if password == "@@":\n    pass\n',
    'password = ("@@")\n',
    'password = (\n    "@@"\n)\n',
    'token = os.getenv("API_TOKEN") or "@@"\n',
    'assert conn.password == "@@"\n',
]
HARMLESS = [
    'os.environ.get("DB_PASSWORD") or os.environ["PGPASSWORD"]',
    'setattr(c, "password", password)',
    "$env:DB_PASSWORD = $password",
    "DB_PASSWORD ?= $(shell cat /run/secrets/password)",
    'if password == "":',
    'if token == "null":',
    "password = (conn.password)",
    "openssl enc -aes-256-cbc -in x",
    "mongosh --host h -p",
    "DB_PASSWORD: !!str ${DB_PASSWORD}",
    "CREATE USER x IDENTIFIED WITH mysql_native_password BY '${PASSWORD}'",
]
"""Almost the same texts without a secret."""


@pytest.mark.parametrize("text", TEXTS)
def test_secret_in_this_form_is_found(text: str) -> None:
    written = text.replace("@@", WORD)
    assert [written[found.start : found.end] for found in find_in_text(written)] == [WORD]


@pytest.mark.parametrize("text", PYTHON)
def test_secret_in_python_source_is_found(text: str) -> None:
    written = text.replace("@@", WORD)
    assert [written[found.start : found.end] for found in find_in_text(written, code=True)] == [WORD]


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("code", [False, True])
def test_text_without_a_secret_is_not_reported(text: str, code: bool) -> None:
    assert find_in_text(text, code=code) == []


@pytest.mark.parametrize(
    "value",
    [
        "Tr0ub{{ x }}4dor",
        '{{ "Tr0ub4dor" }}',
        "{{ 'Tr0ub4dor' | quote }}",
        '{{- "Tr0ub4dor" -}}',
        "${{ `Tr0ub4dor` }}",
        "file:Tr0ub4dor",
    ],
)
def test_value_that_contains_its_text_is_no_reference(value: str) -> None:
    assert list(find_in_tree({"DB_PASSWORD": value}))


@pytest.mark.parametrize(
    "value", ['{{ "{{ conn.db.password }}" }}', "{{ .Values.password | quote }}", "file:/run/secrets/pw", "file:./pw"]
)
def test_reference_is_accepted(value: str) -> None:
    assert not list(find_in_tree({"DB_PASSWORD": value}))


@pytest.mark.parametrize(
    "manifest",
    [
        '"kind": "Secret"\n"stringData":\n  a: hello\n',
        "'kind': 'Secret'\n'data':\n  a: aGVsbG8=\n",
        "kind: !!str Secret\nstringData:\n  a: hello\n",
    ],
)
def test_content_of_a_secret_is_found_in_any_spelling_of_its_keys(manifest: str) -> None:
    documents: list[Any] = [manifest, {"extra.yaml": manifest}]
    assert all(list(find_in_tree(document)) for document in documents)

"""Finds the content of Secrets in what other tools turn into Secrets: Kustomize's ``secretGenerator`` and Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found, Path
from cdk8s_airflow.secret_scan.references import is_reference

CONTENT: Final = "the content of a Secret"
KUSTOMIZE: Final = "secretGenerator"

_REACH: Final = 4000
"""How far from the beginning of a generator or a resource its content may be, in characters."""

_GENERATOR = regex(r"[\"']?secretGenerator\\?[\"']?[ \t]{0,8}:")
_NEXT_GENERATOR = regex(r"configMapGenerator|\n---|\n[A-Za-z]")
_LITERAL = regex(r"^[ \t]{0,64}-[ \t]{1,8}[\"']?[A-Za-z0-9_.-]{1,253}=([^\n]{1,512})$", re.MULTILINE)
_LITERALS = regex(r"literals\\?[\"']?[ \t]{0,8}:[ \t\n]{0,64}\[([^\]]{1,2000})\]")
_PAIR = regex(r"[A-Za-z0-9_.-]{1,253}=([^\"',\n\\\]]{1,512})")

_RESOURCE = regex(
    r"\"(?:kubernetes_secret(?:_v1)?(?:_data)?|aws_secretsmanager_secret_version|google_secret_manager_secret_version|azurerm_key_vault_secret|vault_(?:generic|kv)_secret(?:_v2)?)\"[ \t]{1,8}\"[^\"\n]{1,128}\"[ \t]{0,8}\{"
)
_MANIFEST = regex(r"\bkind\"?[ \t]{0,16}=[ \t]{0,16}\"Secret\"")
_CONTENT_FIELD = regex(
    r"\b(?:data|string_data|binary_data|stringData|binaryData|data_wo|secret_string|secret_string_wo|secret_data|secret_data_wo|data_json|data_json_wo|value|value_wo)\"?[ \t]{0,16}=[ \t]{0,16}(?=[{\"a-z])"
)
_HCL_VALUE = regex(r"(?:[=:]|encode\()[ \t]{0,16}\"((?:[^\"\\\n]|\\.){1,512})\"")
GENERATOR_WORDS: Final = frozenset(
    (
        KUSTOMIZE, "Secret", "kubernetes_secret", "kubernetes_secret_v1", "kubernetes_secret_v1_data",
        "aws_secretsmanager_secret_version", "google_secret_manager_secret_version", "azurerm_key_vault_secret",
        "vault_generic_secret", "vault_kv_secret", "vault_kv_secret_v2",
    )
)  # fmt: skip
"""Words one of which is in every text that this module reads."""


def generator_literals(generators: object) -> Iterator[Path]:
    """Where the list under ``secretGenerator`` has the content of a Secret, unless it is a reference or exempt."""
    for index, generator in enumerate(generators if isinstance(generators, (list, tuple)) else ()):
        literals = generator.get("literals") if isinstance(generator, Mapping) else None
        for place, literal in enumerate(literals if isinstance(literals, (list, tuple)) else ()):
            if not _is_harmless_literal(literal):
                yield (index, "literals", place)


def _is_harmless_literal(literal: Any) -> bool:
    value = literal.partition("=")[2].strip().strip("\"'") if isinstance(literal, str) else ""
    return not value or is_reference(value) or exemptions.active().covers(value)


def find_generated_secrets(text: str) -> Iterator[Found]:
    """The content of Secrets in a ``kustomization.yaml`` or in Terraform's language."""
    if KUSTOMIZE in text:
        for generator in _GENERATOR.finditer(text):
            yield from _kustomize(text, generator.end())
    for resource in _RESOURCE.finditer(text):
        yield from _terraform(text, resource.end(), _closing_brace(text, resource.end()))
    for manifest in _MANIFEST.finditer(text):
        begin = text.rfind("resource ", max(0, manifest.start() - _REACH), manifest.start())
        yield from _terraform(text, manifest.end() if begin < 0 else begin, manifest.end() + _REACH)


def _kustomize(text: str, at: int) -> Iterator[Found]:
    following = _NEXT_GENERATOR.search(text, at, at + _REACH)
    end = following.start() if following is not None else min(len(text), at + _REACH)
    for literal in _LITERAL.finditer(text, at, end):
        yield from _unless_harmless(text, *literal.span(1))
    for literals in _LITERALS.finditer(text, at, end):
        for pair in _PAIR.finditer(text, *literals.span(1)):
            yield from _unless_harmless(text, *pair.span(1))


def _terraform(text: str, begin: int, end: int) -> Iterator[Found]:
    for field in _CONTENT_FIELD.finditer(text, begin, end):
        brace = text.find("{", field.end(), field.end() + 64)
        line = text.find("\n", field.end(), end)
        line = end if line < 0 else line
        stop = _closing_brace(text, brace + 1) if 0 <= brace < line else line
        # The sign of assignment is part of what a value needs before it.
        for value in _HCL_VALUE.finditer(text, text.rindex("=", field.start(), field.end()), min(stop, end)):
            yield from _unless_harmless(text, *value.span(1))


def _unless_harmless(text: str, start: int, end: int) -> Iterator[Found]:
    value = text[start:end].strip().strip("\"'")
    if value and not is_reference(value) and not exemptions.active().covers_span(text, start, end):
        yield Found(start, end, CONTENT)


def _closing_brace(text: str, at: int) -> int:
    """Where the block that is open at a place ends."""
    depth, limit = 1, min(len(text), at + _REACH)
    while at < limit:
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return limit

"""Recognizes values that refer to a secret stored elsewhere, and placeholders."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.names import split_words
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words

_DEFAULT = regex(r"\$\{[A-Za-z_][A-Za-z0-9_.]{0,127}:?[-=]([^{}]{0,200})\}")
_TEMPLATE_DEFAULT = regex(r"\b(?:default|or)\b[\s(=]{0,8}[\"'`]([^\"'`]{1,200})[\"'`]")
_TEMPLATE_OF_TEXT = regex(
    r"\$?\{\{-?\s{0,8}(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|`([^`\n]{1,200})`)\s{0,8}(?:\|[^{}]{0,200})?-?\}\}"
)
_CAPITALS = regex(r"[A-Z][A-Z_-]{1,63}")
_VARIABLES: Final = frozenset(
    ("environment-variable", "shell-variable", "braced-variable", "kubernetes-variable", "template", "format-field",
     "printf-field", "placeholder", "mask")
)  # fmt: skip
"""Forms that may also follow each other in one value: ``$(USER):$(PASSWORD)``."""
_SEPARATORS = regex(r"[:/@]")


@cache
def _forms() -> list[tuple[str, tuple[str, ...], re.Pattern[str]]]:
    return [
        (form["id"], tuple(form.get("marks", ())), regex(form["pattern"]))
        for form in vocabulary()["references"]["forms"]
    ]


def _form_of(text: str) -> str:
    """The id of the form that a whole text has; empty if it has none."""
    for name, marks, pattern in _forms():
        if (not marks or any(mark in text for mark in marks)) and pattern.fullmatch(text) is not None:
            return name
    return ""


@lru_cache(maxsize=2048)
def is_reference(text: str) -> bool:
    """Whether a whole value is a reference to a secret or a placeholder.

    Text that only contains something like a reference is none: ``Tr$ub4dor``, ``abc{{``.
    """
    text = text.strip()
    if not text or is_placeholder(text):
        return True
    form = _form_of(text)
    if form == "braced-variable":
        default = _DEFAULT.fullmatch(text)
        return default is None or not default[1] or is_reference(default[1]) or default[1].lower() in settings()
    if form == "template":
        literal = _TEMPLATE_OF_TEXT.fullmatch(text)
        if literal is not None:
            return is_reference(next(filter(None, literal.groups())))
        default = _TEMPLATE_DEFAULT.search(text)
        return default is None or is_reference(default[1]) or default[1].lower() in settings()
    if form:
        return True
    pieces = [piece for piece in _SEPARATORS.split(text) if piece]
    return len(pieces) > 1 and all(is_placeholder(piece) or _form_of(piece) in _VARIABLES for piece in pieces)


def is_placeholder(text: str) -> bool:
    """Whether a value is written in capitals and names what belongs there: ``PASSWORD``, ``DB_PASSWORD``."""
    if _CAPITALS.fullmatch(text) is None:
        return False
    return split_words(text)[-1].upper() in words("references", "placeholder_words")


def settings() -> frozenset[str]:
    """Values in lower case that are settings, whatever their name: ``true``, ``scram-sha-256``."""
    return words("values", "settings")

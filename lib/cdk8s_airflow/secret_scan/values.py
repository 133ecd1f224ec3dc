"""Decides whether the value under a name is a secret in clear text."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.names import LIKELY, NONE, SPELLED, NameClass, classify, split_words
from cdk8s_airflow.secret_scan.references import is_reference, settings
from cdk8s_airflow.secret_scan.vocabulary import words

_HEX = regex(r"[0-9a-fA-F]{16,512}")
_VERSION = regex(r"[\^~v<>=]{0,2}\d{1,5}(?:\.\d{1,5}){1,3}(?:[-+][A-Za-z0-9.]{1,32})?")
_TEMPLATE = regex(r"\{\{[^{}\n]{0,200}\}\}")
_UUID = regex(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_PIECE = regex(r"[A-Za-z]{0,20}\d{0,3}|\d{1,4}")
_WORD = regex(r"[a-z]{0,20}\d{0,3}|[A-Z][a-z]{0,20}\d{0,3}|[A-Z]{1,20}\d{0,3}|\d{1,4}")
_BETWEEN = regex(r"[._/:@ -]")
_OBJECT_NAME = regex(r"[a-z][a-z0-9./-]{1,252}")
_LOGIN = regex(r"[A-Za-z0-9_.@+-]{1,64}:(\S{3,256})")
_LONGEST = 4096
_NOT_IN_TOKENS = frozenset(" \t\r\n()[]{}|\\<>\"'`")
"""Characters of sentences, expressions and patterns."""


def is_secret_value(name: str, value: object, *, only_secrets: bool = False) -> bool:
    """Whether a value under a name is a secret in clear text, as far as the name tells.

    Args:
        name: the name, such as ``DB_PASSWORD``, ``--token`` or ``clientSecret``.
        value: its value. Only strings, and numbers under the name of a password, can be secrets.
        only_secrets: whether what stands in this place under a name like ``token`` is always a secret, so that any literal
            is one. By default a name without a qualifier needs a value that looks random.
    """
    kind = classify(name)
    if kind.strength == NONE or value is None or isinstance(value, (bool, float)):
        return False
    if isinstance(value, int):
        return kind.kind == "password" and abs(value) > 999
    if not isinstance(value, str):
        return False
    if only_secrets:
        kind = kind._replace(strength=max(kind.strength, SPELLED))
    return is_literal(kind, value) and not exemptions.active().covers(value)


def is_literal(kind: NameClass, text: str) -> bool:
    """Whether a string is a secret in clear text under a name of this class."""
    return _is_literal(kind, text.strip()[:_LONGEST])


@lru_cache(maxsize=4096)
def _is_literal(kind: NameClass, text: str) -> bool:
    if len(text) < 3 or text.lower() in settings():
        return False
    if kind.strength == LIKELY:
        return (looks_random(text) or _is_uuid(text) or (kind.kind == "login" and is_login(text))) and not is_reference(
            text
        )
    if is_reference(text) or _VERSION.fullmatch(text) is not None:
        return False
    if text.isdigit():
        return len(text) > (3 if kind.kind == "password" else 7)
    pieces = _TEMPLATE.sub("{{}}", text).split()
    if len(pieces) > 2:
        return _is_passphrase(pieces)
    parts = split_words(text) if text.isidentifier() or is_identifier(text) else []
    if len(parts) > 1 and parts[-1] in words("values", "last_words_of_names"):
        return False
    if is_identifier(text):
        is_object = kind.strength == SPELLED and kind.kind in ("secret", "credential") and _is_object_name(text)
        return not is_object
    return True


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and _UUID.fullmatch(text) is not None


def _is_object_name(text: str) -> bool:
    """Whether a string is words with dashes, dots or slashes between them, as names of objects are."""
    return _OBJECT_NAME.fullmatch(text) is not None and all(re.split(r"[./-]", text)) and not text.isalnum()


def is_login(text: str) -> bool:
    """Whether a string is a user and a password with a colon between them."""
    match = _LOGIN.fullmatch(text) if ":" in text else None
    return (
        match is not None
        and not is_reference(match[1])
        and match[1].lower() not in settings()
        and "//" not in match[1][:2]
    )


def _is_passphrase(pieces: list[str]) -> bool:
    """Whether words are a passphrase and not a sentence."""
    return (
        4 <= len(pieces) <= 8
        and all(piece.isalpha() and piece.islower() for piece in pieces)
        and not words("values", "prose") & set(pieces)
    )


def is_identifier(text: str) -> bool:
    """Whether a string reads like a name: words, each with a short number at most."""
    return len(text) <= 512 and all(_PIECE.fullmatch(piece) is not None for piece in _BETWEEN.split(text))


def is_words(text: str) -> bool:
    """Whether a string consists of words, each written in one way. Random letters are not, unlike :func:`is_identifier`."""
    return len(text) <= 512 and all(_WORD.fullmatch(piece) is not None for piece in _BETWEEN.split(text))


def looks_random(text: str) -> bool:
    """Whether a string is made of random characters rather than of words."""
    if len(text) < 8 or not text.isascii() or not _NOT_IN_TOKENS.isdisjoint(text) or is_identifier(text):
        return False
    digits = sum(map(str.isdigit, text))
    if _HEX.fullmatch(text) is not None:
        return 0 < digits < len(text)
    kinds = (
        any(map(str.islower, text)) + any(map(str.isupper, text)) + (digits > 0)
        + any(not letter.isalnum() and letter not in "-._/:" for letter in text)
    )  # fmt: skip
    if kinds >= 3:
        return entropy(text) >= 2.75
    return kinds == 2 and len(text) >= 20 and digits >= 4 and text.isalnum()


def entropy(text: str) -> float:
    """Bits of information per character, by the frequency of each character."""
    return -sum(share * math.log2(share) for share in (text.count(letter) / len(text) for letter in set(text)))

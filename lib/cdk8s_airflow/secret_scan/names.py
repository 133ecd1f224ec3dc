"""Classifies names: does a value under this name have to be a secret, may it be one, or is it something else?"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final, NamedTuple

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words

NONE: Final = 0
"""The name says nothing about secrets."""
LIKELY: Final = 1
"""The value is a secret if it looks random."""
SPELLED: Final = 2
"""Any literal is a secret, unless it looks like the name of an object: ``DB_SECRET``."""
ALWAYS: Final = 3
"""Any literal is a secret: ``password``, ``client_secret``."""


class NameClass(NamedTuple):
    """What a name says about the value under it.

    Attributes:
        strength: one of :data:`NONE`, :data:`LIKELY`, :data:`SPELLED` and :data:`ALWAYS`.
        kind: ``password``, ``token``, ``secret``, ``credential``, ``key`` or ``login``. Empty for :data:`NONE`.
    """

    strength: int
    kind: str


_UNRELATED: Final = NameClass(NONE, "")
_NOT_IN_NAMES: Final = frozenset("{}[]()=\"'\n")
_WORD = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u0080-\U0010ffff]+")
_LETTERS: Final = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "ß": "ss"})
"""Letters that are no combination of a plain letter and an accent."""


def _without_accents(name: str) -> str:
    """A name with plain letters: ``contraseña`` is ``contrasena``."""
    letters = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def split_words(text: str) -> list[str]:
    """The words of a name in lower case: ``dbPassword2`` is ``db``, ``password``, ``2``."""
    return [word.lower() for word in _WORD.findall(text)]


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


@cache
def _fragments() -> tuple[str, ...]:
    return tuple(vocabulary()["names"]["fragments"])


@cache
def _kinds() -> dict[str, str]:
    return {word: kind for kind, group in vocabulary()["names"]["kinds"].items() for word in group}


@lru_cache(maxsize=8192)
def classify(name: str) -> NameClass:
    """What a name says about the value under it.

    Args:
        name: the key of a mapping, an environment variable, a flag, an annotation. The part after the last ``/`` or ``.`` counts.
    """
    if not name.isascii():
        name = _without_accents(name)
    lowered = name.lower()
    if not _NOT_IN_NAMES.isdisjoint(name):
        return _UNRELATED
    # A loop, because nearly every word ends here, and a generator for each takes twice as long.
    for fragment in _fragments():
        if fragment in lowered:
            break
    else:
        if lowered != "pat":
            return _UNRELATED
    table = vocabulary()["names"]
    if lowered.startswith(table["digest_prefix"]) or name in words("names", "never_names"):
        return _UNRELATED
    short = name.rstrip(".-").rsplit("/", 1)[-1].rsplit(".", 1)[-1]
    parts = split_words(short)
    after = words("names", "qualifiers_after")
    while parts and (parts[-1].isdigit() or (len(parts) > 1 and parts[-1] in after)):
        parts.pop()
    if not parts:
        return _UNRELATED
    last, before = _singular(parts[-1]), parts[-2] if len(parts) > 1 else ""
    kind = _kinds().get(last, "")
    if not kind:
        if last in words("names", "not_joined"):
            return _UNRELATED
        kind = next((kind for kind, ends in table["joined"].items() if last.endswith(tuple(ends))), "")
        return NameClass(ALWAYS, kind) if kind else _UNRELATED
    if not {before, _singular(before)}.isdisjoint(words("names", "never", kind)):
        return _UNRELATED
    before = _singular(before)
    spelled = "_" in short or short.startswith("-") or (short.isupper() and len(short) >= 3)
    return NameClass(_strength(kind, before, spelled or last in words("names", "short_forms")), kind)


def _strength(kind: str, before: str, spelled: bool) -> int:
    if kind == "password":
        return ALWAYS
    if before in vocabulary()["names"]["always"].get(kind, ()):
        # secretKey names a key of a Secret as often as it holds one.
        return LIKELY if kind == "key" and before == "secret" and not spelled else ALWAYS
    if kind == "key":
        return LIKELY if before and (spelled or before in words("names", "key_hints")) else NONE
    if kind == "login":
        return LIKELY
    return SPELLED if spelled else LIKELY

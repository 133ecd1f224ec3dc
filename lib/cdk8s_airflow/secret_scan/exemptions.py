"""Strings that a program has declared not to be secrets, per app."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar


class ExemptText(str):
    """A string that the program declared not to be a secret. It carries the declaration to the construct it is passed to."""

    __slots__ = ()


class Exemptions:
    """The strings of one app that are exempt from the secret scan.

    An exemption covers a whole value: the exact string, or a place inside a longer text where the whole string occurs. It does
    not cover parts of the string.

    Attributes:
        declared: how many strings the program itself declared.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: set[str] = set()
        self._folded: set[str] = set()
        self.declared = 0
        for text in texts:
            self.add(text)

    def add(self, text: str, *, declared: bool = True) -> None:
        """Exempts a string.

        Args:
            text: the string. Spaces at its ends are ignored.
            declared: whether the program declared it, so that the summary counts it.
        """
        text = text.strip()
        if text and text not in self._texts:
            self._texts.add(text)
            self._folded.add(_folded(text))
            self.declared += declared

    def update(self, other: Exemptions) -> None:
        """Adds the strings of another collection."""
        for text in other._texts:
            self.add(text)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def covers(self, text: str) -> bool:
        """Whether the whole string is exempt."""
        return bool(self._texts) and text.strip() in self._texts

    def covers_span(self, text: str, start: int, end: int) -> bool:
        """Whether a part of a text is an exempt string, or lies inside an exempt string that occurs there as a whole."""
        if not self._texts:
            return False
        if text[start:end].strip() in self._texts or _folded(text[start:end]) in self._folded:
            return True
        if any(_occurs(each, text, start, end) for each in self._texts if len(each) > end - start):
            return True
        folded, span = _folded(text), _folded(text[start:end])
        return any("\n" in each and span not in folded.replace(_folded(each), "") for each in self._texts)


def _folded(text: str) -> str:
    """A string without blanks, line breaks and backslashes: the same for a string and its rendering in YAML or JSON."""
    return "".join(text.replace("\\n", " ").replace("\\t", " ").replace("\\", " ").split())


def _occurs(exempt: str, text: str, start: int, end: int) -> bool:
    """Whether an occurrence of ``exempt`` that is not part of a longer word encloses the span."""
    at = text.find(exempt, max(0, end - len(exempt)), start + len(exempt))
    while 0 <= at <= start:
        after = at + len(exempt)
        if not (at and text[at - 1].isalnum()) and not text[after : after + 1].isalnum():
            return True
        at = text.find(exempt, at + 1, start + len(exempt))
    return False


_NONE = Exemptions()
_active: ContextVar[Exemptions] = ContextVar("_active", default=_NONE)


def active() -> Exemptions:
    """The exemptions of the app whose construct is being created or whose output is being written; otherwise none."""
    return _active.get()


@contextlib.contextmanager
def using(exemptions: Exemptions) -> Iterator[None]:
    """Makes exemptions active inside the block."""
    token = _active.set(exemptions)
    try:
        yield
    finally:
        _active.reset(token)

"""What the scanner returns."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple["str | int", ...]
"""Steps into a document."""


class Found(NamedTuple):
    """A part of a text that looks like a secret.

    Attributes:
        start: where the secret begins.
        end: where it ends.
        what: what it looks like, as a noun phrase. It never contains the secret.
    """

    start: int
    end: int
    what: str

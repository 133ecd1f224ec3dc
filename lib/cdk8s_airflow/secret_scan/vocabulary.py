"""Loads the vocabulary of the secret scan: what names, references, placeholders and tokens look like."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@cache
def vocabulary() -> dict[str, Any]:
    """The words and forms of ``vocabulary.json``. Treat it as read-only."""
    data: dict[str, Any] = json.loads((_FOLDER / "vocabulary.json").read_bytes())
    return data


@cache
def token_data() -> dict[str, Any]:
    """The token patterns and their sources in ``token_patterns.json``. Treat it as read-only."""
    data: dict[str, Any] = json.loads((_FOLDER / "token_patterns.json").read_bytes())
    return data


@cache
def words(*path: str) -> frozenset[str]:
    """A list of the vocabulary as a set, by its path of keys."""
    data: Any = vocabulary()
    for key in path:
        data = data[key]
    return frozenset(data)

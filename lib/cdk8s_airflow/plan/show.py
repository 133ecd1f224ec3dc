"""Values as text: short, on one line, and without what looks like a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from cdk8s_airflow.plan.tree import MISSING, Path

LONGEST = 80
"""Characters of a value that are shown."""


NOTHING = "no value"
"""What is shown for a setting that is not there."""

HIDDEN = "<hidden>"
"""What is shown in place of a value that is, or may be, a secret."""

_SECRET_KINDS = ("Secret", "SealedSecret")
_SECRET_FIELDS = ("data", "stringData", "encryptedData")


def show_setting(kind: str, path: Path, value: Any) -> str:
    """The value of a setting as :func:`show_value` writes it, or :data:`HIDDEN` where it may be a secret.

    Args:
        kind: the kind of the object.
        path: the path of the setting in it.
        value: the value.
    """
    from cdk8s_airflow.secret_scan import is_secret_value

    if value is MISSING or value is None:
        return show_value(value)
    if kind in _SECRET_KINDS and any(segment in _SECRET_FIELDS for segment in path):
        return HIDDEN
    named = [segment.strip("[]") for segment in path[-2:]]
    if isinstance(value, str) and any(is_secret_value(name, value) for name in named):
        return HIDDEN
    return show_value(value)


def show_value(value: Any) -> str:
    """A value on one line, as it would stand in YAML; texts of several lines by their first line and their length."""
    if value is MISSING or value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping | list):
        return _cut(without_secrets(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)))
    return _text(str(value))


def changed_line(old: object, new: object) -> tuple[int, str, str] | None:
    """The first line in which two texts of several lines differ: its number and both lines; None for other values."""
    if not (isinstance(old, str) and isinstance(new, str) and ("\n" in old or "\n" in new)):
        return None
    before, after = old.splitlines(), new.splitlines()
    for number, (one, other) in enumerate(zip_longest(before, after, fillvalue=""), start=1):
        if one != other:
            return number, one.strip(), other.strip()
    return None


def _text(value: str) -> str:
    if not value:
        return '""'
    lines = value.splitlines()
    if len(lines) > 1:
        return f"a string of {len(lines)} lines"
    return _cut(without_secrets("".join(character if character.isprintable() else " " for character in value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def without_secrets(text: str) -> str:
    """The text without what looks like a secret."""
    from cdk8s_airflow.secret_scan import redacted

    return redacted(text)

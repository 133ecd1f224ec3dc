"""Versions of software, and ranges of versions in one notation.

A range is a list of bounds, separated by spaces, that a version must all meet: ``">=1.18 <1.20"``. ``|`` separates
alternatives: ``">=0.16.25 <0.17 | >=0.17.6"``. A bound includes all versions that start with its numbers: 1.33.4 is within
``"<=1.33"`` and not within ``"<1.33"``. An empty range contains every version.
"""

from __future__ import annotations

import functools

from cdk8s_airflow._regex import regex

_BOUND = regex(r"(>=|<=|<)(\d+(?:\.\d+)*)")
_THREE_NUMBERS = regex(r"(\d+)\.(\d+)\.(\d+)")


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version, for comparison: ``"1.22.0"`` is ``(1, 22, 0)``.

    Raises:
        ValueError: if the string has anything but numbers and dots.
    """
    return tuple(int(part) for part in text.split("."))


def version_at_start(value: object) -> tuple[int, int, int] | None:
    """The three numbers at the start of a string, such as those of ``"3.2.2-python3.12"``; None if it has none there."""
    match = _THREE_NUMBERS.match(value) if isinstance(value, str) else None
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def minor_text(text: str) -> str:
    """The first two numbers of a version, as text: ``"1.34.4"`` is ``"1.34"``."""
    return ".".join(text.split(".")[:2])


@functools.cache
def within(versions: str, text: str) -> bool:
    """Whether a version is within a range.

    Args:
        versions: the range.
        text: the version.

    Raises:
        ValueError: if one of them is malformed.
    """
    seen = version(text)
    return any(all(_meets(seen, bound) for bound in each.split()) for each in versions.split("|"))


def _meets(seen: tuple[int, ...], bound: str) -> bool:
    sign, limit = _parsed(bound)
    if sign == ">=":
        return seen >= limit
    return seen[: len(limit)] <= limit if sign == "<=" else seen < limit


def _parsed(bound: str) -> tuple[str, tuple[int, ...]]:
    match = _BOUND.fullmatch(bound)
    if match is None:
        raise ValueError(f"{bound!r} is not a bound of a version range")
    return match[1], version(match[2])


def range_text(versions: str) -> str:
    """A range in words: ``"1.30 to 1.33"``, ``"0.16.25 or 0.17.6 or newer"``.

    Only the last alternative may have an upper bound of its own, with ``<=``.
    """
    bounds = [[_BOUND.fullmatch(bound) for bound in each.split()] for each in versions.split("|")]
    first = " or ".join(match[2] for each in bounds for match in each if match and match[1] == ">=")
    last = next((match[2] for match in bounds[-1] if match and match[1] == "<="), "")
    return f"{first} to {last}" if last else f"{first} or newer"

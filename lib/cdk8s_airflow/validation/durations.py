"""Durations: of Go and Helm (``"1h30m"``), and retentions in days (``"30d"``). Parses, compares and writes them.

Source: ``time.ParseDuration`` and ``time.Duration.String`` of Go.
"""

from __future__ import annotations

import re
from typing import Final

from cdk8s_airflow._regex import regex

_DURATION = regex(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_PART = regex(r"(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WHOLE_SECONDS = regex(r"(?=\d)(?:\d+h)?(?:\d+m)?(?:\d+s)?", re.ASCII)
_RETENTION = regex(r"[1-9]\d{0,4}d", re.ASCII)
_SECOND: Final = 10**9
_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND,
}  # fmt: skip
_LONGEST_SECONDS: Final = (2**63 - 1) // _SECOND


def nanoseconds(text: str) -> int:
    """A Go duration in nanoseconds. Raises ``ValueError`` if the string is not a Go duration."""
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    total: int = sum(
        int(whole + fraction) * _NANOSECONDS[unit] // 10 ** len(fraction)
        for whole, fraction, unit in _PART.findall(text)
    )
    return -total if text.startswith("-") else total


def seconds(text: str) -> int:
    """The seconds of a duration in hours, minutes and seconds, in this order. ``ValueError`` if the string has another form."""
    if not _WHOLE_SECONDS.fullmatch(text):
        raise ValueError(text)
    return nanoseconds(text) // _SECOND


def is_duration(text: str) -> bool:
    """Whether the string is a positive Go duration in hours, minutes and seconds."""
    try:
        return 0 < seconds(text) <= _LONGEST_SECONDS
    except ValueError:
        return False


def is_retention(text: str) -> bool:
    """Whether the string is a number of days from 1 to 99999: ``30d``."""
    return _RETENTION.fullmatch(text) is not None


def days(text: str) -> int:
    """A retention such as ``30d`` in days. Raises ``ValueError`` if the string is not a retention."""
    if not is_retention(text):
        raise ValueError(text)
    return int(text[:-1])


def canonical_duration(text: str) -> str:
    """A Go duration as Go writes it: ``90m`` is ``1h30m0s``, ``60s`` is ``1m0s``.

    Raises:
        ValueError: if the text is not a Go duration.
    """
    total = nanoseconds(text)
    if total == 0:
        return "0s"
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total < _SECOND:
        unit = next(unit for unit in ("ms", "µs", "ns") if total >= _NANOSECONDS[unit])
        return f"{sign}{_in(total, _NANOSECONDS[unit])}{unit}"
    minutes, rest = divmod(total, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{_in(rest, _SECOND)}s"
    return f"{sign}{minutes}m{_in(rest, _SECOND)}s" if minutes else f"{sign}{_in(rest, _SECOND)}s"


def _in(total: int, unit: int) -> str:
    """Nanoseconds in a unit, a power of 1000, as a number without trailing zeros."""
    whole, rest = divmod(total, unit)
    if not rest:
        return str(whole)
    width = len(str(unit)) - 1
    return f"{whole}.{rest:0{width}}".rstrip("0")

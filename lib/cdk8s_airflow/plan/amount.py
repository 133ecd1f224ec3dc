"""Values that are written differently and mean the same: quantities and durations."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.validation.durations import nanoseconds
from cdk8s_airflow.validation.quantities import bytes_text, cpu_text, quantity_or_none

_QUANTITY_KEYS = frozenset({"cpu", "memory", "storage", "ephemeral-storage", "size", "sizeLimit", "storageLimit"})
_QUANTITY_PARENTS = frozenset({"hard", "limits", "requests", "max", "min", "default", "defaultRequest"})
_DURATION_KEYS = frozenset({
    "timeout", "interval", "period", "retryInterval", "duration", "maxDuration", "refreshInterval", "scrapeInterval",
    "scrapeTimeout", "schedule",
})  # fmt: skip


def amount_text(value: float, resource: str) -> str:
    """An amount of a resource as a quantity."""
    if "cpu" in resource:
        return cpu_text(value)
    return bytes_text(value) if "memory" in resource or "storage" in resource else f"{value:g}"


def duration(value: Any) -> float | None:
    """A Go duration like ``1h30m`` in seconds; None if it is none."""
    try:
        return nanoseconds(value) / 10**9 if isinstance(value, str) else None
    except ValueError:
        return None


def same_amount(path: tuple[str, ...], old: Any, new: Any) -> bool:
    """Whether two values at a path mean the same amount, as ``1Gi`` and ``1024Mi`` do for memory."""
    if not path:
        return False
    if path[-1] in _QUANTITY_KEYS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS):
        return _same(quantity_or_none(old), quantity_or_none(new))
    if path[-1] in _DURATION_KEYS:
        return _same(duration(old), duration(new))
    return False


def _same(old: float | None, new: float | None) -> bool:
    return old is not None and new is not None and abs(old - new) <= 1e-9 * max(abs(old), abs(new))

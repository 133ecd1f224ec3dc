"""Values that are written differently and mean the same: quantities and durations."""

from __future__ import annotations

import re
from typing import Any

from cdk8s_airflow.validation.constraints import quantity

_QUANTITY_KEYS = frozenset({"cpu", "memory", "storage", "ephemeral-storage", "size", "sizeLimit", "storageLimit"})
_QUANTITY_PARENTS = frozenset({"hard", "limits", "requests", "max", "min", "default", "defaultRequest"})
_DURATION_KEYS = frozenset({
    "timeout", "interval", "period", "retryInterval", "duration", "maxDuration", "refreshInterval", "scrapeInterval",
    "scrapeTimeout", "schedule",
})  # fmt: skip
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def amount(value: Any) -> float | None:
    """A Kubernetes quantity in bytes, cores or pieces; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return quantity(str(value))
    except ValueError:
        return None


def amount_text(value: float, resource: str) -> str:
    """An amount of a resource as a quantity: memory and storage in mebibytes or gibibytes, CPU in cores or thousandths."""
    if "cpu" in resource:
        return f"{value:g}" if value == int(value) else f"{round(value * 1000)}m"
    if not any(name in resource for name in ("memory", "storage")):
        return f"{value:g}"
    unit, factor = ("Gi", 2**30) if value % 2**30 == 0 else ("Mi", 2**20)
    return f"{value / factor:g}{unit}"


def duration(value: Any) -> float | None:
    """A Go duration like ``1h30m`` in seconds; None if it is none."""
    if not isinstance(value, str) or _DURATION.fullmatch(value) is None:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(value))


def same_amount(path: tuple[str, ...], old: Any, new: Any) -> bool:
    """Whether two values at a path mean the same amount, as ``1Gi`` and ``1024Mi`` do for memory."""
    if not path:
        return False
    if path[-1] in _QUANTITY_KEYS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS):
        return _same(amount(old), amount(new))
    if path[-1] in _DURATION_KEYS:
        return _same(duration(old), duration(new))
    return False


def _same(old: float | None, new: float | None) -> bool:
    return old is not None and new is not None and abs(old - new) <= 1e-9 * max(abs(old), abs(new))

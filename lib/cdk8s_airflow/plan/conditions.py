"""Conditions that several rules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.plan.amount import duration
from cdk8s_airflow.plan.rule import Setting, When
from cdk8s_airflow.plan.tree import MISSING, canonical
from cdk8s_airflow.validation.quantities import quantity_or_none


def lowered(setting: Setting) -> bool:
    """A quantity or number gets smaller."""
    old, new = quantity_or_none(setting.old), quantity_or_none(setting.new)
    return old is not None and new is not None and new < old


def raised(setting: Setting) -> bool:
    """A quantity or number gets larger."""
    old, new = quantity_or_none(setting.old), quantity_or_none(setting.new)
    return old is not None and new is not None and new > old


def changed(setting: Setting) -> bool:
    """Both outputs have a value, and they differ in more than how they are written."""
    if setting.old is MISSING or setting.new is MISSING:
        return False
    old, new = quantity_or_none(setting.old), quantity_or_none(setting.new)
    return old is None or new is None or old != new or isinstance(setting.old, bool)


def removed(setting: Setting) -> bool:
    """The setting is removed."""
    return setting.new is MISSING


def added(setting: Setting) -> bool:
    """The setting is new."""
    return setting.old is MISSING


def turned_on(setting: Setting) -> bool:
    """A switch that is off or absent is turned on."""
    return is_true(setting.new) and not is_true(setting.old)


def turned_off(setting: Setting) -> bool:
    """A switch that is on or absent is turned off."""
    return is_false(setting.new) and not is_false(setting.old)


def shorter(setting: Setting) -> bool:
    """A duration or a retention like ``30d`` gets shorter, or the number of days does."""
    old, new = span(setting.old), span(setting.new)
    return old is not None and new is not None and new < old


_DAYS = {"d": 1.0, "w": 7.0, "m": 30.0}


def span(value: Any) -> float | None:
    """A retention in days: ``30d``, ``4w``, ``12m`` (months), a number of days, or a Go duration."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    if value[:-1].isdigit() and value[-1] in _DAYS:
        return int(value[:-1]) * _DAYS[value[-1]]
    if value.isdigit():
        return float(value)
    seconds = duration(value)
    return None if seconds is None else seconds / 86400


def is_true(value: Any) -> bool:
    """Whether a switch is on: ``true``, or the text that Airflow and Helm read as true."""
    return value is True or (isinstance(value, str) and value.lower() in ("true", "on", "yes", "1"))


def is_false(value: Any) -> bool:
    """Whether a switch is off."""
    return value is False or (isinstance(value, str) and value.lower() in ("false", "off", "no", "0"))


def both(*conditions: When) -> When:
    """All conditions hold; the placeholders of the last one that gives any are used."""

    def check(setting: Setting) -> bool | Mapping[str, object]:
        words: dict[str, object] = {}
        for condition in conditions:
            answer = condition(setting)
            if answer is False:
                return False
            if isinstance(answer, Mapping):
                words.update(answer)
        return words or True

    return check


def either(*conditions: When) -> When:
    """The first condition that holds."""

    def check(setting: Setting) -> bool | Mapping[str, object]:
        return next((answer for condition in conditions if (answer := condition(setting)) is not False), False)

    return check


def negated(condition: When) -> When:
    """The condition does not hold."""
    return lambda setting: condition(setting) is False


def text_of(value: Any) -> str:
    """A value as text; empty for none."""
    return "" if value is MISSING or value is None else str(value)


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list; nothing of anything else."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))


def texts(value: Any) -> list[str]:
    """The elements of a list as texts; nothing of anything else."""
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, str) else canonical(item) for item in value]

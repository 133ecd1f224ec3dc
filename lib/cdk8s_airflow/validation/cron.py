"""Cron schedules as Kubernetes parses them.

Source: the standard parser of github.com/robfig/cron v3, and the validation of CronJob, which refuses a time zone in the schedule.
"""

from __future__ import annotations

from cdk8s_airflow._regex import regex

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Descriptors, as schedules with five fields."""

_FIELDS: tuple[tuple[int, int, str], ...] = (
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    (0, 6, "sun mon tue wed thu fri sat"),
)
_ITEM = regex(r"(?:[*?](?:-[^/]*)?|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/0*[1-9][0-9]{0,9})?")
_EVERY = regex(r"@every (?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?")
_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def is_cron_schedule(text: str) -> bool:
    """Whether Kubernetes accepts the string as a schedule that has a next time.

    Accepted are five fields, the descriptors of :data:`MACROS`, and ``@every`` with a duration in hours, minutes and seconds. Not
    accepted is what the parser lets through although it never runs, such as ``0 0 30 2 *``.
    """
    if text.startswith("@"):
        return text in MACROS or (_EVERY.fullmatch(text) is not None and any(digit in text for digit in "123456789"))
    fields = text.split()
    if not (text.isascii() and text.isprintable()) or len(fields) != len(_FIELDS):
        return False
    values = [_values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)]
    if not all(values):
        return False
    _, _, days, months, weekdays = values
    if len(weekdays) < 7:
        # A day of the month or a day of the week: one of them is enough.
        return True
    return any(min(days) <= _DAYS.get(month, 31) for month in months)


def _values(field: str, lowest: int, highest: int, words: str) -> set[int]:
    """The numbers that a field selects; none if the field is not valid."""
    named = {word: lowest + index for index, word in enumerate(words.split())}
    selected: set[int] = set()
    for item in filter(None, field.split(",")):
        match = _ITEM.fullmatch(item)
        if match is None:
            return set()
        start, end = lowest, highest
        if match[1] is not None:
            start = _number(match[1], named)
            end = _number(match[2], named) if match[2] is not None else (highest if "/" in item else start)
        if not lowest <= start <= end <= highest:
            return set()
        selected.update(range(start, end + 1, int(item.partition("/")[2] or 1)))
    return selected


def _number(text: str, named: dict[str, int]) -> int:
    """A number or a name; -1 if it is neither."""
    return named.get(text.lower(), int(text) if text.isdecimal() else -1)

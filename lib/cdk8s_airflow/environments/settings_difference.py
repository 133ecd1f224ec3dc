"""Settings of environments as plain paths and values, and how those of two environments differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.validation import show


def flat_settings(settings: object, at: str = "") -> dict[str, str]:
    """Path of each field -> its value as text. Fields of nested dataclasses, mappings, lists and tuples have paths of their own.

    A value that looks like a secret is not shown.

    Args:
        settings: an instance of a dataclass.
        at: the path before the fields.
    """
    return {path: show(value) for path, value in _leaves(settings, at)}


def _leaves(value: object, at: str) -> Iterator[tuple[str, object]]:
    inner: Iterable[tuple[str, object]]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        inner = [(f"{at}.{field.name}" if at else field.name, getattr(value, field.name)) for field in fields]
    elif isinstance(value, Mapping):
        inner = [(f"{at}.{key}", value[key]) for key in sorted(value, key=str)]
    elif isinstance(value, list | tuple):
        inner = [(f"{at}[{index}]", each) for index, each in enumerate(value)]
    else:
        yield at, value
        return
    if not inner:
        yield at, value
    for path, each in inner:
        yield from _leaves(each, path)


def covers(declared: str, path: str) -> bool:
    """Whether a declared path is a path, or a field that contains it: ``storage`` covers ``storage.size``."""
    return path == declared or path.startswith((f"{declared}.", f"{declared}["))


def setting_differences(
    before: Mapping[str, str], after: Mapping[str, str], expected: Iterable[str] = ()
) -> list[tuple[str, str | None, str | None]]:
    """The settings that differ: path, value before, value after; None where there is none.

    Args:
        before: the settings of one environment, flat.
        after: those of another.
        expected: paths whose differences are left out.
    """
    expected = list(expected)
    paths = [*after, *(path for path in before if path not in after)]
    return [
        (path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path) and not any(covers(declared, path) for declared in expected)
    ]


def with_expected(settings: Any, other: Any, expected: Iterable[str]) -> Any:
    """Settings with the fields that are expected to differ taken from other settings of the same class.

    Args:
        settings: an instance of a dataclass.
        other: where the expected fields are taken from.
        expected: dotted paths of fields.
    """
    inner: dict[str, list[str]] = {}
    for path in expected:
        name, _, rest = path.partition(".")
        inner.setdefault(name, []).append(rest)
    changes = {}
    for name, paths in inner.items():
        if not (hasattr(settings, name) and hasattr(other, name)):
            continue
        mine, theirs = getattr(settings, name), getattr(other, name)
        whole = "" in paths or type(mine) is not type(theirs) or not dataclasses.is_dataclass(mine)
        changes[name] = theirs if whole else with_expected(mine, theirs, paths)
    return dataclasses.replace(settings, **changes) if changes else settings

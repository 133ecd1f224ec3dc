"""How two environments of a program differ: settings first, then objects. What is expected to differ is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from cdk8s_airflow.environments.settings_difference import setting_differences
from cdk8s_airflow.plan.comparison import Change, Plan
from cdk8s_airflow.plan.program import ProgramOutput

_NONE = "not set"
"""What is shown for a setting that one of the environments does not have."""


@dataclass(frozen=True)
class EnvironmentDifference:
    """How two environments differ.

    Attributes:
        names: the two environments.
        expected: the settings that are expected to differ; they and what follows from them are left out.
        settings: path of each other setting that differs, with its value in both.
        plan: the objects that differ.
    """

    names: tuple[str, str]
    expected: tuple[str, ...]
    settings: tuple[tuple[str, str | None, str | None], ...]
    plan: Plan


def between_environments(output: ProgramOutput, names: tuple[str, str], plan: Plan) -> EnvironmentDifference:
    """The difference of two environments.

    Args:
        output: what the program wrote, with ``between=names``.
        names: the two environments.
        plan: the comparison of the first with the comparable form of the second.
    """
    first, second = (output.environments[name].settings for name in names)
    return EnvironmentDifference(
        names, output.expected, tuple(setting_differences(first, second, output.expected)), plan
    )


def between_text(difference: EnvironmentDifference, form: str) -> str:
    """The difference as text.

    Args:
        difference: the difference.
        form: ``"text"``, ``"markdown"`` or ``"json"``.
    """
    if form == "json":
        return _json(difference)
    return "\n".join(_markdown(difference) if form == "markdown" else _text(difference)) + "\n"


def _changes(difference: EnvironmentDifference) -> list[Change]:
    return sorted(difference.plan.changes, key=lambda change: (change.object, change.path))


def _json(difference: EnvironmentDifference) -> str:
    first, second = difference.names
    return (
        json.dumps(
            {
                "settings": [{"setting": path, first: old, second: new} for path, old, new in difference.settings],
                "expected": list(difference.expected),
                "objects": [
                    {"object": each.object, "path": each.path, first: each.old, second: each.new, "kind": each.kind}
                    for each in _changes(difference)
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def _text(difference: EnvironmentDifference) -> Iterator[str]:
    first, second = difference.names
    yield f"{first} -> {second}"
    yield ""
    if difference.settings:
        width = max(len(path) for path, _, _ in difference.settings)
        yield "Settings that differ"
        for path, old, new in difference.settings:
            yield f"  {path:<{width}}  {_or_none(old)} -> {_or_none(new)}"
    else:
        yield "No setting differs" + (" apart from the expected ones." if difference.expected else ".")
    if difference.expected:
        yield f"Expected to differ, left out with what follows from them: {', '.join(difference.expected)}"
    yield ""
    changes = _changes(difference)
    if not changes:
        yield "No object differs."
        return
    yield "Objects that differ"
    last = ""
    for change in changes:
        if change.object != last:
            last = change.object
            yield f"  {_spoken(last)}{_only_in(difference, change)}"
        if change.path:
            yield f"    {change.path}: {_value(change)}"
    yield ""
    count = len({change.object for change in changes})
    yield f"{_counted(len(difference.settings), 'setting')} and {_counted(count, 'object')} differ."


def _markdown(difference: EnvironmentDifference) -> Iterator[str]:
    first, second = difference.names
    yield f"### {first} and {second}"
    yield ""
    if difference.settings:
        yield f"| setting | {first} | {second} |"
        yield "|---|---|---|"
        for path, old, new in difference.settings:
            yield f"| `{path}` | {_cell(_or_none(old))} | {_cell(_or_none(new))} |"
        yield ""
    if difference.expected:
        yield f"Expected to differ, left out: {', '.join(f'`{path}`' for path in difference.expected)}"
        yield ""
    changes = _changes(difference)
    if not changes:
        yield "No object differs."
        return
    yield "| object | field | difference |"
    yield "|---|---|---|"
    for change in changes:
        what = _value(change) if change.path else _only_in(difference, change).strip(" ()")
        yield f"| `{change.object}` | {f'`{change.path}`' if change.path else ''} | {_cell(what)} |"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _or_none(value: str | None) -> str:
    return _NONE if value is None else value


def _value(change: Change) -> str:
    return f"{change.old or _NONE} -> {change.new or _NONE}"


def _only_in(difference: EnvironmentDifference, change: Change) -> str:
    """Where an object is, if only one of the environments has it."""
    if change.path or change.kind not in ("added", "removed"):
        return ""
    return f"  (only in {difference.names[change.kind == 'added']})"


def _spoken(name: str) -> str:
    kind, _, place = name.partition("/")
    return f"{kind} {place.lstrip('/')}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

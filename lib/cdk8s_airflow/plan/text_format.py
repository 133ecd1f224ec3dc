"""A plan as text for a terminal, and as Markdown for a pull request."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from cdk8s_airflow.plan.acceptance import Acceptance
from cdk8s_airflow.plan.comparison import Change, Plan
from cdk8s_airflow.plan.risk import Risk, worst
from cdk8s_airflow.plan.rules import RULES

SYMBOLS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}
"""The sign before a change."""

_SEVERE = Risk.SECURITY.severity
"""From this class on a change is always shown on its own."""


@dataclass(frozen=True)
class Line:
    """A line of text in parts, each with the risk class whose colour it has.

    Attributes:
        parts: texts with their class; None for the usual colour.
    """

    parts: tuple[tuple[str, Risk | None], ...]

    @property
    def text(self) -> str:
        """The line without colours."""
        return "".join(text for text, _ in self.parts).rstrip()


def _line(text: str = "", risk: Risk | None = None) -> Line:
    return Line(((text, risk),))


def text_lines(
    plan: Plan, *, title: str, width: int = 100, acceptances: Sequence[Acceptance] = (), everything: bool = False
) -> Iterator[Line]:
    """The plan line by line: objects with the worst change first.

    Args:
        plan: the plan.
        title: what is compared.
        width: the width of the terminal.
        acceptances: accepted changes.
        everything: whether changes without an effect are listed too.
    """
    width = max(width, 40)
    yield _line(title)
    yield _line()
    for names, together in groupby(plan.objects.items(), key=_alike):
        members = list(together)
        if names and len(members) > 2:
            yield from _alike_lines([changes[0] for _, changes in members], width, acceptances)
        else:
            for name, changes in members:
                yield from _object_lines(name, changes, width, acceptances)
    if everything and plan.without_effect:
        yield _line("Without effect", Risk.NONE)
        for change in plan.without_effect:
            yield from _wrapped(f"  ~ {_object(change.object)} {change.path}: {change.message}", width, 4)
        yield _line()
    for note in plan.notes:
        yield from _wrapped(note, width, 0)
    yield from _wrapped(summary(plan, acceptances), width, 0)


def _object_lines(
    name: str, changes: Sequence[Change], width: int, acceptances: Sequence[Acceptance]
) -> Iterator[Line]:
    risk = worst(change.risk for change in changes)
    construct = next((change.construct for change in changes if change.construct), "")
    made_by = f" ({construct})" if construct else ""
    yield Line(((f"{_object(name)}{made_by}  ", None), (risk.title, risk)))
    for group in _groups(changes):
        yield from _group_lines(group, width, acceptances)
    yield _line()


def _alike(entry: tuple[str, Sequence[Change]]) -> str:
    """The rule of an object that is added, removed or renamed and has no other change; empty for any other object."""
    _, changes = entry
    return (
        changes[0].rule if len(changes) == 1 and changes[0].kind in ("added", "removed") and not changes[0].path else ""
    )


def _alike_lines(changes: Sequence[Change], width: int, acceptances: Sequence[Acceptance]) -> Iterator[Line]:
    """Several objects with the same change."""
    rule = next(rule for rule in RULES if rule.id == changes[0].rule)
    yield Line(
        ((f"{len(changes)} objects: {rule.title[0].lower()}{rule.title[1:]}  ", None), (rule.risk.title, rule.risk))
    )
    for change in changes:
        yield from _label_lines(change, acceptances)
    yield from _explained(changes[0], width)
    yield _line()


def _label_lines(change: Change, acceptances: Sequence[Acceptance]) -> Iterator[Line]:
    sign = SYMBOLS[change.kind]
    accepted = "  accepted" if any(each.matches(change) for each in acceptances) else ""
    label = f"  {sign} {change.path or _object(change.object)}"
    yield Line(((label, None), (f"  {change.risk.title} [{change.rule}]{accepted}", change.risk)))


def _groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes that are shown together: harmless ones of one rule."""
    for (rule, risk), group in groupby(changes, key=lambda change: (change.rule, change.risk)):
        found = list(group)
        if (
            risk.severity < _SEVERE
            and len(found) > 3
            and rule.startswith(("airflow/", "release/", "workload/", "object/"))
        ):
            yield found
        else:
            yield from ([change] for change in found)


def _group_lines(group: Sequence[Change], width: int, acceptances: Sequence[Acceptance]) -> Iterator[Line]:
    for change in group:
        yield from _label_lines(change, acceptances)
        if len(group) == 1:
            yield from _explained(change, width)
        elif change.old or change.new:
            yield _line(_cut(f"      {_values(change)}", width))
    if len(group) > 1 and group[0].rule == "airflow/restart":
        workloads = list(dict.fromkeys(change.happens.rpartition("Restarts: ")[2] for change in group))
        yield from _wrapped(f"      Restarts: {max(workloads, key=len)}", width, 6)


def _explained(change: Change, width: int) -> Iterator[Line]:
    yield from _wrapped(f"      {change.happens}", width, 6)
    if change.argument:
        yield from _wrapped(f"      Argument: {change.argument}", width, 6)
    if change.first:
        yield from _wrapped(f"      What to do: {change.first}", width, 6)


def _values(change: Change) -> str:
    if change.kind == "added":
        return change.new
    return change.old if change.kind == "removed" else f"{change.old} -> {change.new}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _wrapped(text: str, width: int, indent: int) -> Iterator[Line]:
    for paragraph in text.splitlines():
        start = len(paragraph) - len(paragraph.lstrip())
        yield from map(
            _line,
            textwrap.wrap(
                paragraph.strip(),
                width,
                initial_indent=" " * start,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            ),
        )


def _object(name: str) -> str:
    kind, _, place = name.partition("/")
    return f"{kind} {place.lstrip('/')}"


def summary(plan: Plan, acceptances: Sequence[Acceptance] = ()) -> str:
    """One or two sentences: how many changes of each class."""
    unseen = len(plan.without_effect)
    rest = f" {_counted(unseen)} without effect." if unseen else ""
    if not plan.changes:
        return f"No change.{rest}"
    counts = []
    for risk in sorted(Risk, key=lambda risk: -risk.severity):
        count = sum(change.risk is risk for change in plan.changes)
        if count:
            counts.append(f"{risk.title} {count}")
    objects = len(plan.objects)
    accepted = sum(any(each.matches(change) for each in acceptances) for change in plan.changes)
    return (
        f"{_counted(len(plan.changes))} of {objects} object{'s' if objects > 1 else ''}: "
        f"{', '.join(counts)}.{f' {accepted} accepted.' if accepted else ''}{rest}"
    )


def _counted(changes: int) -> str:
    return f"{changes} change" if changes == 1 else f"{changes} changes"


_MARKS = {
    Risk.IMPOSSIBLE: "🛑",
    Risk.DATA: "🔥",
    Risk.DOWNTIME: "⚠️",
    Risk.SECURITY: "🔓",
    Risk.RESTART: "🔁",
    Risk.CONFIGURATION: "📝",
}

LONGEST_COMMENT = 60_000
"""Characters of the Markdown text; a comment on GitHub has at most 65,536."""


def markdown_text(plan: Plan, *, title: str, acceptances: Sequence[Acceptance] = ()) -> str:
    """The plan as Markdown: a table of what is severe, and the rest folded.

    Args:
        plan: the plan.
        title: what is compared.
        acceptances: accepted changes.
    """
    severe = [change for change in plan.changes if change.risk.severity >= _SEVERE]
    others = [change for change in plan.changes if change.risk.severity < _SEVERE]
    lines = ["### Plan", "", f"{_escaped(title)}", "", f"**{_escaped(summary(plan, acceptances))}**", ""]
    if severe:
        lines += _table(severe, acceptances)
    if others:
        lines += ["<details>", f"<summary>{_counted(len(others))} without downtime</summary>", ""]
        lines += _table(others, acceptances)
        lines += ["</details>", ""]
    lines += [f"> {_escaped(note)}" for note in plan.notes]
    return _fitting(lines)


def _table(changes: Sequence[Change], acceptances: Sequence[Acceptance]) -> list[str]:
    lines = ["| class | object and setting | what happens |", "|---|---|---|"]
    for change in changes:
        accepted = " (accepted)" if any(each.matches(change) for each in acceptances) else ""
        where = f"`{change.object}`" + (f"<br>`{_escaped(change.path)}`" if change.path else "")
        if change.argument:
            where += f"<br>{_escaped(change.argument)}"
        lines.append(
            f"| {_MARKS[change.risk]} {change.risk.title}{accepted} | {where} | {_escaped(change.message)} `{change.rule}` |"
        )
    return [*lines, ""]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")


def _fitting(lines: Sequence[str]) -> str:
    """As much of the lines as fits into a comment."""
    kept: list[str] = []
    size = 0
    opened = False
    for line in lines:
        size += len(line.encode()) + 1
        if size > LONGEST_COMMENT:
            kept += [
                "",
                *(["</details>", ""] if opened else []),
                "The plan is longer than a comment may be. Run it locally to see all.",
            ]
            break
        opened = (opened or line == "<details>") and line != "</details>"
        kept.append(line)
    return "\n".join(kept).rstrip() + "\n"

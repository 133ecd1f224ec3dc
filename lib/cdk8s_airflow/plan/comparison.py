"""The comparison of two platforms: every change with its class, rule and message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk8s_airflow.plan.arguments import argument_of
from cdk8s_airflow.plan.following import renames
from cdk8s_airflow.plan.manifest import Manifest, Platform
from cdk8s_airflow.plan.pair import Pair, View, embedded_texts, pairs
from cdk8s_airflow.plan.risk import Risk, worst
from cdk8s_airflow.plan.rule import Context, Found, Plain, Rule, Setting
from cdk8s_airflow.plan.rules import RULES
from cdk8s_airflow.plan.show import changed_line, show_setting
from cdk8s_airflow.plan.tree import MISSING, Difference, Path, differences, find, matches, parse_path, show_path

_AS_A_WHOLE = ("podTemplate", "extraInitContainers", "extraVolumes", "extraContainers", "resources")
"""Values that are reported as one change, however many of their lines differ."""

_SHORT = 40
"""Characters of an old and a new value that are shown within the change of a section."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        object: ``Kind/namespace/name``; the namespace is empty for objects without one.
        path: the setting in the object; empty for the object as a whole.
        risk: the class.
        rule: the id of the rule that chose the class.
        happens: what happens.
        first: what to do before; may be empty.
        kind: ``added``, ``removed``, ``renamed`` or ``changed``.
        old: the old value as text; empty for an object as a whole.
        new: the new value as text; the same.
        argument: the argument that sets it: ``CnpgCluster(storage=)``; empty if it is not known.
        construct: the path of the construct that makes the object; empty if it is not known.
    """

    object: str
    path: str
    risk: Risk
    rule: str
    happens: str
    first: str = ""
    kind: str = "changed"
    old: str = ""
    new: str = ""
    argument: str = ""
    construct: str = ""

    @property
    def message(self) -> str:
        """What happens, and what to do before."""
        return f"{self.happens} What to do: {self.first}" if self.first else self.happens

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The place among the changes of one object: the worst first."""
        return -self.risk.severity, self.path, self.rule, self.message


@dataclass(frozen=True)
class Plan:
    """Everything that differs between two platforms.

    Attributes:
        changes: the changes with an effect: objects with the worst change first, and within an object too.
        without_effect: changes of the text that do not change the platform.
        notes: what a reader has to know about the comparison as a whole.
    """

    changes: tuple[Change, ...] = ()
    without_effect: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def risk(self) -> Risk:
        """The most severe class of all changes."""
        return worst(change.risk for change in self.changes)

    @property
    def objects(self) -> Mapping[str, tuple[Change, ...]]:
        """The changes of each object, in the order of ``changes``."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.object, []).append(change)
        return {name: tuple(changes) for name, changes in found.items()}


@dataclass(frozen=True)
class EnvironmentPlan:
    """The plan of one environment.

    Attributes:
        environment: its name; empty for a program without environments.
        title: what is compared.
        plan: the plan.
    """

    environment: str
    title: str
    plan: Plan


def compare(
    before: Platform,
    after: Platform,
    *,
    rendered: Iterable[str] = (),
    notes: Iterable[str] = (),
    rules: Sequence[Rule] = RULES,
) -> Plan:
    """The plan for a change from one platform to another.

    Args:
        before: what is applied now.
        after: what is to be applied.
        rendered: ids of the objects whose releases have their rendered objects in both platforms.
        notes: notes of the plan.
        rules: the rules, in the order in which they are asked.
    """
    found = pairs(before, after)
    context = Context(before, after, renames(found), frozenset(rendered))
    changes = [change for pair in found for change in _Comparison(pair, context, rules).changes()]
    distinct = list(dict.fromkeys(changes))
    return Plan(
        changes=tuple(_ordered(change for change in distinct if change.risk is not Risk.NONE)),
        without_effect=tuple(_ordered(change for change in distinct if change.risk is Risk.NONE)),
        notes=tuple(notes),
    )


def _ordered(changes: Iterable[Change]) -> list[Change]:
    found = list(changes)
    severity: dict[str, int] = {}
    for change in found:
        severity[change.object] = max(severity.get(change.object, 0), change.risk.severity)
    return sorted(found, key=lambda change: (-severity[change.object], change.object, *change.order))


@dataclass(frozen=True)
class _Reported:
    """What is reported for a pair of views, in paths of the object."""

    rule: str
    path: Path
    also: tuple[Path, ...]

    def covers(self, path: Path) -> bool:
        """Whether a difference at a path needs no report of its own."""
        shorter = min(len(self.path), len(path))
        if self.path[:shorter] == path[:shorter]:
            return True
        return any(matches(pattern, path) for pattern in self.also)


@dataclass(eq=False)
class _Comparison:
    """The changes of one pair of objects."""

    pair: Pair
    context: Context
    rules: Sequence[Rule]
    reported: list[_Reported] = field(default_factory=list)

    def changes(self) -> Iterator[Change]:
        event = self.pair.event
        if event == "changed" and self.pair.old is not None and self.pair.new is not None:
            if self.pair.old.body == self.pair.new.body and not self.pair.old_release:
                return
        else:
            yield from self._of_the_object(event)
        views = list(self.pair.views())
        for view in views:
            yield from self._by_rule(view)
        rest = [(view, each) for view in views for each in self._uncovered(view)]
        if event == "renamed":
            yield from self._next_to_the_name(rest)
        else:
            yield from self._by_default(rest)
        if event == "changed" and not rest and not self.reported:
            yield from self._in_the_text()

    def _of_the_object(self, event: str) -> Iterator[Change]:
        """What happens because an object is added, removed or renamed: by the first rule for its kind."""
        view = View(self.pair.either.kind, MISSING, MISSING)
        for rule in self.rules:
            if event not in rule.event.split() or not self._is_on(rule):
                continue
            setting = Setting(self.pair.old, self.pair.new, (), view, self.pair, self.context)
            words = rule.applies(setting)
            if words is None:
                continue
            path = () if event != "renamed" else self._renamed_path()
            yield self._change(rule, path, words, event)
            return

    def _is_on(self, rule: Rule) -> bool:
        is_release = bool(self.pair.old_release or self.pair.new_release)
        return rule.is_on(self.pair.either.kind, self.pair) or (is_release and rule.is_on("release", self.pair))

    def _renamed_path(self) -> Path:
        old, new = self.pair.old, self.pair.new
        assert old is not None
        assert new is not None
        if old.kind != new.kind:
            return ("kind",)
        return ("metadata", "name" if old.name != new.name else "namespace")

    def _by_rule(self, view: View) -> Iterator[Change]:
        renamed = self.pair.event == "renamed"
        for rule in self.rules:
            if rule.event or rule.default or (renamed and rule.in_place) or not rule.is_on(view.subject, self.pair):
                continue
            for found in rule.findings(view, self.pair, self.context):
                place = view.place(found.path)
                if any(self._is_reported(reported, rule, place) for reported in self.reported):
                    continue
                yield self._finding(rule, view, found)

    def _is_reported(self, reported: _Reported, rule: Rule, place: Path) -> bool:
        if reported.rule == rule.id and any(matches(pattern, place) for pattern in reported.also):
            return True
        return rule.fallback and reported.path == place

    def _finding(self, rule: Rule, view: View, found: Found) -> Change:
        path = view.place(found.path)
        also = tuple(view.place(parse_path(pattern)) for pattern in found.also)
        self.reported.append(_Reported(rule.id, path, also))
        old, new = (find(document, found.path) for document in (view.old, view.new))
        words = {"old": old, "new": new, **found.words}
        return self._change(rule, path, words, "changed")

    def _uncovered(self, view: View) -> Iterator[Difference]:
        old, new = view.old, view.new
        start: Path = ()
        if view.subject == "release":
            old, new, start = old["values"], new["values"], ("values",)
        for each in differences(old, new, start, null_is_absent=view.null_is_absent):
            if not any(reported.covers(view.place(each.path)) for reported in self.reported):
                yield each

    def _by_default(self, rest: Sequence[tuple[View, Difference]]) -> Iterator[Change]:
        """What no rule is about: by the first default rule, and whole sections as one change."""
        sections: dict[Path, list[tuple[View, Difference, Rule, Mapping[str, object]]]] = {}
        for view, each in rest:
            rule, words = self._default(view, each)
            place = view.place(each.path if rule.risk is Risk.NONE else _section(view, each))
            sections.setdefault(place, []).append((view, each, rule, words))
        for members in sections.values():
            yield self._of_a_section(members)

    def _of_a_section(self, members: Sequence[tuple[View, Difference, Rule, Mapping[str, object]]]) -> Change:
        """One change for all differences of a section: by the rule with the worst class."""
        view, each, rule, words = max(members, key=lambda member: member[2].risk.severity)
        if len(members) == 1:
            return self._change(
                rule, view.place(each.path), {"old": each.old, "new": each.new, **words}, _event(each.old, each.new)
            )
        path = _section(view, each)
        old, new = (find(document, path) for document in (view.old, view.new))
        if old is MISSING or new is MISSING:
            return self._change(rule, view.place(path), {"old": old, "new": new, **words}, _event(old, new))
        inner = sorted((self._inner(member[0], member[1], len(path)) for member in members), key=_is_checksum)
        shown = ", ".join(inner[:3]) + (f" and {len(inner) - 3} more" if len(inner) > 3 else "")
        return self._change(rule, view.place(path), {"change": Plain(f"changes ({shown})"), **words}, "changed")

    def _inner(self, view: View, each: Difference, depth: int) -> str:
        """One difference of a section, by its path within the section."""
        old, new = (show_setting(self.pair.either.kind, view.place(each.path), value) for value in (each.old, each.new))
        name = show_path(each.path[depth:])
        return name if len(old) + len(new) > _SHORT else f"{name}: {old} to {new}"

    def _default(self, view: View, each: Difference) -> tuple[Rule, Mapping[str, object]]:
        setting = Setting(each.old, each.new, each.path, view, self.pair, self.context)
        for rule in self.rules:
            if not rule.default or not rule.is_on(view.subject, self.pair):
                continue
            if rule.id == "text/same-amount":
                fits = each.same
            else:
                fits = any(matches(parse_path(pattern), each.path) for pattern in rule.paths)
            words = rule.applies(setting) if fits else None
            if words is not None:
                return rule, words
        raise AssertionError(f"no default rule for {view.subject} {each.path}")

    def _next_to_the_name(self, rest: Sequence[tuple[View, Difference]]) -> Iterator[Change]:
        """What else differs between a renamed object and the old one, as one change."""
        others = [
            show_path(view.place(each.path))
            for view, each in rest
            if not each.same and not self.context.moved.explains(each.old, each.new)
        ]
        if others:
            rule = next(rule for rule in self.rules if rule.id == "object/renamed-settings")
            shown = ", ".join(dict.fromkeys(others[:5])) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
            yield self._change(rule, (), {"settings": shown}, "changed")

    def _in_the_text(self) -> Iterator[Change]:
        old, new = self.pair.old, self.pair.new
        assert old is not None
        assert new is not None
        before = embedded_texts(old, self.pair.old_release, self.context.before)
        after = embedded_texts(new, self.pair.new_release, self.context.after)
        if before != after:
            rule = next(rule for rule in self.rules if rule.id == "text/formatting")
            yield self._change(rule, self.pair.new_release.at if self.pair.new_release else (), {}, "changed")

    def _change(self, rule: Rule, path: Path, words: Mapping[str, Any], event: str) -> Change:
        kind = self.pair.either.kind
        if "change" not in words and (lines := changed_line(words.get("old"), words.get("new"))) is not None:
            number, *texts = lines
            before, after = (show_setting(kind, path, text) for text in texts)
            words = {**words, "change": Plain(f"changes (line {number}: {before} to {after})")}
        shown = {key: show_setting(kind, path, words[key]) for key in ("old", "new") if key in words}
        if isinstance(words.get("old"), Manifest) or isinstance(words.get("new"), Manifest):
            shown = {}
        happens, first = rule.message(self.pair, path, {**words, **shown})
        return Change(
            object=self.pair.id,
            path=show_path(path),
            risk=rule.risk,
            rule=rule.id,
            happens=happens,
            first=first,
            kind=event,
            old=shown.get("old", ""),
            new=shown.get("new", ""),
            argument=self._argument(path),
            construct=self._construct(),
        )

    def _argument(self, path: Path) -> str:
        manifest, release = self.pair.either, self.pair.old_release or self.pair.new_release
        if self.pair.new is not None and self.pair.event != "renamed":
            manifest, release = self.pair.new, self.pair.new_release
        return argument_of(manifest, release, path) if path else ""

    def _construct(self) -> str:
        constructs = {**self.context.before.constructs, **self.context.after.constructs}
        sides = (self.pair.new, self.pair.old)
        return next((constructs[each.id] for each in sides if each is not None and each.id in constructs), "")


def _event(old: Any, new: Any) -> str:
    return "added" if old is MISSING else "removed" if new is MISSING else "changed"


_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate"),
}
"""Parts of workloads that are reported as one change: however many of their lines differ, the pods are replaced once."""


def _section(view: View, each: Difference) -> Path:
    """What is reported for a difference: the section that is added or removed with it, or one that is reported as a whole."""
    template = _TEMPLATES.get(view.subject)
    if template is not None and each.path[:2] == template:
        return template
    section: Path = each.section[0]
    for length, segment in enumerate(section, start=1):
        if segment in _AS_A_WHOLE:
            return each.path[:length]
    return section


def _is_checksum(change: str) -> bool:
    """Whether a difference is only the digest of another object, which says less than any other difference."""
    return '["checksum/' in change

"""Rules: what a change does, as data."""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk8s_airflow.plan.following import Renames
from cdk8s_airflow.plan.manifest import Manifest, Platform
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.show import NOTHING, show_value, without_secrets
from cdk8s_airflow.plan.tree import MISSING, Path, find, pairs_at, parse_path, show_path

Words = Mapping[str, object]
"""The values of placeholders in a message, in addition to the usual ones."""


@dataclass(frozen=True, eq=False)
class Context:
    """The data that rules can read in addition to the two values.

    Attributes:
        before: the platform before.
        after: the platform after.
        moved: the names of objects that are renamed.
        rendered: ids of the objects whose releases have their rendered objects in both platforms.
    """

    before: Platform
    after: Platform
    moved: Renames = field(default_factory=Renames)
    rendered: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Setting:
    """A setting before and after.

    Attributes:
        old: the old value; :data:`~cdk8s_airflow.plan.tree.MISSING` if there was none.
        new: the new value; the same.
        path: where, in the document of the view.
        view: the two documents.
        pair: the object before and after.
        context: everything else.
    """

    old: Any
    new: Any
    path: Path
    view: View
    pair: Pair
    context: Context

    def before(self, path: str, default: Any = None) -> Any:
        """Another value of the old document."""
        value = find(self.view.old, path)
        return default if value is MISSING else value

    def after(self, path: str, default: Any = None) -> Any:
        """Another value of the new document."""
        value = find(self.view.new, path)
        return default if value is MISSING else value


@dataclass(frozen=True, eq=False)
class Found:
    """What a ``check`` of a rule found.

    Attributes:
        path: where, in the document of the view; empty for the whole object.
        words: the values of the placeholders in the message.
        also: patterns of other settings that change for the same reason and are not reported on their own.
    """

    path: Path = ()
    words: Words = field(default_factory=dict)
    also: tuple[str, ...] = ()


When = Callable[[Setting], "bool | Words"]
Check = Callable[[View, Pair, Context], Iterator[Found]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Rule:
    """One kind of change with a known effect.

    A rule with an ``event`` is about objects that are added, removed or renamed. One with ``paths`` is about settings: it
    applies where a setting differs and ``when`` agrees. One with ``check`` finds its settings itself.

    Attributes:
        id: ``area/name``; stable.
        risk: the class of the change.
        title: a short name; the heading of its section in the documentation.
        happens: what happens, with placeholders: ``{old}``, ``{new}``, ``{path}``, ``{change}``,
            ``{name}``, ``{namespace}``, ``{object}``,
            and those that ``when`` or ``check`` gives.
        first: what to do before; may be empty.
        on: kinds of objects, ``release`` for values of any Helm release, ``airflow`` for those of the Airflow chart, ``*`` for
            every object.
        event: ``added``, ``removed`` or ``renamed``, or several of them with spaces between; empty for a rule about settings.
        paths: patterns of settings; ``*`` is one segment, ``**`` any number of segments.
        when: whether the rule applies; or, if it does, the values of further placeholders.
        check: what finds the settings.
        also: patterns of other settings that change for the same reason and are not reported on their own.
        in_place: whether the rule needs an object that stays: it does not apply to one that is renamed.
        fallback: whether the rule does not apply to a setting that an earlier rule has reported.
        default: whether the rule is for settings that no other rule is about.
    """

    id: str
    risk: Risk
    title: str
    happens: str
    first: str = ""
    on: tuple[str, ...] = ("*",)
    event: str = ""
    paths: tuple[str, ...] = ()
    when: When | None = None
    check: Check | None = None
    also: tuple[str, ...] = ()
    in_place: bool = True
    fallback: bool = False
    default: bool = False

    @property
    def text(self) -> str:
        """The message with its placeholders."""
        return f"{self.happens} {self.first}".strip()

    def is_on(self, subject: str, pair: Pair) -> bool:
        """Whether the rule is about this kind of document."""
        if "*" in self.on and subject != "release":
            return True
        if subject == "release" and "airflow" in self.on:
            return pair.is_airflow
        return subject in self.on

    def findings(self, view: View, pair: Pair, context: Context) -> Iterator[Found]:
        """Where the rule applies to two documents."""
        if self.check is not None:
            yield from self.check(view, pair, context)
            return
        for pattern in self.paths:
            for path, old, new in pairs_at(view.old, view.new, parse_path(pattern)):
                if _same(old, new, view):
                    continue
                words = self.applies(Setting(old, new, path, view, pair, context))
                if words is not None:
                    yield Found(path, {"old": old, "new": new, **words}, self.also)

    def applies(self, setting: Setting) -> Words | None:
        """Whether the rule applies to a setting that differs: further placeholders, or None."""
        if self.when is None:
            return {}
        answer = self.when(setting)
        if isinstance(answer, Mapping):
            return answer
        return {} if answer else None

    def message(self, pair: Pair, path: Path, words: Words) -> tuple[str, str]:
        """What happens at one place, and what to do before."""
        common = _common(pair, path, words)
        filled = _Words({key: _word(key, value) for key, value in common.items()})
        happens, first = (_Message().vformat(text, (), filled) for text in (self.happens, self.first))
        return happens, first


def _same(old: Any, new: Any, view: View) -> bool:
    if view.null_is_absent:
        old, new = (MISSING if value is None else value for value in (old, new))
    return old is new or (type(old) is type(new) and bool(old == new))


def _common(pair: Pair, path: Path, words: Words) -> dict[str, object]:
    common: dict[str, object] = {"path": show_path(path), **_names("", pair.either)}
    if pair.new is not None:
        common.update(_names("new_", pair.new))
    if "old" in words or "new" in words:
        common["change"] = Plain(_change(words.get("old", MISSING), words.get("new", MISSING)))
    return {**common, **words}


class Plain(str):
    """Text that is written as it is."""

    __slots__ = ()


def _word(key: str, value: object) -> object:
    """The text for a placeholder. Long values of settings are cut, texts of this library are not."""
    if key in ("old", "new") or not isinstance(value, str) or isinstance(value, Plain):
        return value
    return Plain(without_secrets(value))


def _change(old: object, new: object) -> str:
    if old is MISSING or old == NOTHING:
        return f"is added ({show_value(new)})"
    if new is MISSING or new == NOTHING:
        return f"is removed (it was {show_value(old)})"
    return f"changes from {show_value(old)} to {show_value(new)}"


def _names(prefix: str, manifest: Manifest) -> dict[str, object]:
    place = f"{manifest.namespace}/{manifest.name}" if manifest.namespace else manifest.name
    return {
        f"{prefix}name": manifest.name,
        f"{prefix}namespace": manifest.namespace,
        f"{prefix}kind": manifest.kind,
        f"{prefix}object": f"{manifest.kind} {place}",
    }


class _Words(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return MISSING


class _Message(string.Formatter):
    """Writes values as people read them."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return str(value) if isinstance(value, Plain) else show_value(value)


@functools.cache
def placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders in a message."""
    return frozenset(re.findall(r"\{(\w+)\}", text))

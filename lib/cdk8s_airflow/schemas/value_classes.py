"""The class of every key of the Airflow chart: owned by an argument, free for ``values=``, or without effect.

The classes are data (``value-classes.json``). ``effects`` lists the conditions under which the chart reads a key. ``classes`` lists
which keys are free, and the argument or the reason for the others. Tests compare both with every key of every chart, and with
what Helm renders.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from cdk8s_airflow.schemas.secret_values import is_secret_place
from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.secret_scan import may_hide
from cdk8s_airflow.text.documents import dotted
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.arguments import typed
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within

Key: TypeAlias = tuple[str | int, ...]
Kind: TypeAlias = Literal["owned", "free", "no effect", "unknown"]

_DATA = Path(__file__).parent / "value-classes.json"
_BRACES = re.compile(r"\{([^{}]*)\}")
_WORKERS = "worker."
MISSING: Any = object()
"""What :func:`value_at` returns if there is no such key."""


@frozen
class ValueClass:
    """The class of a key in one release.

    Attributes:
        kind: ``owned`` if an argument sets it or something in the platform depends on it, ``free`` if ``values=`` may set it,
            ``no effect`` if the chart does not read it in this release, ``unknown`` if the data has no row for it.
        why: the reason for a refusal, as a clause after "because". Empty for a free key.
        use: the argument to use instead, as Python. Empty if there is none.
        instead: another fix, in words.
        exact: whether the row names this key, and not a section that contains it.
        harm: whether the key has an effect that breaks the release, rather than none.
    """

    kind: Kind
    why: str = ""
    use: str = ""
    instead: str = ""
    exact: bool = False
    harm: bool = False


FREE = ValueClass(kind="free")
UNKNOWN = ValueClass(kind="unknown")


class Values:
    """The values of a release as Helm merges them, for conditions.

    Args:
        setting: chart, Airflow and executor.
        document: the values that the chart is given.
        defaults: the chart's own values.
        ours: the part of the document that arguments set.
    """

    def __init__(
        self,
        setting: Setting,
        document: Mapping[str, Any],
        defaults: Mapping[str, Any],
        ours: Mapping[str, Any] | None = None,
    ) -> None:
        self.setting = setting
        self.document = document
        self.defaults = defaults
        self.ours = ours or {}

    def sets(self, path: Key) -> bool:
        """Whether an argument sets a key."""
        return value_at(self.ours, path) is not MISSING

    def holds(self, atom: str) -> bool:
        """Whether one atom of a condition is true: a word like ``celery``, or a dotted key that is on."""
        setting = self.setting
        words = {
            "celery": setting.celery,
            "kubernetes": setting.task_pods,
            "local": setting.local,
            "airflow2": not setting.airflow_3,
            "airflow3": setting.airflow_3,
        }
        if atom in words:
            return words[atom]
        if atom.startswith(_WORKERS):
            return self._of_workers(tuple(atom.removeprefix(_WORKERS).split(".")))
        key, _, wanted = atom.partition("=")
        found = self._value(tuple(key.split(".")))
        return str(found) == wanted if wanted else bool(found)

    def _value(self, path: tuple[str, ...]) -> object:
        given = value_at(self.document, path)
        found = value_at(self.defaults, path) if given is MISSING else given
        return None if found is MISSING else found

    def _of_workers(self, path: tuple[str, ...]) -> bool:
        """Whether a key is on for any Celery workers. The chart merges each set of workers into the values for all."""
        sets = value_at(self.document, ("workers", "celery", "sets"))
        own = [value_at(each, path) for each in sets if isinstance(each, Mapping)] if isinstance(sets, list) else []
        for_all = value_at(self.document, ("workers", "celery", *path))
        if for_all in (MISSING, None):
            for_all = self._value(("workers", *path))
        return any(bool(for_all if each is MISSING else each) for each in own or [MISSING])


def value_at(tree: object, path: Key) -> Any:
    """The value of a key in a tree, or :data:`MISSING`."""
    for step in path:
        if not isinstance(tree, Mapping) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


class _Row(NamedTuple):
    """One row of the data for one pattern."""

    steps: tuple[str, ...]
    tail: bool
    told: Mapping[str, Any]
    captured: tuple[str, ...]
    of: str = ""

    def covers(self, path: Key) -> bool:
        """Whether the row is about a key."""
        if len(path) < len(self.steps) or (len(path) > len(self.steps) and not self.tail):
            return False
        return all(step in ("*", there) for step, there in zip(self.steps, path, strict=False))

    def below(self, path: Key) -> bool:
        """Whether the row is about keys below a key only."""
        if len(self.steps) <= len(path):
            return False
        return all(step in ("*", there) for step, there in zip(self.steps, path, strict=False))

    def applies(self, setting: Setting) -> bool:
        """Whether the row is for the versions of a setting."""
        charts, airflow = self.told.get("charts", ""), self.told.get("airflow", "")
        return within(charts, setting.chart) and within(airflow, setting.airflow)

    def filled(self, text: str) -> str:
        """A text with the alternatives of the pattern filled in."""
        for index, capture in enumerate(self.captured, 1):
            text = text.replace(f"${index}", capture)
        return text


class _Rows:
    """Rows found by key: those that cover it, in the order of the data."""

    def __init__(self, data: list[Mapping[str, Any]], groups: Mapping[str, str]) -> None:
        self._data = data
        self._groups = groups
        self._by_first: dict[str, list[_Row]] = {}

    def of(self, path: Key) -> Iterator[_Row]:
        for row in self._from(str(path[0])):
            if row.covers(path):
                yield row

    def below(self, path: Key) -> bool:
        """Whether there are rows, or exceptions of rows, for keys below a key."""
        first = str(path[0])
        return any(
            row.below(path)
            or (row.covers(path) and any(each.below(path) for each in _exceptions(row.told.get("but", ""), first)))
            for row in self._from(first)
        )

    def _from(self, first: str) -> list[_Row]:
        """The rows whose keys start with one step, expanded on first use."""
        if first not in self._by_first:
            patterns = sorted((*self._patterns.get(first, ()), *self._patterns.get("*", ())), key=lambda each: each[0])
            self._by_first[first] = [
                row for _, told, holder, pattern in patterns for row in _expanded(told, holder, pattern, first)
            ]
        return self._by_first[first]

    @cached_property
    def _patterns(self) -> dict[str, list[tuple[int, Mapping[str, Any], str, str]]]:
        """First step -> the patterns whose keys start with it, with their place in the data. ``*`` has those with several."""
        found: dict[str, list[tuple[int, Mapping[str, Any], str, str]]] = {}
        for place, told in enumerate(self._data):
            for holder in _holders(told.get("of", ""), self._groups):
                for pattern in told["keys"].split():
                    step = (holder or pattern).partition(".")[0]
                    several = not step.isalnum()
                    found.setdefault("*" if several else step, []).append((place, told, holder, pattern))
        return found


@frozen
class _Classes:
    effects: _Rows
    classes: _Rows
    groups: Mapping[str, str]
    holders: Mapping[str, str]
    switches: Mapping[str, Mapping[str, str]]


def _alternatives(pattern: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each expansion of a pattern with braces, and the alternatives in it."""
    parts = _BRACES.split(pattern)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    for chosen in itertools.product(*choices):
        yield "".join(chosen), chosen[1::2]


def _expanded(told: Mapping[str, Any], holder: str, pattern: str, first: str) -> Iterator[_Row]:
    """The rows of one pattern whose keys start with one step."""
    for text, captured in _alternatives(pattern):
        steps = tuple(
            step.replace("~", ".").replace("%", " ") for step in (f"{holder}.{text}" if holder else text).split(".")
        )
        if steps[0] in (first, "*"):
            tail = steps[-1] == "**"
            yield _Row(steps[:-1] if tail else steps, tail, told, captured, holder)


def _holders(words: str, groups: Mapping[str, str]) -> list[str]:
    """The components of a row; one empty name if the row has no components."""
    if not words:
        return [""]
    return list(dict.fromkeys(name for word in words.split() for name in groups.get(word, word).split()))


@cache
def _classes() -> _Classes:
    data = json.loads(_DATA.read_bytes())
    return _Classes(
        effects=_Rows(data["effects"], data["groups"]),
        classes=_Rows(data["classes"], data["groups"]),
        groups=data["groups"],
        holders=data["holders"],
        switches=data["switches"],
    )


def classify(path: Key, value: object, values: Values) -> ValueClass:
    """The class of one key.

    Executor and versions decide first: a key that they disable has no effect, even if an argument sets it. Then the row of the key
    decides. Switches among the values, like ``flower.enabled``, decide only for keys that are free otherwise.

    Args:
        path: the key.
        value: its value.
        values: the values of the release.
    """
    idle = without_effect(path, value, values, switched=False)
    if idle is not None:
        return idle
    row = next((each for each in _classes().classes.of(path) if _speaks(each, path, value, values)), None)
    found = UNKNOWN if row is None else _class_of(row, value, values)
    if found.kind in ("free", "unknown"):
        return without_effect(path, value, values, switched=True) or found
    return found


def idle_keys(document: Mapping[str, Any], values: Values) -> Iterator[tuple[Key, object, ValueClass]]:
    """Keys of a document without effect with this executor and these versions. A section without any effect is one key."""
    yield from _idle_below(document, (), values)


def _idle_below(tree: Mapping[str, Any], at: Key, values: Values) -> Iterator[tuple[Key, object, ValueClass]]:
    for key, value in tree.items():
        path = (*at, key)
        if value is None:
            continue
        section = idle_section(path, values) if isinstance(value, Mapping) else None
        if section is not None:
            yield path, value, section
        elif isinstance(value, Mapping) and value and told_apart(path):
            yield from _idle_below(value, path, values)
        else:
            idle = without_effect(path, value, values, switched=False)
            if idle is not None:
                yield path, value, idle


def finding(path: Key, value: object, told: ValueClass, prefix: str = "values") -> Finding:
    """The finding about a key that must not be set.

    Args:
        path: the key.
        value: its value.
        told: the class of the key.
        prefix: the text before the path.
    """
    secret = is_secret_place(path) or may_hide(path)
    hides = secret or isinstance(value, (Mapping, list))
    owned = told.kind == "owned"
    if owned:
        problem = f"must not be set with values=, because {told.why or 'an argument sets it'}"
    else:
        problem = f"{'must not be set' if told.harm else 'has no effect'}, because {told.why}"
    return Finding(
        rule="values/owned" if owned else "values/ignored-key",
        at=dotted(path, prefix),
        problem=problem,
        seen="" if hides else typed(value),
        fix=way_out(told, None if secret or isinstance(value, list) else value),
    )


def way_out(told: ValueClass, value: object = None) -> str:
    """The fix: the argument as Python, with the value if it fits, or what else to do."""
    words = [f"pass {filled(told.use, value)}"] if told.use else []
    if told.instead:
        words.append(told.instead)
    return ", or ".join(words) or "remove it"


_EXAMPLE = re.compile(r"<([^<>]*)>")
_PLAIN_PAIR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9./_-]{0,60}[A-Za-z0-9])?")
_PLAIN_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,50}[a-z0-9])?")


def filled(use: str, value: object) -> str:
    """Python code in which the value replaces the example between ``<`` and ``>``, if both are of the same kind."""

    def put(match: re.Match[str]) -> str:
        example = match.group(1)
        if type(value) is int and example.isdigit() and value > 0:
            return str(value)
        if isinstance(value, str) and example.startswith('"') and _PLAIN_NAME.fullmatch(value):
            return f'"{value}"'
        if isinstance(value, Mapping) and example.startswith("{") and value and all(map(_is_plain_pair, value.items())):
            return json.dumps(value)
        return example

    return _EXAMPLE.sub(put, use)


def _is_plain_pair(pair: tuple[object, object]) -> bool:
    return all(isinstance(each, str) and _PLAIN_PAIR.fullmatch(each) for each in pair)


@lru_cache(maxsize=2048)
def told_apart(path: Key) -> bool:
    """Whether the data distinguishes keys below a key."""
    return _classes().classes.below(path) or _classes().effects.below(path)


def without_effect(path: Key, value: object, values: Values, *, switched: bool) -> ValueClass | None:
    """Why a key has no effect in a release, or None if it has one.

    Args:
        path: the key.
        value: its value.
        values: the values of the release.
        switched: whether to evaluate the rows about switches among the values, or those about executor and versions.
    """
    for row in _classes().effects.of(path):
        if _is_switched(row) == switched and _idle(row, path, value, values):
            return _no_effect(row, values.setting)
    return None


def idle_section(path: Key, values: Values) -> ValueClass | None:
    """Why a whole section has no effect with this executor and these versions. None if keys in it differ."""
    for row in _classes().effects.of(path):
        if (
            row.tail
            and not row.told.get("each")
            and "values" not in row.told
            and len(path) == max(2, len(row.steps))
            and not _is_switched(row)
            and not any(each.steps[: len(path)] == path for each in _exceptions(row.told.get("but", ""), str(path[0])))
            and _idle(row, path, None, values)
        ):
            return _no_effect(row, values.setting)
    return None


def _idle(row: _Row, path: Key, value: object, values: Values) -> bool:
    told = row.told
    if not row.applies(values.setting) or (told.get("filled") and not value):
        return False
    if "values" in told and value not in told["values"]:
        return False
    if any(each.covers(path) for each in _exceptions(told.get("but", ""), str(path[0]))):
        return False
    return "needs" not in told or not _met(row.filled(told["needs"]), values)


def _is_switched(row: _Row) -> bool:
    """Whether other values decide about the effect of a row's keys."""
    return any(
        "." in atom or "podTemplate" in atom or "securityContexts" in atom for atom in row.told.get("needs", "").split()
    )


@lru_cache(maxsize=512)
def _exceptions(text: str, first: str) -> tuple[_Row, ...]:
    told = {"keys": text}
    return tuple(row for pattern in text.split() for row in _expanded(told, "", pattern, first))


def _met(needs: str, values: Values) -> bool:
    return any(
        all(
            not values.holds(atom.removeprefix("!").strip()) if atom.startswith("!") else values.holds(atom)
            for atom in map(str.strip, each.split("&"))
        )
        for each in map(str.strip, needs.split("|"))
    )


def _speaks(row: _Row, path: Key, value: object, values: Values) -> bool:
    told = row.told
    if not row.applies(values.setting) or ("values" in told and value not in told["values"]):
        return False
    when = row.filled(told.get("when", ""))
    if when == "ours":
        return values.sets(path)
    if when.startswith("ours:"):
        return values.sets(tuple(when.removeprefix("ours:").split(".")))
    return not when or _met(when, values)


def _class_of(row: _Row, value: object, values: Values) -> ValueClass:
    told = row.told
    if told.get("free"):
        return FREE
    use = told.get("whole") or told.get("use", "")
    if isinstance(value, str) and value in told.get("uses", ()):
        use = told["uses"][value]
    elif value is False and "off" in told:
        use = told["off"]
    elif row.of and "use" in told and "whole" not in told and told.get("holder") != "":
        holder = row.of
        if holder == "workers":
            # A TaskPod has fewer arguments than CeleryWorkers.
            tasks = "workers.kubernetes" in _holders(told["of"], _classes().groups)
            holder = "workers.kubernetes" if tasks and not values.setting.celery else "workers.celery"
        use = _classes().holders[holder].replace("{}", use)
    why = told.get("why", "").format(executor=values.setting.executor, airflow=values.setting.airflow)
    return ValueClass(kind="owned", why=why, use=use, instead=told.get("instead", ""), exact=not row.tail)


def _no_effect(row: _Row, setting: Setting) -> ValueClass:
    told = row.told
    needs = row.filled(told.get("needs", ""))
    switch = _classes().switches.get(needs, {})
    why = told.get("why") or switch.get("why") or _off(needs)
    use = told.get("use", "" if "instead" in told else switch.get("use", ""))
    instead = told.get("instead", switch.get("instead", ""))
    return ValueClass(
        kind="no effect",
        why=why.format(executor=setting.executor, airflow=setting.airflow),
        use=use,
        instead=instead or ("" if use else _switching(needs)),
        harm=bool(told.get("harm")),
    )


def _off(needs: str) -> str:
    key, _, wanted = needs.partition("=")
    if wanted:
        return f"{key} is not {wanted}"
    return f"{needs.removeprefix('!')} is {'on' if needs.startswith('!') else 'off'}"


def _switching(needs: str) -> str:
    key, _, wanted = needs.partition("=")
    if wanted:
        return f"set {key} to {wanted} as well"
    return f"set {key.removeprefix('!')} to {'false' if key.startswith('!') else 'true'} as well"

"""Paths into documents, and the reduction of Python values to what YAML and JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.exemptions import ExemptText
from cdk8s_airflow.validation import Finding

Path = tuple[str | int, ...]

_PLAIN_KEY = regex(r"[A-Za-z_][\w-]*\Z")
_SURROGATE = regex("[\ud800-\udfff]")
_LONGEST_KEY = 80
_DEEPEST = 64
_UNFIT: Any = object()
_STRINGS = frozenset({str})
LOST_KEYS = frozenset({"__proto__", "constructor"})
"""Keys that JavaScript drops from an object."""
LARGEST_INTEGER = 2**53 - 1
"""The largest integer that JavaScript reads exactly."""


def dotted(path: Path, prefix: str = "") -> str:
    """A path as a reader writes it: ``values.env[0].name``, ``values.labels["a.b/c"]``."""
    text = prefix
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.match(step) and len(step) <= _LONGEST_KEY:
            text += f".{step}" if text else step
        else:
            shown = step if len(step) <= _LONGEST_KEY else f"{step[: _LONGEST_KEY - 1]}…"
            text += f"[{ascii(shown) if not shown.isprintable() else repr(shown)}]"
    return text


def steps_below(value: object, path: Path = (), *, keys: frozenset[str] | None = None) -> list[tuple[Path, object]]:
    """Every place of a plain document, the outer before the inner, without the document itself.

    Args:
        value: the document.
        path: its own place.
        keys: the only keys whose places are wanted, anywhere in the document. Default: None, every place.
    """
    steps: list[tuple[Path, object]] = []
    _add_steps(value, path, keys, steps)
    return steps


def _add_steps(value: object, path: Path, keys: frozenset[str] | None, steps: list[tuple[Path, object]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if keys is None or key in keys:
                steps.append(((*path, key), inner))
            if isinstance(inner, (dict, list)):
                _add_steps(inner, (*path, key), keys, steps)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if keys is None:
                steps.append(((*path, index), inner))
            if isinstance(inner, (dict, list)):
                _add_steps(inner, (*path, index), keys, steps)


def _is_halved(text: str) -> bool:
    """Whether a text holds half of a surrogate pair."""
    return not text.isascii() and _SURROGATE.search(text) is not None


class _UnfitError(Exception):
    """Something in a document needs a closer look."""


def exact(document: object) -> dict[str, Any] | None:
    """A copy of a document that every reader, Node included, reads as it is; None if anything in it needs a closer look."""
    try:
        return _exact(document, _DEEPEST) if type(document) is dict else None
    except _UnfitError:
        return None


def _exact(item: Any, levels: int) -> Any:
    kind = type(item)
    if kind is str:
        if item.isascii() or not _is_halved(item):
            return item
    elif kind is dict:
        if levels > 0 and set(map(type, item)) <= _STRINGS and LOST_KEYS.isdisjoint(item):
            keys = "\0".join(item)
            if keys.isascii() or not _is_halved(keys):
                # Nearly all values are strings, which need no call.
                return {
                    key: inner if type(inner) is str and inner.isascii() else _exact(inner, levels - 1)
                    for key, inner in item.items()
                }
    elif kind is list:
        if levels > 0:
            return [inner if type(inner) is str and inner.isascii() else _exact(inner, levels - 1) for inner in item]
    elif kind is bool or (kind is int and abs(item) <= LARGEST_INTEGER) or (kind is float and math.isfinite(item)):
        return item
    raise _UnfitError


def plain(value: Mapping[str, object], *, area: str, prefix: str) -> tuple[dict[str, Any], list[Finding]]:
    """A copy of a document that holds only what JSON can carry, and a finding for everything else in it.

    Only dicts (or other mappings) with string keys, lists, strings, booleans, None, finite numbers within 64 bits and
    text without lone surrogates can be carried. What cannot is left out of the copy.
    """
    copied = exact(value)
    if copied is not None:
        return copied, []
    reducer = _Reducer(area, prefix)
    reduced = reducer.reduce(value, (), frozenset())
    if isinstance(reduced, dict):
        return reduced, reducer.findings
    if not reducer.findings:
        reducer.unfit((), f"a mapping is needed, this is a {type(value).__name__}", "give a dict")
    return {}, reducer.findings


class _Reducer:
    """Copies what JSON can carry of a document, and collects a finding for everything else.

    Attributes:
        findings: what cannot be carried, in the order of the document.
    """

    def __init__(self, area: str, prefix: str) -> None:
        self.findings: list[Finding] = []
        self._area = area
        self._prefix = prefix

    def unfit(self, path: Path, problem: str, fix: str) -> Any:
        """Adds a finding, and returns the marker for what is left out."""
        area = self._area
        at = dotted(path, self._prefix)
        self.findings.append(Finding(rule=f"{area}/not-plain", at=at, problem=problem, fix=fix))
        return _UNFIT

    def reduce(self, item: object, path: Path, outer: frozenset[int]) -> Any:
        """A copy of a value, or the marker for what is left out.

        Args:
            item: the value.
            path: its place.
            outer: identities of the containers around it.
        """
        if isinstance(item, (Mapping, list)):
            return self._container(item, path, outer)
        if type(item) is ExemptText:
            item = str(item)
        problem = _scalar_problem(item)
        return item if problem is None else self.unfit(path, *problem)

    def _container(self, item: Any, path: Path, outer: frozenset[int]) -> Any:
        if id(item) in outer:
            return self.unfit(path, "the value contains itself", "give a value without a cycle")
        if len(outer) >= _DEEPEST:
            return self.unfit(path, f"the value is nested deeper than {_DEEPEST} levels", "give a flatter value")
        inside = outer | {id(item)}
        if isinstance(item, list):
            reduced = (self.reduce(inner, (*path, index), inside) for index, inner in enumerate(item))
            return [inner for inner in reduced if inner is not _UNFIT]
        kept: dict[str, Any] = {}
        for key, inner in item.items():
            if type(key) is not str:
                self.unfit(path, f"a key is a {type(key).__name__}, not a str", "write the key in quotes")
            elif _is_halved(key):
                self.unfit(path, "a key holds half a surrogate pair", "give keys that are valid Unicode")
            elif (reduced_item := self.reduce(inner, (*path, key), inside)) is not _UNFIT:
                kept[key] = reduced_item
        return kept


def _scalar_problem(item: object) -> tuple[str, str] | None:
    """Why a value that is no container cannot be carried, and the fix; None for one that can."""
    if item is None or type(item) is bool:
        return None
    if type(item) is str:
        halved = _is_halved(item)
        return ("the text holds half a surrogate pair", "give text that is valid Unicode") if halved else None
    if type(item) is int:
        fits = -(2**63) <= item < 2**63
        return None if fits else ("the number does not fit into 64 bits", "use a smaller number, or a string")
    if type(item) is float:
        return None if math.isfinite(item) else ("the number is not finite", "give a finite number")
    return f"a {type(item).__name__} cannot be written as YAML", _plain_type_hint(item)


def _plain_type_hint(item: object) -> str:
    """What to give in place of a value of a type that no document has."""
    if isinstance(item, str | int | float):
        return f"give the plain {type(item).__mro__[-2].__name__}, for example by str() or .value"
    if isinstance(item, (tuple, set, frozenset)):
        return "give a list"
    return "give plain data: dict, list, str, int, bool"

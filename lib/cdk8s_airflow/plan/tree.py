"""Differences between two plain documents, value by value.

A path is a tuple of segments: the keys of mappings, and ``[key]`` for an element of a list. Elements of a list of mappings are
matched by the field that names them (``name``, ``mountPath``, ...), so that an element that is added at the front does not
change all that follow.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdk8s_airflow.plan.amount import same_amount

Path = tuple[str, ...]
"""Segments of a path."""


class _Missing:
    """The type of :data:`MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()
"""The value of a setting that a document does not have."""

_NAMING_FIELDS = (
    ("name",), ("envName",), ("mountPath",), ("kind", "namespace", "name"), ("key",), ("host",), ("containerPort",),
    ("port", "protocol"), ("port",), ("path",), ("topologyKey",), ("id",),
)  # fmt: skip
"""Fields that name an element of a list, in the order in which they are tried."""

_SETS = frozenset({
    "accessModes", "apiGroups", "egress", "finalizers", "from", "imagePullSecrets", "ingress", "nonResourceURLs", "policyTypes",
    "ports", "resourceNames", "resources", "rules", "subjects", "to", "tolerations", "verbs", "ipBlock", "except", "podIPs",
    "drop", "add", "loadBalancerSourceRanges", "hosts",
})  # fmt: skip
"""Fields whose list is a set to Kubernetes: the order of its elements has no meaning."""


@dataclass(frozen=True)
class Difference:
    """One value that differs between two documents.

    Attributes:
        path: where.
        old: the old value; :data:`MISSING` if the setting is new.
        new: the new value; :data:`MISSING` if the setting is removed.
        same: whether both values mean the same, like ``1Gi`` and ``1024Mi``.
        section: the section that is added or removed as a whole, with its old and new value; the difference itself if there is
            none.
    """

    path: Path
    old: Any
    new: Any
    same: bool = False
    section: tuple[Any, Any, Any] = ((), None, None)


def differences(old: Any, new: Any, path: Path = (), *, null_is_absent: bool = True) -> Iterator[Difference]:
    """Every value that differs, in the order of the paths.

    Args:
        old: the old document.
        new: the new document.
        path: the path of both.
        null_is_absent: whether a null means the same as no value. True for Kubernetes objects; false for Helm values, where a
            null removes a default of the chart.
    """
    yield from _Walk(null_is_absent).differences(old, new, path, None)


@dataclass(frozen=True)
class _Walk:
    """A walk through two documents at once."""

    null_is_absent: bool

    def differences(
        self, old: Any, new: Any, path: Path, section: tuple[Path, Any, Any] | None
    ) -> Iterator[Difference]:
        if self.null_is_absent:
            old, new = (MISSING if value is None else value for value in (old, new))
        if section is None and (old is MISSING) != (new is MISSING):
            section = (path, old, new)
        if _is_mapping(old, new):
            for key in sorted({*_keys(old), *_keys(new)}, key=str):
                yield from self.differences(_get(old, key), _get(new, key), (*path, str(key)), section)
            if (old is MISSING and not new) or (new is MISSING and not old):
                # An empty mapping that is added or removed has no value of its own to differ in.
                yield _difference(path, old, new, section)
        elif _is_list(old, new):
            yield from self._in_list(old, new, path, section)
        elif not _equal(old, new):
            yield _difference(path, old, new, section, same=same_amount(path, old, new))

    def _in_list(self, old: Any, new: Any, path: Path, section: tuple[Path, Any, Any] | None) -> Iterator[Difference]:
        before, after = ([] if value is MISSING else value for value in (old, new))
        if not (before or after) or not all(isinstance(item, Mapping) for item in (*before, *after)):
            if old != new:
                yield _difference(path, old, new, section, same=_same_set(path, old, new))
            return
        pairs, ordered = _aligned(before, after, is_set=is_set(path))
        if not ordered:
            before_names, after_names = ([_name(item) for item in items] for items in (before, after))
            yield _difference((*path, "[order]"), before_names, after_names, section)
        for label, one, other in pairs:
            yield from self.differences(one, other, (*path, f"[{label}]"), section)


def _difference(
    path: Path, old: Any, new: Any, section: tuple[Path, Any, Any] | None, *, same: bool = False
) -> Difference:
    return Difference(path, old, new, same, section or (path, old, new))


def _name(item: Mapping[str, Any]) -> str:
    return next((str(item[field]) for fields in _NAMING_FIELDS for field in fields if field in item), "")


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _is_mapping(old: Any, new: Any) -> bool:
    return _is(dict, old, new)


def _is_list(old: Any, new: Any) -> bool:
    return _is(list, old, new)


def _is(kind: type, old: Any, new: Any) -> bool:
    """Both values are of a type, or one of them is and the other is missing."""
    if isinstance(old, kind):
        return isinstance(new, kind) or new is MISSING
    return old is MISSING and isinstance(new, kind)


def _keys(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, Mapping) else []


def _get(value: Any, key: Any) -> Any:
    return value.get(key, MISSING) if isinstance(value, Mapping) else MISSING


def _same_set(path: Path, old: Any, new: Any) -> bool:
    return old is not MISSING and new is not MISSING and is_set(path) and _as_set(old) == _as_set(new)


def is_set(path: Path) -> bool:
    """Whether the order of a list has no meaning."""
    return bool(path) and path[-1] in _SETS


def _as_set(items: Sequence[Any]) -> list[str]:
    return sorted(map(canonical, items))


@functools.singledispatch
def _plain(value: object) -> object:
    return str(value)


def canonical(value: Any) -> str:
    """A text that is the same for equal documents."""
    return json.dumps(value, sort_keys=True, default=_plain)


def _aligned(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], *, is_set: bool
) -> tuple[list[tuple[str, Any, Any]], bool]:
    """Pairs of elements with the label of each, and whether elements that both lists have are in the same order."""
    naming = _naming(old, new)
    if naming is None:
        return _by_content(old, new), True
    before, after = ({naming(item): item for item in items} for items in (old, new))
    labels = [*before, *(label for label in after if label not in before)]
    kept = [label for label in after if label in before]
    ordered = is_set or kept == [label for label in before if label in after]
    return [(label, before.get(label, MISSING), after.get(label, MISSING)) for label in labels], ordered


def _naming(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> Callable[[Mapping[str, Any]], str] | None:
    for fields in _NAMING_FIELDS:
        if all(_distinct(items, fields) for items in (old, new)):
            return functools.partial(_label, fields=fields)
    return None


def _distinct(items: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> bool:
    if not all(isinstance(item.get(fields[-1]), str | int) for item in items):
        return False
    labels = [_label(item, fields=fields) for item in items]
    return len(set(labels)) == len(labels)


def _label(item: Mapping[str, Any], *, fields: Sequence[str]) -> str:
    return "/".join(str(item[field]) for field in fields if field in item)


def _by_content(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[str, Any, Any]]:
    """Elements without a name: equal ones belong together, then those at the same place among the rest."""
    left = list(enumerate(old))
    added: list[tuple[int, Any]] = []
    for position, item in enumerate(new):
        equal = next((each for each in left if each[1] == item), None)
        if equal is None:
            added.append((position, item))
        else:
            left.remove(equal)
    pairs: list[tuple[str, Any, Any]] = [
        (str(position), one, item) for (_, one), (position, item) in zip(left, added, strict=False)
    ]
    pairs += [(f"{position}, old", one, MISSING) for position, one in left[len(added) :]]
    pairs += [(str(position), MISSING, item) for position, item in added[len(left) :]]
    return pairs


_PLAIN_KEY = re.compile(r"[^.\[\]\"']+")


def show_path(path: Path) -> str:
    """The path as text: ``spec.template.spec.containers[base].image``."""
    text = ""
    for segment in path:
        if segment.startswith("[") and segment.endswith("]"):
            text += segment
        elif _PLAIN_KEY.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{json.dumps(segment)}]"
    return text


_SEGMENT = re.compile(r'\["(?P<quoted>[^"]+)"\]|(?P<element>\[[^\]]*\])|\.?(?P<key>[^.\[\]]+)')


@functools.cache
def parse_path(text: str) -> Path:
    """The segments of a path or pattern that :func:`show_path` would write."""
    return tuple(match["quoted"] or match["element"] or match["key"] for match in _SEGMENT.finditer(text))


def matches(pattern: Path, path: Path) -> bool:
    """Whether a path fits a pattern: ``*`` is any one segment, ``**`` any number of segments."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(matches(pattern[1:], path[start:]) for start in range(len(path) + 1))
    if not path or not _fits(pattern[0], path[0]):
        return False
    return matches(pattern[1:], path[1:])


def _fits(pattern: str, segment: str) -> bool:
    if pattern == "*":
        return True
    if "*" in pattern:
        return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), segment) is not None
    return pattern == segment


def pairs_at(old: Any, new: Any, pattern: Path, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every place of two documents that fits a pattern and differs, with its old and new value."""
    if old is new or old == new:
        return
    if not pattern:
        yield path, old, new
        return
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        yield from pairs_at(old, new, rest, path)
        for segment, one, other in _children(old, new, path):
            yield from pairs_at(one, other, pattern, (*path, segment))
        return
    if "*" not in first and not first.startswith("["):
        if _is_mapping(old, new):
            yield from pairs_at(_get(old, first), _get(new, first), rest, (*path, first))
        return
    for segment, one, other in _children(old, new, path):
        if _fits(first, segment):
            yield from pairs_at(one, other, rest, (*path, segment))


def _children(old: Any, new: Any, path: Path) -> Iterator[tuple[str, Any, Any]]:
    if _is_mapping(old, new):
        for key in sorted({*map(str, _keys(old)), *map(str, _keys(new))}):
            yield key, _get(old, key), _get(new, key)
    elif _is_list(old, new):
        before, after = ([] if value is MISSING else value for value in (old, new))
        if all(isinstance(item, Mapping) for item in (*before, *after)):
            for label, one, other in _aligned_all(before, after, path):
                yield f"[{label}]", one, other


def _aligned_all(old: Sequence[Any], new: Sequence[Any], path: Path) -> list[tuple[str, Any, Any]]:
    naming = _naming(old, new)
    if naming is not None:
        return _aligned(old, new, is_set=is_set(path))[0]
    pairs = _by_content(old, new)
    changed = {label for label, *_ in pairs}
    kept = [(str(position), item, item) for position, item in enumerate(new) if str(position) not in changed]
    return [*kept, *pairs]


def find(document: Any, path: str | Path) -> Any:
    """The value at a path; :data:`MISSING` if there is none. Elements of lists are found by ``name`` only."""
    value = document
    for segment in parse_path(path) if isinstance(path, str) else path:
        if isinstance(value, Mapping):
            value = value.get(segment, MISSING)
        elif isinstance(value, list) and segment.startswith("["):
            value = next(
                (item for item in value if isinstance(item, Mapping) and str(item.get("name")) == segment[1:-1]),
                MISSING,
            )
        else:
            return MISSING
    return value

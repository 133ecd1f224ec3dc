"""Values as nested dictionaries: created from dotted keys, joined, and merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]
"""Values of the chart, or a part of them."""

_UNCHANGING = frozenset((str, bool, int, float, type(None)))
"""The types of the ends of a tree, which need no copy."""


def nest(key: str | None, value: object) -> Tree:
    """A tree with one value under a dotted key; an empty one where the key is None, for what a version does not have."""
    if key is None:
        return {}
    tree: Any = value
    for part in reversed(key.split(".")):
        tree = {part: tree}
    result: Tree = tree
    return result


def join(*trees: Mapping[str, Any]) -> Tree:
    """Trees that each know a part, as one.

    Raises:
        ValueError: when two of them give one key different values; each key has one owner.
    """
    joined: Tree = {}
    for tree in trees:
        _join_into(joined, tree, "")
    return joined


def _join_into(joined: Tree, tree: Mapping[str, Any], at: str) -> None:
    for key, value in tree.items():
        if key not in joined:
            joined[key] = _copied(value)
        elif isinstance(joined[key], dict) and isinstance(value, Mapping):
            _join_into(joined[key], value, f"{at}{key}.")
        elif isinstance(joined[key], list) and isinstance(value, list):
            joined[key].extend(_copied(value))
        elif joined[key] != value:
            raise ValueError(f"two owners of {at}{key}: {joined[key]!r} and {value!r}")


def _copied(value: Any) -> Any:
    """A copy whose mappings and lists are its own. Values hold nothing else that could change, and deepcopy takes ten times longer."""
    if isinstance(value, dict):
        return {key: inner if type(inner) in _UNCHANGING else _copied(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copied, value))
    return value


def overlay(tree: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """A tree with another merged over it, as in Helm's values files: mappings are merged, everything else is replaced."""
    result: Tree = dict(tree)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = overlay(below, value)
        else:
            result[key] = value
    return result


def section(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under a key; an empty one if there is none."""
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}

"""Follows the suggestion of a finding: reads what it says to write, and writes it."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from constructs import Construct

from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.app.construct import PlatformConstructType
from cdk8s_airflow.validation import Finding

REMOVED: Any = object()
"""In the place of a value: the argument, key or item is removed."""

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""From the arguments of a construct to the arguments with a suggestion followed."""

_VERBS = re.compile(
    r"\b(?:(?:use|pass|set|give|say|write|name it:|convert it:|instance:|such as|like|something like|, or|: ) ?)+",
    re.IGNORECASE,
)
_OR = re.compile(r"(?:, or |, | or |; )(?:pass |use |set )?")
_ASSIGNED = re.compile(r"([a-z_]+)=(?!=)")


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        if name not in HOME_OF:
            raise KeyError(name)
        return load(name)


def evaluated(text: str) -> tuple[bool, Any]:
    """The value of a Python expression over the public names. Not one with a part that the reader has to fill in."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        if any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree)):
            return False, None
        if isinstance(tree.body, (ast.BoolOp, ast.Compare, ast.BinOp, ast.Tuple)):
            return False, None
        return True, eval(compile(tree, "suggestion", "eval"), {"__builtins__": {}}, _Names())
    except Exception:
        return False, None


def alternatives(fix: str) -> Iterator[str]:
    """What a suggestion says to write, one alternative after the other."""
    end = 0
    for match in _VERBS.finditer(fix):
        if match.start() < end:
            continue
        text, rest = _longest_expression(fix[match.end() :])
        while text:
            yield text
            end = len(fix) - len(rest)
            separator = _OR.match(rest)
            text, rest = _longest_expression(rest[separator.end() :]) if separator else ("", rest)


def _longest_expression(text: str) -> tuple[str, str]:
    for end in range(len(text), 0, -1):
        if end < len(text) and text[end] not in " ,;:.":
            continue
        candidate = text[:end].rstrip(" ,;:.")
        assigned = _ASSIGNED.match(candidate)
        expression = candidate[assigned.end() :] if assigned else candidate
        if re.fullmatch(r"[A-Za-z ]+", expression) and expression not in ("None", "True", "False"):
            continue
        if evaluated(expression)[0]:
            return candidate, text[len(candidate) :]
    return "", ""


def _owner(finding: Finding) -> str:
    """The class or method that a finding names before the argument. Empty for an argument of the construct at its path."""
    first = finding.at.partition(".")[0]
    return first if first == "connection" or (not finding.path and first in HOME_OF) else ""


def inside(finding: Finding) -> str:
    """The path of the argument, inside the arguments of the call that a finding is about."""
    return finding.at.removeprefix(f"{_owner(finding)}.")


def changes(finding: Finding) -> Iterator[tuple[str, Change]]:
    """Each way to follow the suggestion of a finding, with its text. None for a suggestion in prose."""
    fix, at = finding.fix, inside(finding)
    if re.search(r"\b(?:remove it|leave (?:it) out|remove this)\b", fix, re.IGNORECASE):
        yield "remove it", lambda arguments: put(arguments, at, REMOVED)
    removed = re.search(r"\bremove (\w+)=", fix, re.IGNORECASE)
    if removed is not None:
        holder, _, _ = at.rpartition(".")
        name = removed[1] if at.partition(".")[0] == removed[1] or not holder else f"{holder}.{removed[1]}"
        yield f"remove {name}=", lambda arguments: put(arguments, name, REMOVED)
    guess = re.match(r"[Dd]id you mean ['`]([^'`]+)['`]\?", fix)
    if guess is not None:
        new = guess[1]
        yield f"rename to {new}", lambda arguments: renamed(arguments, at, new)
    for text in alternatives(fix):
        assigned = _ASSIGNED.match(text)
        value = evaluated(text[assigned.end() :] if assigned else text)[1]
        if " (key" in at:
            yield text, lambda arguments, value=value: with_key(arguments, at, finding.seen, value)  # type: ignore[misc]
        elif assigned is None and "the name of a parameter" in finding.problem:
            yield text, lambda arguments, value=value: renamed(arguments, at, value)  # type: ignore[misc]
        elif assigned is None:
            yield text, lambda arguments, value=value: put(arguments, at, value)  # type: ignore[misc]
        else:
            yield text, lambda arguments, name=assigned[1], value=value: _assigned(arguments, at, name, value)  # type: ignore[misc]


def with_key(arguments: dict[str, Any], at: str, seen: str, key: Any) -> dict[str, Any]:
    """The arguments with the key that was seen, or the first one if it is not shown, under a key that was suggested."""
    at = at.partition(" (key")[0]
    found = get(arguments, at)
    wrong = next((each for each in found if seen.startswith(repr(each))), next(iter(found)))
    return put(arguments, at, {key if each is wrong else each: item for each, item in found.items()})


def _assigned(arguments: dict[str, Any], at: str, name: str, value: Any) -> dict[str, Any]:
    """Another argument of the construct, or another field of the setting that the finding is about."""
    owner = at.rpartition(".")[0]
    first = re.match(r"\w+", at)
    if first is not None and first[0] == name:
        return {**arguments, name: value}
    if owner and dataclasses.is_dataclass(found := get(arguments, owner)) and hasattr(found, name):
        return put(arguments, f"{owner}.{name}", value)
    # An argument that conflicts with another one stays. An item of values=, config= or env= moves to its own argument.
    left = put(arguments, at, REMOVED) if "." in at else arguments
    return (
        {**left, name: value}
        if name not in left or not isinstance(value, Mapping)
        else {**left, name: {**left[name], **value}}
    )


def _step(container: Any, rest: str) -> tuple[Any, str]:
    """The first step of a path inside a container, and the rest of the path."""
    index = re.match(r"\[(\d+)\]", rest)
    if index is not None:
        return int(index[1]), rest[index.end() :]
    rest = rest.removeprefix(".")
    if isinstance(container, Mapping) and not rest.startswith("['"):
        for key in sorted(map(str, container), key=len, reverse=True):
            if rest == key or rest.startswith((f"{key}.", f"{key}[")):
                return key, rest[len(key) :]
    quoted = re.match(r"\['([^']*)'\]", rest)
    if quoted is not None:
        return quoted[1], rest[quoted.end() :]
    name = re.match(r"[\w-]+", rest)
    if name is None:
        raise LookupError(rest)
    return name[0], rest[name.end() :]


def _item(container: Any, step: Any) -> Any:
    if isinstance(container, Mapping):
        return container[step]
    return container[step] if isinstance(step, int) else getattr(container, step)


def get(container: Any, path: str) -> Any:
    """What is at a path inside arguments."""
    while path:
        step, path = _step(container, path)
        container = _item(container, step)
    return container


def put(container: Any, path: str, value: Any) -> Any:
    """A copy of the container with a value at a path."""
    step, rest = _step(container, path)
    if rest:
        value = put(_item(container, step), rest, value)
    if isinstance(container, Mapping):
        copy = {**container, step: value}
        return {key: item for key, item in copy.items() if item is not REMOVED}
    if isinstance(step, int):
        return [item for index, old in enumerate(container) if (item := value if index == step else old) is not REMOVED]
    if value is REMOVED:
        field = type(container).__dataclass_fields__[step]
        value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return dataclasses.replace(container, **{step: value})


def renamed(arguments: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    """The arguments with the key at a path under another name, which may be a path too."""
    value = get(arguments, path)
    left = put(arguments, path, REMOVED)
    base = path.rpartition(".")[0]
    last = new.rpartition(".")[2] if "." in new and base.endswith(new.rpartition(".")[0]) else new
    holder = get(left, base) if base else left
    if isinstance(holder, Mapping) and "." not in last:
        return put(left, base, {**holder, last: value}) if base else {**left, last: value}
    raise LookupError(new)


@contextlib.contextmanager
def changed(finding: Finding, change: Change) -> Iterator[None]:
    """While this is active, the call that a finding is about gets changed arguments."""
    owner = _owner(finding)
    if owner == "connection":
        classes = [load(name) for name in ("CnpgCluster", "CnpgPooler", "ExternalDatabase", "LabDatabase")]
        with _patched(classes, "connection", change):
            yield
    elif owner:
        with _patched([load(owner)], "__init__", change):
            yield
    else:
        with _patched_construct(finding.path, change):
            yield


@contextlib.contextmanager
def _patched(classes: list[Any], name: str, change: Change) -> Iterator[None]:
    originals = [getattr(cls, name) for cls in classes]

    def replaced(original: Any) -> Any:
        return lambda self, *args, **kwargs: original(self, *args, **change(kwargs))

    for cls, original in zip(classes, originals, strict=True):
        setattr(cls, name, replaced(original))
    try:
        yield
    finally:
        for cls, original in zip(classes, originals, strict=True):
            setattr(cls, name, original)


@contextlib.contextmanager
def _patched_construct(path: str, change: Change) -> Iterator[None]:
    original = PlatformConstructType.__call__

    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) >= 2 and isinstance(args[0], Construct):
            scope = args[0].node.path
            if (f"{scope}/{args[1]}" if scope else args[1]) == path:
                kwargs = change(kwargs)
        return original(cls, *args, **kwargs)

    PlatformConstructType.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        PlatformConstructType.__call__ = original  # type: ignore[method-assign]

"""Checks that what a construct was given has the types and forms that its signature promises.

Python does not hold anyone to annotations, and a wrong value would otherwise surface late, as an error of jsii or of the
API server. The annotations are the rules: there is no second list to keep in step.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from cdk8s_airflow._exports import load
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.finding import Finding, show

_PLAIN_NAMES: Mapping[object, str] = {str: "a text", int: "a whole number", float: "a number", bool: "True or False"}


@functools.cache
def _annotations(owner: Callable[..., Any] | type) -> Mapping[str, tuple[Any, dict[str, Any]]]:
    """Name -> annotation as it was written, and the names of the module it was written in."""
    if not isinstance(owner, type):
        return {name: (hint, owner.__globals__) for name, hint in owner.__annotations__.items()}
    return {
        name: (hint, vars(sys.modules[base.__module__]))
        for base in reversed(owner.__mro__)
        for name, hint in inspect.get_annotations(base).items()
    }


@functools.cache
def _hint(owner: Callable[..., Any] | type, name: str) -> Any:
    """One annotation, evaluated. Each by itself, because most have a default that nobody changes."""
    hint, names = _annotations(owner)[name]
    holder = types.SimpleNamespace(__annotations__={name: hint})
    while True:
        try:
            return typing.get_type_hints(holder, globalns=names, include_extras=True)[name]
        except NameError as error:
            # A module that only names a public type in annotations need not load it.
            missing = str(error.name)
            names = {**names, missing: load(missing)}


def check_arguments(constructor: Callable[..., Any], arguments: Mapping[str, object]) -> list[Finding]:
    """Holds the arguments of a constructor against its annotations, and each nested setting against its own rules.

    A default is right as it stands, here and in settings, and is not looked at.

    Args:
        constructor: the ``__init__`` whose annotations count.
        arguments: what was passed, by name; names without an annotation are left alone.
    """
    annotations = _annotations(constructor)
    defaults = getattr(constructor, "__kwdefaults__", None) or {}
    return [
        finding
        for name, value in arguments.items()
        if name in annotations and not (name in defaults and defaults[name] is value)
        for finding in check_value(value, _hint(constructor, name), name)
    ]


def check_value(value: object, hint: Any, at: str) -> list[Finding]:
    """Holds one value against one annotation."""
    origin = get_origin(hint)
    if hint is Any or hint is object:
        return []
    if origin is Annotated:
        base, *conditions = get_args(hint)
        found = check_value(value, base, at)
        if found:
            return found
        broken = (condition for condition in conditions if isinstance(condition, Must) and not condition.holds(value))
        first = next(broken, None)
        return [] if first is None else [_broken(first, value, at)]
    if origin in (Union, types.UnionType):
        return _check_union(value, get_args(hint), at)
    if origin is Literal:
        return _check_literal(value, get_args(hint), at)
    if hint is None or hint is type(None):
        return [] if value is None else [_wrong_type(value, "nothing (None)", at)]
    if origin is not None and isinstance(origin, type):
        return _check_collection(value, origin, get_args(hint), at)
    return _check_class(value, hint, at)


def _fits(value: object, hint: Any) -> bool:
    if hint in _PLAIN_NAMES:
        # A subclass (an enum, a numpy scalar, a loader's scalar) is read differently by the different writers on the way.
        return type(value) is hint or (hint is float and type(value) is int)
    return isinstance(value, hint)


def _check_class(value: object, hint: Any, at: str) -> list[Finding]:
    if not _fits(value, hint):
        return [_wrong_type(value, _described(hint), at, hints=(hint,))]
    return list(check_setting(value, at))


def check_setting(value: object, at: str) -> Iterator[Finding]:
    """Checks the fields of a setting (a frozen dataclass of ours), then its own rules if the fields are sound."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return
    found = [
        finding
        for field in dataclasses.fields(value)
        if (given := getattr(value, field.name)) is not field.default
        for finding in check_value(given, _hint(type(value), field.name), f"{at}.{field.name}")
    ]
    yield from found
    rules = getattr(value, "_rules", None)
    if rules is not None and not found:
        for finding in rules():
            yield finding.under(at)


def _check_union(value: object, arms: tuple[Any, ...], at: str) -> list[Finding]:
    best: list[Finding] | None = None
    for arm in arms:
        # What is of another class altogether says nothing that the sentence over all arms does not say.
        if isinstance(arm, type) and get_origin(arm) is None and not _fits(value, arm):
            continue
        found = check_value(value, arm, at)
        if not found:
            return []
        of_this_kind = not any(finding.rule == "argument/type" and finding.at == at for finding in found)
        if of_this_kind and best is None:
            best = found
    if best is not None:
        return _with_other_ways(best, arms)
    wanted = tuple(arm for arm in arms if arm is not type(None))
    return [_wrong_type(value, " or ".join(dict.fromkeys(map(_described, wanted))), at, hints=wanted)]


def _with_other_ways(found: list[Finding], arms: tuple[Any, ...]) -> list[Finding]:
    """What was found, with what else could be written where a choice is none."""
    others = "".join(f", or {way}" for arm in arms if (way := getattr(arm, "how_to_write", "")))
    return [
        dataclasses.replace(finding, fix=finding.fix + others) if finding.rule == "argument/choice" else finding
        for finding in found
    ]


def _check_literal(value: object, allowed: tuple[object, ...], at: str) -> list[Finding]:
    if any(value == choice and type(value) is type(choice) for choice in allowed):
        return []
    choices = ", ".join(repr(choice) for choice in allowed)
    return [
        Finding(
            rule="argument/choice",
            at=at,
            problem="is not one of the choices",
            seen=show(value),
            fix=f"use one of {choices}",
        )
    ]


def _check_collection(value: object, origin: type, arms: tuple[Any, ...], at: str) -> list[Finding]:
    if isinstance(value, (str, bytes)) or not isinstance(value, origin):
        return [_wrong_type(value, _described(origin), at)]
    if isinstance(value, collections.abc.Mapping):
        key_hint, value_hint = arms
        return [
            finding
            for key, item in value.items()
            for finding in (
                *check_value(key, key_hint, f"{at} (its key)"),
                *check_value(item, value_hint, f"{at}.{key}"),
            )
        ]
    if isinstance(value, (collections.abc.Set, collections.abc.Sequence)):
        items = sorted(value, key=repr) if isinstance(value, collections.abc.Set) else value
        return [finding for index, item in enumerate(items) for finding in check_value(item, arms[0], f"{at}[{index}]")]
    return []


def _described(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Annotated:
        return _described(get_args(hint)[0])
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(hint))
    named = origin or hint
    if isinstance(named, type) and issubclass(named, collections.abc.Mapping):
        return "a dictionary"
    if named is collections.abc.Collection:
        return "a set or list"
    if (
        isinstance(named, type)
        and named is not str
        and issubclass(named, (collections.abc.Set, collections.abc.Sequence))
    ):
        return "a list"
    if named in _PLAIN_NAMES:
        return _PLAIN_NAMES[named]
    name = getattr(named, "__name__", str(named)).lstrip("_")
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _wrong_type(value: object, wanted: str, at: str, hints: tuple[Any, ...] = ()) -> Finding:
    """A finding on a type. What stands where a Secret should be named may be the secret itself, and is not shown."""
    if isinstance(value, type):
        return Finding(
            rule="argument/type",
            at=at,
            problem=f"is the class {value.__name__} itself, not one made from it",
            seen=value.__name__,
            fix=f"write {getattr(value, 'how_to_write', value.__name__ + '(...)')}",
        )
    fixes = " or ".join(fix for hint in hints if (fix := getattr(hint, "how_to_write", "")))
    secret = isinstance(value, (str, bytes)) and any(getattr(hint, "names_a_secret", False) for hint in hints)
    for plain in hints:
        if plain in _PLAIN_NAMES and isinstance(value, plain) and not isinstance(value, bool):
            wanted = f"{wanted}, as a plain {plain.__name__}"
    quoted = _in_quotes(value) if wanted == _PLAIN_NAMES[str] or str in hints else ""
    return Finding(
        rule="argument/type",
        at=at,
        problem=f"must be {wanted}, not {type(value).__name__}",
        seen="" if secret else show(value),
        fix=f"write {fixes}" if fixes else f"give {wanted}{quoted}",
    )


def _in_quotes(value: object) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f', in quotes: "{value}"' if number else ""


def _broken(condition: Must, value: object, at: str) -> Finding:
    # A login before a host, in whatever was meant to be a name.
    login = isinstance(value, str) and ":" in value.partition("@")[0] and "@" in value
    seen = "" if condition.hides or login else show(value)
    return Finding(rule=condition.rule, at=at, problem=condition.problem, seen=seen, fix=condition.fix)

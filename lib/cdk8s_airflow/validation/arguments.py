"""Checks arguments against the type annotations of a constructor.

Python does not enforce annotations, and a wrong value would otherwise fail late, with an error of jsii or of the API server.
The annotations are the only definition of what is valid.
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

_PLAIN_NAMES: Mapping[object, str] = {str: "a string", int: "an integer", float: "a number", bool: "a boolean"}


@functools.cache
def _annotations(owner: Callable[..., Any] | type) -> Mapping[str, tuple[Any, dict[str, Any]]]:
    """Name -> annotation as written, and the globals of the module that contains it."""
    if not isinstance(owner, type):
        return {name: (hint, owner.__globals__) for name, hint in owner.__annotations__.items()}
    return {
        name: (hint, vars(sys.modules[base.__module__]))
        for base in reversed(owner.__mro__)
        for name, hint in inspect.get_annotations(base).items()
    }


@functools.cache
def _hint(owner: Callable[..., Any] | type, name: str) -> Any:
    """One evaluated annotation. Each is evaluated on its own, because most arguments keep their default."""
    hint, names = _annotations(owner)[name]
    holder = types.SimpleNamespace(__annotations__={name: hint})
    while True:
        try:
            return typing.get_type_hints(holder, globalns=names, include_extras=True)[name]
        except NameError as error:
            # A module does not need to import a public type that it uses only in annotations.
            missing = str(error.name)
            names = {**names, missing: load(missing)}


def check_arguments(constructor: Callable[..., Any], arguments: Mapping[str, object]) -> list[Finding]:
    """Checks the arguments of a constructor against its annotations, and each nested setting against its own rules.

    Defaults are valid and are not checked, here and in settings.

    Args:
        constructor: the ``__init__`` with the annotations.
        arguments: the values that were passed, by name. Names without an annotation are not checked.
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
    """Checks one value against one annotation."""
    origin = get_origin(hint)
    if hint is Any or hint is object:
        return []
    if origin is Annotated:
        base, *conditions = get_args(hint)
        musts = [condition for condition in conditions if isinstance(condition, Must)]
        found = check_value(value, base, at)
        if found:
            # Of a plain type, the condition says more than the type: "a duration" rather than "a string".
            return (
                [_broken(musts[0], value, at, rule="argument/type")] if _says_more(musts, found, value, at) else found
            )
        first = next((condition for condition in musts if not condition.holds(value)), None)
        return [] if first is None else [_broken(first, value, at)]
    if origin in (Union, types.UnionType):
        return _check_union(value, get_args(hint), at)
    if origin is Literal:
        return _check_literal(value, get_args(hint), at)
    if hint is None or hint is type(None):
        return [] if value is None else [_wrong_type(value, "None", at)]
    if origin is not None and isinstance(origin, type):
        return _check_collection(value, origin, get_args(hint), at)
    return _check_class(value, hint, at)


def _fits(value: object, hint: Any) -> bool:
    if hint in _PLAIN_NAMES:
        # Serializers treat subclasses (an enum, a numpy scalar, the scalar of a YAML loader) in different ways.
        return type(value) is hint or (hint is float and type(value) is int)
    return isinstance(value, hint)


def _check_class(value: object, hint: Any, at: str) -> list[Finding]:
    if not _fits(value, hint):
        return [_wrong_type(value, _described(hint), at, hints=(hint,))]
    return list(check_setting(value, at))


def check_setting(value: object, at: str) -> Iterator[Finding]:
    """Checks the fields of a setting (a frozen dataclass of ours), then its own rules if the fields are valid."""
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
    wanted = tuple(arm for arm in arms if arm is not type(None))
    if value is not None and len(wanted) == 1:
        return check_value(value, wanted[0], at)
    best: list[Finding] | None = None
    for arm in arms:
        # For a value of an unrelated class, the finding about the whole union is enough.
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
    return [_wrong_type(value, " or ".join(dict.fromkeys(map(_described, wanted))), at, hints=wanted)]


def _with_other_ways(found: list[Finding], arms: tuple[Any, ...]) -> list[Finding]:
    """The findings; for a wrong choice, with the other types that are accepted."""
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
            problem=f"must be one of {choices}",
            seen=typed(value),
            fix=f"Use {close}" if (close := _closest(value, allowed)) else "Use one of them",
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
                *check_value(key, key_hint, f"{at} (key)"),
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
        return "a mapping"
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
    return _with_article(name)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _says_more(musts: list[Must], found: list[Finding], value: object, at: str) -> bool:
    return (
        bool(musts)
        and musts[0].problem.startswith("must ")
        and [(finding.rule, finding.at) for finding in found] == [("argument/type", at)]
        and not isinstance(value, type)
    )


def _closest(value: object, allowed: tuple[object, ...]) -> str:
    import difflib

    names = {str(choice).lower(): repr(choice) for choice in allowed}
    close = difflib.get_close_matches(str(value).lower(), names, 1) if isinstance(value, str) else []
    return names[close[0]] if close else ""


def typed(value: object) -> str:
    """A value and its type, as a message shows them: ``60 (int)``."""
    return f"{show(value)} ({type(value).__name__})"


def _wrong_type(value: object, wanted: str, at: str, hints: tuple[Any, ...] = ()) -> Finding:
    """A finding about a type. A value in the place of a reference to a Secret may be the secret itself and is not shown."""
    fixes = " or ".join(fix for hint in hints if (fix := getattr(hint, "how_to_write", "")))
    if isinstance(value, type):
        return Finding(
            rule="argument/type",
            at=at,
            problem=f"must be {wanted}",
            seen=f"the class {value.__name__}",
            fix=f"Pass an instance: {getattr(value, 'how_to_write', value.__name__ + '()')}",
        )
    secret = isinstance(value, (str, bytes)) and any(getattr(hint, "names_a_secret", False) for hint in hints)
    for plain in hints:
        if plain in _PLAIN_NAMES and isinstance(value, plain) and not isinstance(value, bool):
            fixes = f"Convert it: {plain.__name__}(...)"
    plain_fix = _plain_fix(value, wanted, hints)
    return Finding(
        rule="argument/type",
        at=at,
        problem=f"must be {wanted}",
        seen=_with_article(type(value).__name__) if secret else typed(value),
        fix=fixes if fixes.startswith("Convert") else f"Use {fixes}" if fixes else plain_fix,
    )


def _plain_fix(value: object, wanted: str, hints: tuple[Any, ...]) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and (wanted == _PLAIN_NAMES[str] or str in hints):
        return f'Use "{value}"'
    if type(value) is str and hints == (int,) and value.strip().isascii() and value.strip().isdigit():
        return f"Use {int(value)}"
    if type(value) is str and hints == (bool,) and value.lower() in ("true", "false"):
        return f"Use {value.capitalize()}"
    if wanted == "a list":
        return "Put it in a list: [...]"
    return f"Pass {wanted}"


def _broken(condition: Must, value: object, at: str, rule: str = "") -> Finding:
    # A host with a login in front of it may be in any argument.
    login = isinstance(value, str) and ":" in value.partition("@")[0] and "@" in value
    hidden = condition.hides or login
    suggestion = "" if hidden or condition.suggest is None else condition.suggest(value)
    return Finding(
        rule=rule or condition.rule,
        at=at,
        problem=condition.problem,
        seen=("" if isinstance(value, str) else _with_article(type(value).__name__)) if hidden else typed(value),
        fix=f"Use {suggestion}" if suggestion else condition.fix,
    )

"""Checks arguments against the type annotations of a constructor.

Python does not enforce annotations, and a wrong value would otherwise fail late, with an error of jsii or of the API server.
The annotations are the only definition of what is valid.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from cdk8s_airflow._exports import load
from cdk8s_airflow.secret_scan.exemptions import ExemptText
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


def check_value(value: object, hint: Any, at: str, *, hidden: bool = False) -> list[Finding]:
    """Checks one value against one annotation.

    Args:
        value: the value.
        hint: the annotation.
        at: what the findings are about.
        hidden: whether the value may be a secret, so that findings show only its type. Default: the annotation decides. It does
            where it accepts a reference to a Secret, or has a condition that ``hides``: the most likely mistake there is the
            secret itself. Everything in such a position is hidden, except the fields of settings, which have annotations of
            their own.
    """
    found = _check(value, hint, at, hidden)
    return _check(value, hint, at, True) if found and not hidden and _bears_secret(hint) else found


def _bears_secret(hint: Any) -> bool:
    """Whether a value of this annotation may be a secret by mistake."""
    if isinstance(hint, Must):
        return hint.hides
    return getattr(hint, "names_a_secret", False) is True or any(map(_bears_secret, get_args(hint)))


def _check(value: object, hint: Any, at: str, hidden: bool) -> list[Finding]:
    origin = get_origin(hint)
    if hint is Any or hint is object:
        return []
    if origin is Annotated:
        base, *conditions = get_args(hint)
        musts = [condition for condition in conditions if isinstance(condition, Must)]
        found = check_value(value, base, at, hidden=hidden)
        if found:
            # Of a plain type, the condition says more than the type: "a duration" rather than "a string".
            if not _says_more(musts, found, value, at) or _needs_conversion(value, base, musts):
                return found
            broken = _broken(musts[0], value, at, hidden, rule="argument/type")
            quoted = "" if hidden else _valid_literal(value, base, musts)
            return [dataclasses.replace(broken, fix=f"Use {quoted}") if quoted else broken]
        first = next((condition for condition in musts if not condition.holds(value)), None)
        return [] if first is None else [_broken(first, value, at, hidden)]
    if origin in (Union, types.UnionType):
        return _check_union(value, get_args(hint), at, hidden)
    if origin is Literal:
        return _check_literal(value, get_args(hint), at, hidden)
    if hint is None or hint is type(None):
        return [] if value is None else [_wrong_type(value, "None", at, hidden)]
    if origin is not None and isinstance(origin, type):
        return _check_collection(value, origin, get_args(hint), at, hidden)
    return _check_class(value, hint, at, hidden)


def _fits(value: object, hint: Any) -> bool:
    if hint in _PLAIN_NAMES:
        # Serializers treat subclasses (an enum, a numpy scalar, the scalar of a YAML loader) in different ways.
        kind = type(value)
        return kind is hint or (hint is float and kind is int) or (hint is str and kind is ExemptText)
    return isinstance(value, hint)


def _check_class(value: object, hint: Any, at: str, hidden: bool) -> list[Finding]:
    if not _fits(value, hint):
        return [_wrong_type(value, _described(hint), at, hidden, hints=(hint,))]
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


def _check_union(value: object, arms: tuple[Any, ...], at: str, hidden: bool) -> list[Finding]:
    wanted = tuple(arm for arm in arms if arm is not type(None))
    if value is not None and len(wanted) == 1:
        found = check_value(value, wanted[0], at, hidden=hidden)
        return [_or_none(finding, value, at) for finding in found] if found and len(arms) > 1 else found
    best: list[Finding] | None = None
    for arm in arms:
        # For a value of an unrelated class, the finding about the whole union is enough.
        if isinstance(arm, type) and get_origin(arm) is None and not _fits(value, arm):
            continue
        found = check_value(value, arm, at, hidden=hidden)
        if not found:
            return []
        of_this_kind = not any(finding.rule == "argument/type" and finding.at == at for finding in found)
        if of_this_kind and best is None:
            best = found
    if best is not None:
        return _with_other_ways(best, arms, at)
    return [_wrong_type(value, " or ".join(dict.fromkeys(map(_described, wanted))), at, hidden, hints=wanted)]


def _or_none(finding: Finding, value: object, at: str) -> Finding:
    """The finding; for a setting that is meant to be turned off, with the value that does."""
    name = at.rpartition(".")[2]
    if value is False and finding.at == at:
        return dataclasses.replace(finding, fix=f"Use None to turn it off: {name}=None")
    if dataclasses.is_dataclass(value) and finding.at == f"{at}.replicas" and getattr(value, "replicas", None) == 0:
        return dataclasses.replace(finding, fix=f"{finding.fix}; to turn it off: {name}=None")
    return finding


def _with_other_ways(found: list[Finding], arms: tuple[Any, ...], at: str) -> list[Finding]:
    """The findings; for a wrong choice, with the other types that are accepted."""
    others = "".join(f", or {way}" for arm in arms if (way := getattr(arm, "how_to_write", "")))
    return [
        dataclasses.replace(finding, fix=finding.fix + others)
        if finding.rule == "argument/choice" and finding.at == at
        else finding
        for finding in found
    ]


def _check_literal(value: object, allowed: tuple[object, ...], at: str, hidden: bool) -> list[Finding]:
    if any(value == choice and type(value) is type(choice) for choice in allowed):
        return []
    choices = ", ".join(repr(choice) for choice in allowed)
    return [
        Finding(
            rule="argument/choice",
            at=at,
            problem=f"must be one of {choices}",
            seen=_type_of(value) if hidden else typed(value),
            fix=f"Use {close}" if not hidden and (close := _closest(value, allowed)) else f"Use {_any_of(allowed)}",
        )
    ]


def _check_collection(value: object, origin: type, arms: tuple[Any, ...], at: str, hidden: bool) -> list[Finding]:
    if isinstance(value, (str, bytes)) or not isinstance(value, origin):
        return [_wrong_type(value, _described(origin), at, hidden)]
    if isinstance(value, collections.abc.Mapping):
        key_hint, value_hint = arms
        found: list[Finding] = []
        secret = hidden or _bears_secret(value_hint)
        for number, (key, item) in enumerate(value.items(), 1):
            # A key may be a secret by mistake too. A hidden one is named by its position.
            position = f" {number} of {len(value)}" if secret and len(value) > 1 else ""
            wrong_key = check_value(key, key_hint, f"{at} (key{position})", hidden=hidden)
            place = f"{at}[…]" if wrong_key and secret else f"{at}.{key}"
            found += wrong_key
            found += check_value(item, value_hint, place, hidden=hidden)
        return found
    if isinstance(value, (collections.abc.Set, collections.abc.Sequence)):
        items = sorted(value, key=repr) if isinstance(value, collections.abc.Set) else value
        return [
            finding
            for index, item in enumerate(items)
            for finding in check_value(item, arms[0], f"{at}[{index}]", hidden=hidden)
        ]
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


def _valid_literal(value: object, base: Any, musts: list[Must]) -> str:
    """The literal of the other plain type that is valid: ``"5"`` for 5, and 16 for ``"16"``. Empty if there is none."""
    if base is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        text = str(value)
        return f'"{text}"' if all(condition.holds(text) for condition in musts) else ""
    if base is int and type(value) is str and value.strip().isascii() and value.strip().isdigit():
        number = int(value)
        return str(number) if all(condition.holds(number) for condition in musts) else ""
    return ""


def _needs_conversion(value: object, base: Any, musts: list[Must]) -> bool:
    """Whether a value is valid except that its class is a subclass of the plain type."""
    if base not in _PLAIN_NAMES or not isinstance(value, base) or isinstance(value, bool):
        return False
    plain = str.__str__(value) if isinstance(value, str) else base(value)
    return all(condition.holds(plain) for condition in musts)


def _any_of(choices: tuple[object, ...]) -> str:
    *others, last = map(repr, choices)
    return f"{', '.join(others)} or {last}" if others else last


def _closest(value: object, allowed: tuple[object, ...]) -> str:
    import difflib

    names = {str(choice).lower(): repr(choice) for choice in allowed}
    close = difflib.get_close_matches(str(value).lower(), names, 1) if isinstance(value, str) else []
    return names[close[0]] if close else ""


def _type_of(value: object) -> str:
    return _with_article(type(value).__name__)


def typed(value: object) -> str:
    """A value and its type, as a message shows them: ``60 (int)``."""
    return f"{show(value)} ({type(value).__name__})"


def _wrong_type(value: object, wanted: str, at: str, hidden: bool, hints: tuple[Any, ...] = ()) -> Finding:
    """A finding about a type."""
    fixes = " or ".join(fix for hint in hints if (fix := getattr(hint, "how_to_write", "")))
    if isinstance(value, type):
        return Finding(
            rule="argument/type",
            at=at,
            problem=f"must be {wanted}",
            seen=f"the class {value.__name__}",
            fix=f"Pass an instance: {getattr(value, 'how_to_write', value.__name__ + '()')}",
        )
    for plain in hints:
        if plain in _PLAIN_NAMES and isinstance(value, plain) and not isinstance(value, bool):
            fixes = f"Convert it: {_conversion(value, plain)}"
    connection = getattr(type(value), "connection", None)
    if callable(connection) and not isinstance(value, type):
        name = type(value).__name__
        fixes = f"{_variable_for(name)}.connection(), the connection of the {name}"
    plain_fix = f"Pass {wanted}" if hidden else _plain_fix(value, wanted, hints)
    return Finding(
        rule="argument/type",
        at=at,
        problem=f"must be {wanted}",
        seen=_type_of(value) if hidden else typed(value),
        fix=fixes if fixes.startswith("Convert") else f"Use {fixes}" if fixes else plain_fix,
    )


def _conversion(value: object, plain: type) -> str:
    """The expression that converts an instance of a subclass (an enum, a string of a YAML loader) to the plain type."""
    if isinstance(value, str) and str(value) != str.__str__(value):
        return f"{type(value).__name__}.{value.name}.value" if isinstance(value, enum.Enum) else "str.__str__(...)"
    return f"{plain.__name__}(...)"


def _variable_for(class_name: str) -> str:
    """A name for a variable: the last word of a class."""
    last = max(index for index, letter in enumerate(class_name) if letter.isupper())
    return class_name[last:].lower()


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


def _broken(condition: Must, value: object, at: str, hidden: bool, rule: str = "") -> Finding:
    # A host with a login in front of it may be in any argument.
    login = isinstance(value, str) and ":" in value.partition("@")[0] and "@" in value
    hidden = hidden or condition.hides or login
    suggestion = "" if hidden or condition.suggest is None else condition.suggest(value)
    return Finding(
        rule=rule or condition.rule,
        at=at,
        problem=condition.problem,
        seen=("" if isinstance(value, str) else _type_of(value)) if hidden and value != "" else typed(value),
        fix=f"Use {suggestion}" if suggestion else condition.fix,
    )

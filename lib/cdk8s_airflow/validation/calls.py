"""Findings for calls that Python itself refuses: unknown, missing and positional arguments."""

from __future__ import annotations

import difflib
import inspect
import re
import traceback
from pathlib import Path
from typing import Any

from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.validation.argument_names import ARGUMENTS
from cdk8s_airflow.validation.finding import Finding

_UNKNOWN = r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'"
_MISSING = r"([\w.]+)\(\) missing \d+ required (?:keyword-only |positional )?arguments?: (.+)"
_POSITIONAL = r"([\w.]+)\(\) takes .*positional arguments? but .*given"


def refused_call(error: TypeError) -> list[Finding]:
    """Findings for a refused call of this library. Empty for any other error."""
    told = str(error)
    match = re.match(_UNKNOWN, told)
    if match is not None:
        return _unknown(error, match[1], match[2])
    match = re.match(_MISSING, told)
    if match is not None:
        names = re.findall(r"'(\w+)'", match[2])
        return [finding for name in names for finding in _missing(error, match[1], name)]
    match = re.match(_POSITIONAL, told)
    if match is not None and _called(match[1]) is not None:
        return [
            Finding(
                rule="argument/unnamed",
                at=_owner(match[1]),
                problem="accepts keyword arguments only",
                fix="Pass each argument by name: name=...",
                path=_place(error),
            )
        ]
    return []


def _unknown(error: TypeError, name: str, argument: str) -> list[Finding]:
    called = _called(name)
    if called is None:
        return []
    instead = ARGUMENTS.get(_owner(name), {}).get(argument)
    close = difflib.get_close_matches(argument, _parameters(called), 1)
    if instead is not None:
        written, _, example = instead.partition(", ")
        fix = f"Use `{written}` instead{f', {example}' if example else ''}"
    elif close:
        fix = f"Did you mean `{close[0]}`?"
    else:
        fix = f"Its arguments are: {', '.join(_parameters(called))}"
    return [
        Finding(
            rule="argument/unknown",
            at=_owner(name),
            problem=f"has no argument `{argument}`",
            fix=fix,
            path=_place(error),
        )
    ]


def _missing(error: TypeError, name: str, argument: str) -> list[Finding]:
    called = _called(name)
    if called is None:
        return []
    return [
        Finding(
            rule="argument/missing",
            at=argument,
            problem=f"is required by {_owner(name)}",
            fix=f"Pass {argument}=...",
            path=_place(error),
        )
    ]


def _owner(name: str) -> str:
    return name.removesuffix(".__init__")


def _called(name: str) -> Any:
    """The public class or factory with a qualified name, or None if it is not part of this library."""
    first, *rest = _owner(name).split(".")
    if first not in HOME_OF:
        return None
    called: Any = load(first)
    for part in rest:
        called = getattr(called, part, None)
    return called


def _parameters(called: Any) -> list[str]:
    try:
        return [name for name in inspect.signature(called).parameters if name not in ("self", "scope", "id")]
    except (TypeError, ValueError, AttributeError):
        return []


def _place(error: TypeError) -> str:
    """The file and line of the program that made the call."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        folders = Path(frame.filename).parts
        if "jsii" not in folders and "cdk8s_airflow" not in folders:
            return f"{Path(frame.filename).name}, line {frame.lineno}"
    return ""

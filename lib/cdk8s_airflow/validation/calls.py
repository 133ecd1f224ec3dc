"""Calls that Python itself refuses, in the words of findings: an argument too many, or one that is missing."""

from __future__ import annotations

import difflib
import inspect
import re
import traceback
from pathlib import Path
from typing import Any

from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.validation.finding import Finding

_UNKNOWN = r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'"
_MISSING = r"([\w.]+)\(\) missing \d+ required (?:keyword-only |positional )?arguments?: (.+)"
_POSITIONAL = r"([\w.]+)\(\) takes .*positional arguments? but .*given"


def refused_call(error: TypeError) -> list[Finding]:
    """What is wrong with a call of this library that Python refused; nothing for any other error."""
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
                problem="got more arguments than it takes without a name",
                fix="give them by name, like name=...",
                path=_place(error),
            )
        ]
    return []


def _unknown(error: TypeError, name: str, argument: str) -> list[Finding]:
    called = _called(name)
    if called is None:
        return []
    close = difflib.get_close_matches(argument, _parameters(called), 1)
    return [
        Finding(
            rule="argument/unknown",
            at=argument,
            problem=f"is no argument of {_owner(name)}",
            fix=f"did you mean {close[0]!r}?" if close else "leave it out",
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
            problem=f"is missing, and {_owner(name)} cannot do without it",
            fix=f"give {argument}=",
            path=_place(error),
        )
    ]


def _owner(name: str) -> str:
    return name.removesuffix(".__init__")


def _called(name: str) -> Any:
    """The public class or factory of a qualified name, or None for what is not of this library."""
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

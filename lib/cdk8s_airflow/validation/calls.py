"""Findings for calls that Python itself refuses: unknown, missing and positional arguments."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.validation.argument_names import argument_for, argument_of
from cdk8s_airflow.validation.finding import Finding

_LIBRARIES = frozenset({"jsii", "cdk8s_airflow", "site-packages"})
"""Folders whose files are not part of the program."""
_UNKNOWN = r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'"
_MISSING = r"([\w.]+)\(\) missing \d+ required (?:keyword-only |positional )?arguments?: (.+)"
_POSITIONAL = r"([\w.]+)\(\) takes .*positional arguments? but .*given"


def refused_call(error: TypeError) -> list[Finding]:
    """Findings for a refused call of this library. Empty for any other error."""
    told = str(error)
    match = re.match(_UNKNOWN, told)
    if match is not None:
        called = _called(match[1])
        if called is None:
            return []
        names = _written_names(error, match[1], match[2], accepted_names(called))
        return unknown_arguments(_owner(match[1]), accepted_names(called), names, place_of(error))
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
                path=place_of(error),
            )
        ]
    return []


def refused_names(cls: type, arguments: Mapping[str, Any]) -> tuple[list[Finding], dict[str, Any]]:
    """Findings for those keyword arguments that a public class of this library has not, and the arguments without them.

    A required argument that is missing takes the value that was passed under another name, so that the rest can be checked.

    Args:
        cls: the class that is called.
        arguments: the keyword arguments of the call.
    """
    owner = cls.__qualname__
    if arguments.keys() <= _names_in_code(cls) or owner not in HOME_OF or load(owner) is not cls:
        return [], {}
    accepted = accepted_names(cls)
    unknown = [name for name in arguments if name not in accepted and name not in ("scope", "id")]
    if not accepted or not unknown:
        return [], {}
    known = {name: value for name, value in arguments.items() if name not in unknown}
    for name in unknown:
        meant = argument_for(owner, name, accepted) or next(iter(difflib.get_close_matches(name, accepted, 1)), "")
        if meant in accepted and meant not in known and _is_required(cls, meant):
            known[meant] = arguments[name]
    return unknown_arguments(owner, accepted, unknown, caller()), known


def _names_in_code(cls: Any) -> frozenset[str]:
    """The arguments of a written ``__init__``. Nearly every call has no others, and composing a signature takes long."""
    code = getattr(inspect.unwrap(cls.__init__), "__code__", None)
    return frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) if code else frozenset()


def _is_required(called: Any, name: str) -> bool:
    return inspect.signature(called).parameters[name].default is inspect.Parameter.empty


def unknown_arguments(owner: str, accepted: Sequence[str], names: Iterable[str], path: str) -> list[Finding]:
    """One finding for each argument that does not exist, with the one to use."""
    return [
        Finding(
            rule="argument/unknown", at=owner, problem=f"has no argument `{name}`", fix=_instead(owner, name, accepted), path=path
        )
        for name in names
    ]  # fmt: skip


def _instead(owner: str, name: str, accepted: Sequence[str]) -> str:
    entry = argument_for(owner, name, accepted)
    if entry:
        argument = argument_of(entry)
        example = entry[len(argument) :]
        other, _, argument = argument.rpartition(".")
        return f"Use `{argument}`{f' of {other}' if other else ''} instead{example}"
    close = difflib.get_close_matches(name, accepted, 1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Its arguments are: {', '.join(accepted)}" if accepted else "It has no arguments"


def _written_names(error: TypeError, name: str, first: str, accepted: Sequence[str]) -> list[str]:
    """All unknown arguments of a refused call, read from its source: Python's message names only the first."""
    frame = _frame(error)
    tree = None if frame is None else _parsed(frame.filename)
    if frame is None or tree is None or frame.lineno is None:
        return [first]
    last = _owner(name).rpartition(".")[2]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.lineno <= frame.lineno <= (node.end_lineno or 0):
            continue
        written = [keyword.arg for keyword in node.keywords if keyword.arg is not None]
        if first in written and getattr(node.func, "attr", getattr(node.func, "id", "")) == last:
            return [each for each in written if each not in accepted]
    return [first]


def _parsed(filename: str) -> ast.Module | None:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):
        return None


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
            path=place_of(error),
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


@functools.lru_cache(maxsize=64)
def accepted_names(called: Any) -> tuple[str, ...]:
    """The arguments of a class, function or factory, without those of every construct."""
    try:
        parameters = inspect.signature(called).parameters
    except (TypeError, ValueError, AttributeError):
        return ()
    return tuple(name for name in parameters if name not in ("self", "scope", "id"))


def is_of_the_program(filename: str) -> bool:
    """Whether a file is part of the program that uses this library."""
    return not _LIBRARIES.intersection(Path(filename).parts) and not filename.startswith("<")


def caller() -> str:
    """The file and line of the program that is being executed. Empty if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        if is_of_the_program(frame.f_code.co_filename):
            return f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _frame(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost frame of the program in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if is_of_the_program(frame.filename)), None)


def place_of(error: BaseException) -> str:
    """The file and line of the program where an exception was raised. Empty if there is none."""
    frame = _frame(error)
    return "" if frame is None else f"{Path(frame.filename).name}, line {frame.lineno}"

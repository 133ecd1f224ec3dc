"""Findings are raised at once, or collected while a whole program is built."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from cdk8s_airflow.validation.calls import refused_call, refused_names
from cdk8s_airflow.validation.finding import Finding, PlatformError
from cdk8s_airflow.validation.frozen import filtering_arguments

_gathered: ContextVar[list[Finding] | None] = ContextVar("_gathered", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[list[Finding]]:
    """Collects the findings of all constructs in the block, and raises them together at the end.

    Inside the block, a construct with findings emits nothing, so that the program continues and the rest is checked too.

    Raises:
        PlatformError: at the end of the block, with the findings of all constructs. A refused call of this library ends the
            block and is one of them. An exception that the program raises after a finding is dropped: the finding most
            likely caused it.
    """
    found: list[Finding] = []
    token = _gathered.set(found)
    try:
        yield found
    except PlatformError as error:
        found.extend(error.findings)
    except TypeError as error:
        found.extend(refused_call(error))
        if not found:
            raise
    except Exception:
        if not found:
            raise
    finally:
        _gathered.reset(token)
    if found:
        raise PlatformError(found) from None


def report(findings: Iterable[Finding]) -> bool:
    """Raises findings, or adds them to the enclosing ``collecting()`` block. Returns whether there are any."""
    findings = list(findings)
    if not findings:
        return False
    gathered = _gathered.get()
    if gathered is None:
        raise PlatformError(findings)
    gathered.extend(findings)
    return True


@filtering_arguments
def known_arguments(cls: type, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keyword arguments that a public class has. Inside ``collecting()``, the others become findings, so that the program
    continues and all of them are reported in one run. Outside, all arguments are returned, and Python raises its own error.
    """
    gathered = _gathered.get()
    if gathered is None:
        return arguments
    found, known = refused_names(cls, arguments)
    if not found:
        return arguments
    gathered.extend(found)
    return known

"""One place where findings end up: raised on the spot, or gathered while a whole program is built."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from cdk8s_airflow.validation.calls import refused_call
from cdk8s_airflow.validation.finding import Finding, PlatformError

_gathered: ContextVar[list[Finding] | None] = ContextVar("_gathered", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[list[Finding]]:
    """Gathers what constructs find instead of raising at the first construct; raises everything together at the end.

    Inside the block a construct with findings emits nothing, so that the program can go on and the rest be checked too.

    Raises:
        PlatformError: at the end of the block, with the findings of all constructs in it, and with a call of this library
            that Python refused, which ends the program. An error that the program itself
            raised after a first finding is dropped in its favour: it is most likely a consequence.
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
    """Hands over what a check found. Returns whether there was anything; raises it unless a block is collecting."""
    findings = list(findings)
    if not findings:
        return False
    gathered = _gathered.get()
    if gathered is None:
        raise PlatformError(findings)
    gathered.extend(findings)
    return True

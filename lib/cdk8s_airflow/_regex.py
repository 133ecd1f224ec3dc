"""Regular expressions that are compiled when they are first used.

There are many, each a tenth of a millisecond or more to compile, and a program meets only some of them.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Late:
    """A regular expression that is compiled at its first use."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # Kept, so that this is not asked again; re itself remembers what it has compiled.
        value = self.__dict__[name] = getattr(re.compile(self._text, self._flags), name)
        return value


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """The regular expression, as ``re.compile`` gives it, but compiled when it is first used.

    Args:
        text: the expression.
        flags: those of ``re``.
    """
    return cast("re.Pattern[str]", _Late(text, flags))

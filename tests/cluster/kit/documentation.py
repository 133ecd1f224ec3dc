"""Commands of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

_DOCS = Path(__file__).parents[3] / "docs"
_BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shell_block(page: str, start: str) -> str:
    """The only shell block of a page that starts with a text.

    Args:
        page: the page, relative to ``docs``.
        start: the text.
    """
    blocks = _BLOCK.findall((_DOCS / page).read_text(encoding="utf-8"))
    (found,) = [block for block in blocks if block.startswith(start)]
    return str(found)

"""Text and shell commands in lines of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

WIDTH = 100
"""The number of columns that a line has at most, unless one word of a command is longer."""


def paragraph(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """A sentence or more in lines; what is indented already is a command or a list and keeps its lines.

    Args:
        text: the text. Its lines that start with a space are kept.
        indent: the indent of every line.
        first: the indent of the first line. Default: that of the others.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        start = indent if lines or first is None else first
        if line.startswith(" "):
            kept = line.lstrip(" ")
            deeper = indent + line[: len(line) - len(kept)]
            is_command = kept.startswith(("kubectl ", "helm ", "sh ", "NOW="))
            lines += command(kept, deeper) if is_command else [deeper + kept]
        else:
            lines += textwrap.wrap(
                line, WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )  # fmt: skip
    return lines


def command(text: str, indent: str) -> list[str]:
    """A bash command in lines that can be pasted: continued after ``|`` and ``&&``, and before options.

    Args:
        text: the command.
        indent: the indent of its first line. The others have two columns more.
    """
    lines: list[str] = []
    for whole in text.split("\n"):
        start = indent
        for piece in _pieces(whole.strip(), WIDTH - len(indent) - 2):
            lines.append(start + piece)
            start = indent + "  "
    return lines


def _pieces(text: str, width: int) -> Iterator[str]:
    """Pieces of a command that fit, as far as it can be broken."""
    line = ""
    for simple in _split(text, _after_operator):
        if len(simple) <= width:
            parts, end = [simple], ""
        else:
            parts, end = list(_split(simple, _before_option)), " \\"
        for index, part in enumerate(parts):
            joined = f"{line} {part}" if line else part
            mark = end if index < len(parts) - 1 else ""
            if line and len(joined) + len(mark) > width:
                yield line if index == 0 else line + end
                joined = part
            line = joined
    yield line


def _after_operator(before: str, after: str) -> bool:
    return before.endswith(("|", "&&", ";"))


def _before_option(before: str, after: str) -> bool:
    return after.startswith(("--", "-o ", "'", '"')) and not before.endswith((" -o", " -p", "[ -n"))


def _split(text: str, can_break: Callable[[str, str], bool]) -> Iterator[str]:
    """The parts of a command, broken at spaces outside quotes."""
    start, quote = 0, ""
    for index, character in enumerate(text):
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == " " and can_break(text[start:index], text[index + 1 :]):
            yield text[start:index]
            start = index + 1
    yield text[start:]

"""The text that carries Helm values: written once, read back the same by everyone on the way.

Values travel far: this module writes them, cdk8s puts the text into a HelmChart resource as one string, the API server
stores it, k3s hands it to Helm, Helm's Go reader parses it, and the chart's templates use it. YAML readers disagree about
what an unquoted word means (``y``, ``0o17``, ``1e5``, ``08``, ``=``), so the writer below leaves a text unquoted only where no
reader could take it for anything else. What cannot arrive as it was sent is refused.

The writer is our own because PyYAML's two emitters, the C one and the Python one, write different bytes for emoji, long
keys and line separators, and the same program must give the same bytes on every machine.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from cdk8s_airflow.validation import Finding, PlatformError, show

__all__ = ["escape_template", "values_text"]

LARGEST_NUMBER = 2**53
"""Helm reads every number as a 64-bit float; integers are exact up to here."""

LONGEST_KEY = 1000
"""YAML readers reject a ``key:`` longer than 1024 characters, quotes and escapes included."""

DEEPEST_LEVEL = 100
"""Deeper nesting than any chart has; what goes further contains itself."""

_SURROGATE = re.compile("[\ud800-\udfff]")

# Explicit ranges, not str.isprintable(): that one changes with the Unicode tables of each Python version.
_INVISIBLE_ASCII = "\x00-\x1f\x7f"
_INVISIBLE_BEYOND = (
    "\x80-\xa0\xad\u034f\u061c\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\uffff\U000e0000-\U0010ffff"
)
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


class _Forms(NamedTuple):
    """What the characters of a text mean for how it is written.

    Attributes:
        invisible: a character that a reviewer could not see.
        escaped: one that is written as an escape within double quotes.
        unquoted: a text that needs no quotes.
    """

    invisible: re.Pattern[str]
    escaped: re.Pattern[str]
    unquoted: re.Pattern[str]


@functools.cache
def _forms(is_ascii: bool) -> _Forms:
    """Compiled apart for plain ASCII, which nearly every text is: the ranges beyond it take far longer to compile."""
    invisible = _INVISIBLE_ASCII if is_ascii else _INVISIBLE_ASCII + _INVISIBLE_BEYOND
    beyond = "" if is_ascii else r"\u0080-\U0010ffff"
    inner = rf"A-Za-z0-9_./@%+=~^,;()*!?$&|<>{beyond}"
    return _Forms(
        invisible=re.compile(f"[{invisible}]"),
        escaped=re.compile(rf'[{invisible}"\\]'),
        unquoted=re.compile(rf"[A-Za-z_/{beyond}](?:[{inner}-]|:(?=[^ ])| (?=[{inner}-]))*"),
    )


_TAKEN_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

_LINE_ENDS_BLANK = re.compile(r"[ \t](?:\n|$)")

_BRACES = "{{`{{`}}"
_ERASED_BY_HELM = "<no value>"


def values_text(tree: Mapping[str, object]) -> str:
    """The YAML text of Helm values: the same tree gives the same bytes, and Helm reads the same tree back.

    Keys are sorted at every level, lines are as long as they need to be, several lines of text become a ``|`` block where
    that is safe, nulls stay (Helm removes a default with them), and the text ends with one newline. Characters that a
    reviewer could not see are written as escapes.

    A float without a fraction (``1.0``) arrives as an integer, because Helm uses JSON internally.

    Args:
        tree: the values; strings, booleans, integers, floats, None, and mappings, lists and tuples of these.

    Raises:
        PlatformError: for everything in the tree that YAML cannot represent, all at once. Rules: ``text/type``,
            ``text/key-type``, ``text/key-length``, ``text/number-range``, ``text/number-finite``, ``text/surrogate``, ``text/erased``,
            ``text/depth``.
    """
    if not isinstance(tree, Mapping):
        raise PlatformError([_wrong_type("values", tree)])
    writer = _Writer()
    if tree:
        writer.mapping(tree, 0, "values")
    else:
        writer.lines.append("{}")
    if writer.findings:
        raise PlatformError(writer.findings)
    writer.lines.append("")
    return "\n".join(writer.lines)


def escape_template(text: str) -> str:
    """The text, written so that a chart's template engine gives it back unchanged.

    Many values of the Airflow chart pass through Helm's ``tpl``: the configuration, commands, annotations, extra containers. A
    Jinja text such as ``dag_id={{ ti.dag_id }}`` would be run as a template there. Only an opening ``{{`` starts a template; a lone
    ``}}`` is plain text. So each ``{{`` becomes ``{{`{{`}}``, an action that prints two braces, and all else stays as it is.

    Backquotes and no spaces, because charts often turn a structure into YAML or JSON before ``tpl`` sees it: ``{{ "{{" }}``
    would get its quotes escaped on the way and break, and a long line could be folded at a space. This form is left alone.

    Apply it exactly once for each time that the chart applies ``tpl``.

    Raises:
        PlatformError: rule ``text/erased``, when the text holds ``<no value>``, which Helm removes from all that it renders.
    """
    if _ERASED_BY_HELM in text:
        raise PlatformError([_erased("text", text)])
    return text.replace("{{", _BRACES)


def unescape_template(text: str) -> str:
    """The text as the template engine prints it, if it has no actions other than those of :func:`escape_template`."""
    return text.replace(_BRACES, "{{")


def has_template(text: str) -> bool:
    """Whether a text has actions other than those of :func:`escape_template`."""
    return "{{" in text.replace(_BRACES, "")


def _wrong_type(at: str, value: object) -> Finding:
    return Finding(
        rule="text/type",
        at=at,
        problem=f"is of type {type(value).__name__}, which Helm values cannot contain",
        fix="Use a string, boolean, number, None, or dictionaries and lists of these",
    )


def _erased(at: str, text: str) -> Finding:
    return Finding(
        rule="text/erased",
        at=at,
        problem=f"Helm removes {_ERASED_BY_HELM} from everything it renders",
        fix="Use a string without it",
    )


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


@functools.lru_cache(maxsize=8192)
def _one_line(text: str) -> str:
    """The text as one YAML scalar on one line, quoted unless every YAML parser reads it as the same string."""
    forms = _forms(text.isascii())
    if forms.invisible.search(text):
        return f'"{forms.escaped.sub(_escaped, text)}"'
    if forms.unquoted.fullmatch(text) and text.lower() not in _TAKEN_WORDS:
        return text
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _is_block(text: str) -> bool:
    """Whether a ``|`` block shows the text and keeps it: nothing invisible in it, and the first line shows its indentation."""
    if "\n" not in text or text.endswith("\n\n") or _LINE_ENDS_BLANK.search(text):
        return False
    first = text.lstrip("\n")
    if not first or first[0] in " \t":
        return False
    return not _forms(text.isascii()).invisible.search(text.translate({10: None, 9: None}))


class _Writer:
    """One pass over a tree: the lines of the text, and what could not be written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.findings: list[Finding] = []

    def mapping(self, tree: Mapping[str, object], indent: int, at: str) -> None:
        good = {}
        for key, value in tree.items():
            if isinstance(key, str):
                good[str.__str__(key)] = value
            else:
                self.findings.append(
                    Finding(
                        rule="text/key-type",
                        at=at,
                        problem=f"a key is {type(key).__name__}, and Helm's keys are text",
                        seen=show(key),
                        fix="put the key in quotes",
                    )
                )
        padding = " " * indent
        for key in sorted(good):
            key_text = self.key(key, at)
            self.node(f"{padding}{key_text}:", good[key], indent, f"{at}.{key}")

    def sequence(self, items: list[object] | tuple[object, ...], indent: int, at: str) -> None:
        padding = " " * indent
        for position, item in enumerate(items):
            where = f"{at}[{position}]"
            if item and isinstance(item, (Mapping, list, tuple)):
                start = len(self.lines)
                self.children(item, indent + 2, where)
                if len(self.lines) > start:
                    self.lines[start] = f"{padding}- {self.lines[start][indent + 2 :]}"
            else:
                self.node(f"{padding}-", item, indent, where)

    def children(self, value: Mapping[str, object] | list[object] | tuple[object, ...], indent: int, at: str) -> None:
        if indent > 2 * DEEPEST_LEVEL:
            self.findings.append(
                Finding(
                    rule="text/depth",
                    at=f"{at[:80]}…",
                    problem=f"the values are nested more than {DEEPEST_LEVEL} levels deep",
                    fix="look for a dictionary or list that contains itself",
                )
            )
            # At once: a structure that contains itself twice has no end in reasonable time.
            raise PlatformError(self.findings)
        if isinstance(value, Mapping):
            self.mapping(value, indent, at)
        else:
            self.sequence(value, indent, at)

    def node(self, start: str, value: object, indent: int, at: str) -> None:
        if isinstance(value, str):
            text = self.text(str.__str__(value), at)
            if _is_block(text):
                padding = " " * (indent + 2)
                self.lines.append(f"{start} |" if text.endswith("\n") else f"{start} |-")
                self.lines.extend(padding + line if line else "" for line in text.removesuffix("\n").split("\n"))
            else:
                self.lines.append(f"{start} {_one_line(text)}")
        elif isinstance(value, (Mapping, list, tuple)):
            if value:
                self.lines.append(start)
                self.children(value, indent + 2, at)
            else:
                self.lines.append(f"{start} {{}}" if isinstance(value, Mapping) else f"{start} []")
        else:
            self.lines.append(f"{start} {self.plain(value, at)}")

    def plain(self, value: object, at: str) -> str:
        """What is neither text nor a container."""
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            if abs(value) > LARGEST_NUMBER:
                self.findings.append(
                    Finding(
                        rule="text/number-range",
                        at=at,
                        problem="must be from -9007199254740992 to 9007199254740992, because Helm rounds larger integers",
                        fix="Use a string: put the number in quotes",
                    )
                )
            return int.__repr__(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                self.findings.append(
                    Finding(
                        rule="text/number-finite",
                        at=at,
                        problem="must be a finite number",
                        seen=show(value),
                        fix="Use a finite number, or a string",
                    )
                )
            return _float(float(value))
        self.findings.append(_wrong_type(at, value))
        return "null"

    def text(self, text: str, at: str) -> str:
        if _SURROGATE.search(text):
            self.findings.append(
                Finding(
                    rule="text/surrogate",
                    at=at,
                    problem="contains an unpaired surrogate, which cannot be encoded as UTF-8",
                    fix="Decode the string with the right encoding",
                )
            )
            return ""
        if _ERASED_BY_HELM in text:
            self.findings.append(_erased(at, text))
        return text

    def key(self, key: str, at: str) -> str:
        line = _one_line(self.text(key, f"{at} (a key)"))
        if len(line) > LONGEST_KEY:
            self.findings.append(
                Finding(
                    rule="text/key-length",
                    at=at,
                    problem=f"a key is longer than the {LONGEST_KEY} characters that YAML parsers accept",
                    fix="use a shorter key",
                )
            )
        return line


def _float(number: float) -> str:
    """The shortest exact digits, always with a point: without one, YAML 1.1 readers take ``1e+21`` for text."""
    mantissa, exponent_sign, exponent = repr(number).partition("e")
    if exponent_sign and "." not in mantissa:
        mantissa += ".0"
    return mantissa + exponent_sign + exponent

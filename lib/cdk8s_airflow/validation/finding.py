"""Findings of checks, and the error that carries them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.uncaught import ErrorWithFindings

_PARTS = frozenset("/:. ")
_LONGEST_SEEN = 120
_ON_ONE_LINE = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
"""Every character that ends a line or drives a terminal, as its escape."""


def show(value: object) -> str:
    """The Python representation of a value on one line, shortened if it is long, with anything that looks like a secret removed."""
    try:
        text = " ".join(repr(_without_secrets(value)).split())
    except Exception:
        text = f"a {type(value).__name__}"
    if " object at 0x" in text:
        text = re.sub(r"<(?:[\w.]+\.|<locals>\.)*(\w+) object at 0x[0-9a-f]+>", r"<\1>", text)
    text = _redacted(text)
    return text if len(text) <= _LONGEST_SEEN else f"{text[: _LONGEST_SEEN - 1]}…"


def _without_secrets(value: object, levels: int = 8) -> object:
    """A copy of a plain value whose strings are redacted one by one: a representation hides where lines begin."""
    kind = type(value)
    if kind is str:
        return "…" if _is_random(str(value)) else _redacted(str(value))
    if levels and kind in (list, tuple, set, frozenset):
        return kind(_without_secrets(item, levels - 1) for item in value)  # type: ignore[attr-defined]
    if levels and isinstance(value, dict) and kind is dict:
        return {key: _without_secrets(item, levels - 1) for key, item in value.items()}
    return value


def _is_random(text: str) -> bool:
    """Whether a whole string consists of random characters, and is no URL, path, host or image: most likely a password."""
    from cdk8s_airflow.secret_scan import looks_random

    return _PARTS.isdisjoint(text) and looks_random(text)


def shown_path(path: str) -> str:
    """A construct path without ids that consist of random characters: such an id is most likely a password."""
    return "/".join("…" if _is_random(step) else step for step in path.split("/"))


def _redacted(text: str, *, forms_only: bool = False) -> str:
    # Imported only when there is a finding: a valid platform does not load the scanner for this.
    from cdk8s_airflow.secret_scan import redacted

    return redacted(text, forms_only=forms_only)


@frozen
class Finding:
    """One problem of a platform. Anything in its text that looks like a secret is removed.

    As text it is ``<path>: <at> <problem>, got <seen>. <Fix>. [<rule>]``.

    Attributes:
        rule: the id of the rule, as ``area/what``. Ids are stable: they can be searched for and are documented.
        at: the argument, values key or manifest field, dotted.
        problem: what is wrong. A predicate that follows ``at`` (``must be a duration``), or, starting with a capital
            letter, a sentence of its own.
        fix: what to write instead, in the imperative.
        seen: the value that was passed, as text. Empty if there is none, or if it may be a secret.
        path: the construct path. The construct that ran the check fills it in.
    """

    rule: str
    at: str
    problem: str
    fix: str
    seen: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        for field in ("at", "problem", "seen", "fix", "path"):
            text = getattr(self, field)
            # A fix shows how to write things, with names that occur with secrets. So do construct ids.
            by_form = field in ("fix", "path")
            if text and isinstance(text, str) and (shown := _redacted(text, forms_only=by_form)) != text:
                object.__setattr__(self, field, shown)
        if self.path:
            object.__setattr__(self, "path", shown_path(self.path))

    def __str__(self) -> str:
        predicate = self.at and not self.problem[:1].isupper()
        parts = (self.path, f"{self.at} {self.problem}") if predicate else (self.path, self.at, self.problem)
        seen = (
            "" if not self.seen else f", got {self.seen}" if self.problem.startswith("must ") else f" (got {self.seen})"
        )
        text = f"{': '.join(part for part in parts if part)}{seen}. {_sentence(self.fix)} [{self.rule}]"
        return text.translate(_ON_ONE_LINE)

    def under(self, prefix: str) -> Finding:
        """The same finding, with ``prefix`` before the argument it is about."""
        return replace(self, at=".".join(part for part in (prefix, self.at) if part))

    def within(self, path: str) -> Finding:
        """The same finding, seen by the construct at ``path``."""
        return replace(self, path=path)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


class PlatformError(ErrorWithFindings):
    """The platform has problems. Raised before anything is written.

    Constructs raise it, and :func:`cdk8s_airflow.synth`, which collects the findings of all constructs first.
    Its text has one line for each finding. If a program does not catch it, Python prints the findings without a traceback.

    Attributes:
        findings: all findings, in the order of the program.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(dict.fromkeys(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

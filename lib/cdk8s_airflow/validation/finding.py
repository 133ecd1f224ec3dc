"""What a check says when something cannot work, and the one error that carries all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cdk8s_airflow.validation.frozen import frozen

_LONGEST_SEEN = 120
_ON_ONE_LINE = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
"""Every character that ends a line or drives a terminal, as its escape."""


def show(value: object) -> str:
    """The value as a reader would write it in Python, on one line, cut where it gets long, without what looks like a secret."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a {type(value).__name__}"
    if " object at 0x" in text:
        text = re.sub(r"<(?:[\w.]+\.|<locals>\.)*(\w+) object at 0x[0-9a-f]+>", r"<\1>", text)
    text = _redacted(text)
    return text if len(text) <= _LONGEST_SEEN else f"{text[: _LONGEST_SEEN - 1]}…"


def _redacted(text: str, *, forms_only: bool = False) -> str:
    # Imported where something was found: nothing is to be hidden in a platform that is sound.
    from cdk8s_airflow.secret_scan.scanner import redacted

    return redacted(text, forms_only=forms_only)


@frozen
class Finding:
    """One thing that is wrong with a platform. Whatever in its words looks like a secret is left out of them.

    Attributes:
        rule: the id of the rule that found it, as ``area/what``; stable, so that it can be searched and documented.
        at: the argument, values key or manifest field it is about, dotted.
        problem: what is wrong, in the user's words.
        seen: the value that was given, as text; empty where there is none, or where it could be a secret.
        fix: what to change.
        path: where in the construct tree; filled in by the construct that ran the check.
    """

    rule: str
    at: str
    problem: str
    fix: str
    seen: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        for field in ("at", "problem", "seen", "fix"):
            text = getattr(self, field)
            # A way out shows how things are written, with names that tell of secrets.
            if isinstance(text, str) and (shown := _redacted(text, forms_only=field == "fix")) != text:
                object.__setattr__(self, field, shown)

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.path, self.at) if part)
        seen = f" (seen: {self.seen})" if self.seen else ""
        return f"{where} [{self.rule}] {self.problem}{seen}; {self.fix}".translate(_ON_ONE_LINE)

    def under(self, prefix: str) -> Finding:
        """The same finding, with ``prefix`` before the argument it is about."""
        return replace(self, at=".".join(part for part in (prefix, self.at) if part))

    def within(self, path: str) -> Finding:
        """The same finding, seen by the construct at ``path``."""
        return replace(self, path=path)


class PlatformError(ValueError):
    """A platform that cannot work, found before anything was written.

    Raised by constructs, and by :func:`cdk8s_airflow.synth`, which collects the findings of all constructs first.
    Its text has one line for each finding: construct path, argument, rule id, what is wrong, the value seen, what to change.

    Attributes:
        findings: everything that was found, in the order of the program.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(dict.fromkeys(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

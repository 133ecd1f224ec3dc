"""Removes secrets from text that people read."""

from __future__ import annotations

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.text import by_form, findings, merged

_TAIL = regex(r"[^\s\"'<>]{0,4096}")
_ENDINGS = ".,;:)]}"
_SHORTEST_REPEAT = 6


def redacted(text: str, *, forms_only: bool = False) -> str:
    """A text without the parts that look like secrets. Exemptions do not count here.

    Args:
        text: the text.
        forms_only: whether only secrets are removed that their form gives away, and values under telling names are kept.
    """
    with exemptions.using(exemptions.Exemptions()):
        found = merged(by_form(text)) if forms_only else merged((*findings(text), *findings(text, code=True)))
    if not found:
        return text
    secrets = set()
    for each in reversed(found):
        end = _end(text, each)
        secrets |= {text[each.start : each.end].strip(), text[each.start : end].strip()}
        text = f"{text[: each.start]}…{text[end:]}"
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_REPEAT:
            text = text.replace(secret, "…")
    return text


def _end(text: str, found: Found) -> int:
    """Where a secret ends for certain: a delimiter inside a word may belong to it, one at the end of a word does not."""
    rest = _TAIL.match(text, found.end)
    tail = "" if rest is None else rest[0]
    return found.end + len(tail) if tail.rstrip(_ENDINGS) else found.end

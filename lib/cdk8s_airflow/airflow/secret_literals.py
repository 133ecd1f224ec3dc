"""Checks values of variables, where a secret is easily passed in clear text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cdk8s_airflow.secret_scan import active, find_in_text, is_secret_value
from cdk8s_airflow.validation import Finding

INTO_A_SECRET: Final = 'Put it into a Secret: SecretKey("...", "...")'
"""What to do with a secret."""

_NOT_A_SECRET: Final = 'or, if it is not a secret: not_secret("...")'


def literal_findings(at: str, name: str, text: str, otherwise: str = "") -> Iterator[Finding]:
    """A finding if a value looks like a secret, by its name or by its form. The value is not shown.

    Args:
        at: the argument.
        name: the name of the variable.
        text: its value.
        otherwise: the second way to fix it. Default: to declare that it is not a secret.
    """
    if not text or active().covers(text):
        return
    if is_secret_value(name, text) or find_in_text(text):
        yield Finding(
            rule="environment/clear-text",
            at=at,
            problem="looks like a secret, and would be written to the manifests in clear text",
            fix=f"{INTO_A_SECRET}, {otherwise or _NOT_A_SECRET}",
        )

"""Texts given for variables, where a secret is easily taken for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.scanner import in_text, is_literal, is_vouched
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import is_token

_TELLING = regex(
    r"(?:^|_)(?:PASS|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIALS?|APIKEY|DSN)(?:_|$)|PASSWORD|(?:^|_)KEY$", re.IGNORECASE
)
_HARMLESS = regex(
    r"_(?:FILE|PATH|DIR|NAME|ID|URL|URI|TTL|LIFETIME|EXPIRY|HEADER|ALGORITHM|TYPE|COLUMN|NAMESPACE|POLICY|ENDPOINT|LENGTH)$|(?:PRIMARY|FOREIGN|PARTITION|SORT)_KEY$",
    re.IGNORECASE,
)

_SWITCHES: Final = frozenset(("true", "false", "yes", "no", "on", "off", "none", "enabled", "disabled"))

INTO_A_SECRET: Final = 'put it into a Secret: SecretKey("...", "...")'
"""What to do with one."""


def literal_findings(at: str, name: str, text: str, otherwise: str = "") -> Iterator[Finding]:
    """Whether a text under a name looks like a secret. It is not shown.

    Args:
        at: where it was given.
        name: the name of the variable.
        text: what was given.
        otherwise: what else can be done; by default to say that it is none.
    """
    if not text or is_vouched(text):
        return
    telling = _TELLING.search(name) is not None and _HARMLESS.search(name) is None and text.lower() not in _SWITCHES
    if telling or is_token(text) or is_literal(name, text) or in_text(text):
        yield Finding(
            rule="environment/clear-text",
            at=at,
            problem="looks like a secret, and would stand in the manifests in clear text",
            fix=f"{INTO_A_SECRET}, " + (otherwise or 'or if it is none, say so: not_secret("...")'),
        )

"""The scan for secrets in clear text: one vocabulary, one scanner.

The data is in ``vocabulary.json`` (names, references, placeholders) and ``token_patterns.json`` (forms of tokens, with their
sources). Everything else in the library that asks whether something is a secret asks here:

- :func:`is_secret_value`: a value under a name.
- :func:`find_in_text` and :func:`find_in_tree`: a text in any language, a document.
- :func:`looks_secret` and :func:`has_login`: a string without a name.
- :func:`may_hide` and :func:`redacted`: what messages must not show.
- :class:`Exemptions`: the strings of an app that are declared not to be secrets.

The scan is total (it never raises) and linear (every repetition in a pattern has an upper bound). It is best effort: its rate is
measured by ``tests/secret_scan/test_corpus.py``.
"""

from cdk8s_airflow.secret_scan.exemptions import Exemptions, active, using
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.names import classify
from cdk8s_airflow.secret_scan.positions import may_hide
from cdk8s_airflow.secret_scan.redaction import redacted
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.text import find_in_text, looks_secret
from cdk8s_airflow.secret_scan.tokens import has_login
from cdk8s_airflow.secret_scan.tree import find_in_tree
from cdk8s_airflow.secret_scan.values import is_secret_value, looks_random

__all__ = [
    "Exemptions",
    "Found",
    "active",
    "classify",
    "find_in_text",
    "find_in_tree",
    "has_login",
    "is_reference",
    "is_secret_value",
    "looks_random",
    "looks_secret",
    "may_hide",
    "redacted",
    "using",
]

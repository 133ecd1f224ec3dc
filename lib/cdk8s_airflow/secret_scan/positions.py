"""Which positions of a document may hold a secret, so that messages never show the value."""

from __future__ import annotations

from functools import cache

from cdk8s_airflow.secret_scan.found import Path
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words


@cache
def _fragments() -> tuple[str, ...]:
    return tuple(vocabulary()["positions"]["fragments"])


@cache
def _names() -> tuple[str, ...]:
    return tuple(vocabulary()["positions"]["names"])


def may_hide(path: Path) -> bool:
    """Whether a secret could be at this position of a document. Messages do not show such a value.

    This is wider than :func:`~cdk8s_airflow.secret_scan.names.classify`: it errs on the side of not showing a value.

    Args:
        path: keys and indices, the outermost first.
    """
    steps = [step for step in path if isinstance(step, str)]
    if not steps:
        return False
    if not words("positions", "below").isdisjoint(steps):
        return not steps[-1].endswith(("name", "Name"))
    if steps[0] == "config" and len(steps) > 1:
        return _is_telling(steps[-1])
    if steps[-1].lower().endswith(_names()) and not steps[-1].lower().endswith("token"):
        return False
    return any(map(_is_telling, steps[-2:]))


def _is_telling(key: str) -> bool:
    lowered = key.lower()
    return lowered in words("positions", "words") or any(fragment in lowered for fragment in _fragments())

"""Printed commands with the kubectl context of their environment."""

from __future__ import annotations

import re
import shlex

_KUBECTL = re.compile(
    r"\bkubectl (?=-n |--|annotate|api-resources|apply|create|delete|describe|exec|get|label|logs|patch|port-forward|replace|rollout|run |scale|wait)"
)
_HELM = re.compile(r"\bhelm (?=get|history|install|list|rollback|status|uninstall|upgrade)")
_SCRIPT = re.compile(r"^(\s*sh \S+/install\.sh)\b", re.MULTILINE)


def with_context(text: str, context: str) -> str:
    """A text whose ``kubectl`` and ``helm`` commands use a kubectl context.

    Args:
        text: the text.
        context: the context.
    """
    word = shlex.quote(context)
    text = _KUBECTL.sub(lambda _: f"kubectl --context {word} ", text)
    text = _HELM.sub(lambda _: f"helm --kube-context {word} ", text)
    return _SCRIPT.sub(lambda found: f"{found[1]} --kube-context {word}", text)

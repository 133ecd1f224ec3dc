"""Manifests cut down for a cluster of one node with few cores."""

from __future__ import annotations

import re
from collections import Counter

_REPLICAS = re.compile(r"^( *)(instances|replicas): (?:[2-9]|\d\d+)$", re.MULTILINE)
_REQUESTS = re.compile(r"^( *)(requests:\n(?:\1 +.*\n)*?\1 +cpu: )(\S+)$", re.MULTILINE)
_LITTLE = "10m"


def cut_down(text: str, *, keep_replicas: bool = False) -> tuple[str, Counter[str]]:
    """The manifests with one instance or replica of everything (unless they are kept), and little CPU requested.

    No other field changes, so what is proven about who owns each field and about drift holds for the manifests as they are.

    Returns:
        The manifests, and how often each field was changed.
    """
    changes: Counter[str] = Counter()

    def one(match: re.Match[str]) -> str:
        changes[match[2]] += 1
        return f"{match[1]}{match[2]}: 1"

    def little(match: re.Match[str]) -> str:
        changes["requests.cpu"] += 1
        quote = '"' if match[3].startswith('"') else ""
        return f"{match[1]}{match[2]}{quote}{_LITTLE}{quote}"

    return _REQUESTS.sub(little, text if keep_replicas else _REPLICAS.sub(one, text)), changes

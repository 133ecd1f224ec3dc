"""What changes only because an object has another name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk8s_airflow.plan.pair import Pair
from cdk8s_airflow.plan.tree import canonical


@dataclass(frozen=True)
class Renames:
    """Old names of objects and namespaces, with the new one of each."""

    names: Mapping[str, str] = field(default_factory=dict)

    def explains(self, old: Any, new: Any) -> bool:
        """Whether a value differs only in the names of objects that are renamed."""
        before, after = canonical_or_empty(old), canonical_or_empty(new)
        return bool(before) and bool(after) and before != after and self.renamed(before) == after

    def renamed(self, text: str) -> str:
        """The text with new names in place of old ones."""
        if not self.names:
            return text
        alternatives = "|".join(re.escape(name) for name in sorted(self.names, key=len, reverse=True))
        pattern = rf"(?<![a-z0-9-])({alternatives})(?![a-z0-9])"
        return re.sub(pattern, lambda match: self.names[match[1]], text)


def canonical_or_empty(value: Any) -> str:
    """The value as text that is the same for equal values; empty for no value."""
    return canonical(value) if isinstance(value, str | int | float | list | dict) else ""


def renames(pairs: Iterable[Pair]) -> Renames:
    """The names that changed between two platforms."""
    names: dict[str, str] = {}
    for pair in pairs:
        if pair.event != "renamed" or pair.old is None or pair.new is None:
            continue
        if pair.old.name != pair.new.name:
            names.setdefault(pair.old.name, pair.new.name)
        if pair.old.namespace != pair.new.namespace and pair.old.namespace:
            names.setdefault(pair.old.namespace, pair.new.namespace)
    return Renames(names)

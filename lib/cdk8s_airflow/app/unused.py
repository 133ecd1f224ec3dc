"""Constructs that another construct must use to have an effect, and that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cdk8s_airflow.model.note import BeforeApply


@dataclass
class UnusedConstructs:
    """The constructs of an app that nothing uses yet; a slot of the registry.

    Attributes:
        found: kind and id of each construct -> how to use it.
    """

    found: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, kind: str, id: str, use: str) -> None:
        """Register a new construct.

        Args:
            kind: the class of the construct.
            id: the id of the construct.
            use: how to use it, as an imperative sentence without a full stop.
        """
        self.found[kind, id] = use

    def use(self, kind: str, id: str) -> None:
        """Register that a construct is used."""
        self.found.pop((kind, id), None)

    def notes(self) -> Iterator[BeforeApply]:
        """A note for each construct that nothing uses."""
        for (kind, id), use in self.found.items():
            yield BeforeApply(f"Nothing in this program uses {kind} {id!r}. {use}, or remove it.")

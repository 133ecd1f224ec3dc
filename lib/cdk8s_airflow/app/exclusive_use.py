"""What only one platform may use: a host name, a database, a folder for logs or backups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.app.registry import Registry

_IN_CLUSTER = (".svc:", ".svc/", ".svc.", " of Secret ")
"""Parts of a name that has a meaning in one cluster only: a Service, or a Secret that holds the address."""


@dataclass(frozen=True)
class ExclusiveUse:
    """One thing that a platform uses and no other platform may.

    Attributes:
        kind: ``"host"``, ``"database"``, ``"logs"`` or ``"backups"``.
        name: what is used: a host name, the address of a database, the URL of a folder.
        by: the part of the platform that uses it, such as ``release airflow``.
    """

    kind: str
    name: str
    by: str

    @property
    def in_cluster(self) -> bool:
        """Whether the name means something else in another cluster."""
        return self.kind == "host" or any(part in f"{self.name}/" for part in _IN_CLUSTER)


@dataclass
class ExclusiveUses:
    """The hosts and log folders that the releases of an app use; its slot in the registry."""

    found: list[ExclusiveUse] = field(default_factory=list)

    def add(self, uses: Iterable[ExclusiveUse]) -> None:
        """Adds what a release uses."""
        self.found += uses


def exclusive_uses(registry: Registry) -> Iterator[ExclusiveUse]:
    """Everything that the platform of an app uses and no other platform may use.

    Args:
        registry: what the constructs of the app have recorded.
    """
    yield from registry.slot(ExclusiveUses).found
    for name, release in registry.databases.items():
        yield ExclusiveUse("database", name, f"release {release}")
    for folder, cluster in registry.archives.items():
        yield ExclusiveUse("backups", folder, cluster)

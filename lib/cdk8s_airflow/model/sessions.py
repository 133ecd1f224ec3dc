"""How many sessions of a database a platform can open, and how many the database takes.

A session of PostgreSQL is a process of its own, and a server takes ``max_connections`` of them. What Airflow can open follows from
how many processes it has and how many threads of each ask at the same time; a pool of SQLAlchemy opens at most
``sql_alchemy_pool_size`` and ``sql_alchemy_max_overflow`` together. This is the upper end, not what an idle platform holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

RESERVED = 3
"""Sessions that PostgreSQL keeps for superusers (``superuser_reserved_connections``). Source: its documentation."""

DEFAULT_MAX_CONNECTIONS = 100
"""``max_connections`` where nobody says. Source: PostgreSQL's documentation."""

NEAR = 80
"""From how many hundredths of what a server takes a reader is told that it is near."""


@frozen
class DatabaseServer:
    """Something that takes a limited number of sessions: a PostgreSQL, or a pooler in front of one.

    Attributes:
        name: what a reader calls it, like ``"Cluster data/pg"``; two of one name are the same.
        takes: how many sessions it takes, reserved ones included; None where nobody said.
        reserved: how many of them are not for Airflow.
        grow: what to change so that it takes more.
    """

    name: str
    takes: int | None
    reserved: int = 0
    grow: str = "raise max_connections"

    @property
    def usable(self) -> int | None:
        """How many sessions are for Airflow."""
        return None if self.takes is None else self.takes - self.reserved


@frozen
class Line:
    """One part of what is opened.

    Attributes:
        what: the processes that open sessions.
        count: how many of them there are.
        each: how many sessions each opens at most.
    """

    what: str
    count: int
    each: int

    @property
    def sessions(self) -> int:
        """How many sessions that is."""
        return self.count * self.each

    def __str__(self) -> str:
        return f"{self.what}: {self.count} x {self.each} = {self.sessions}"


@frozen
class Demand:
    """What one part of a platform opens at one server.

    Attributes:
        who: the part, like ``"release airflow"``.
        server: where.
        lines: of what it is made up.
        fixes: what to change so that it opens fewer.
    """

    who: str
    server: DatabaseServer
    lines: tuple[Line, ...]
    fixes: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        """How many sessions that is in all."""
        return sum(line.sessions for line in self.lines)


def over(demands: Iterable[Demand]) -> Iterator[Finding]:
    """Whether all that is opened at one server is more than it takes.

    Args:
        demands: everything at that server, the last of them the one that is being added.
    """
    demands = list(demands)
    limits = [usable for demand in demands if (usable := demand.server.usable) is not None]
    total = sum(demand.sessions for demand in demands)
    if not limits or total <= min(limits):
        return
    server = demands[-1].server
    parts = " + ".join(f"{demand.sessions} of {demand.who}" for demand in demands)
    fixes = [*dict.fromkeys(fix for demand in demands for fix in demand.fixes), server.grow]
    yield Finding(
        rule="database/connections",
        at="database",
        problem=f"{server.name} takes {_usable(server)}, and up to {total} would be opened ({parts}): "
        f"{'; '.join(map(str, demands[-1].lines))}",
        seen=str(total),
        fix=f"{', or '.join(fixes)}",
    )


def _usable(server: DatabaseServer) -> str:
    if not server.reserved:
        return f"{server.usable} sessions"
    return f"{server.usable} sessions ({server.takes}, less {server.reserved} that are kept)"


def told(demands: Iterable[Demand]) -> str:
    """The arithmetic of one server, for a reader."""
    demands = list(demands)
    server = demands[0].server
    total = sum(demand.sessions for demand in demands)
    usable = server.usable
    if usable is None:
        end = "how many it takes, nobody said"
    else:
        near = f"; that is near, {server.grow} before adding to it" if total * 100 > usable * NEAR else ""
        end = f"it takes {_usable(server)}{near}"
    lines = [f"{server.name} sees up to {total} sessions; {end}:"]
    lines += [f"  {demand.who}: {line}" for demand in demands for line in demand.lines]
    return "\n".join(lines)

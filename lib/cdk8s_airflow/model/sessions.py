"""How many database sessions a platform can open, and how many the database accepts.

Each session of PostgreSQL is a process, and a server accepts ``max_connections`` of them. The number of sessions that
Airflow can open follows from its processes and the threads of each that query at the same time. A connection pool of
SQLAlchemy opens at most ``sql_alchemy_pool_size`` plus ``sql_alchemy_max_overflow`` sessions. The result is an upper
bound; an idle platform opens fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

RESERVED = 3
"""Sessions that PostgreSQL reserves for superusers (``superuser_reserved_connections``). Source: its documentation."""

DEFAULT_MAX_CONNECTIONS = 100
"""The default of ``max_connections``. Source: the documentation of PostgreSQL."""

NEAR = 80
"""The percentage of the accepted sessions above which the report warns."""


@frozen
class DatabaseServer:
    """A server that accepts a limited number of sessions: a PostgreSQL server, or a connection pooler in front of one.

    Attributes:
        name: the name shown in the report, such as ``"Cluster data/pg"``. Two servers with the same name are the same
            server. Empty for an external server: the release names it, because two namespaces can each have a Secret or a Service of
            one name, for two servers.
        takes: how many sessions it accepts, reserved ones included; None if unknown.
        reserved: how many of them Airflow cannot use. Default: 0.
        grow: what to change so that it accepts more sessions, in the imperative.
    """

    name: str
    takes: int | None
    reserved: int = 0
    grow: str = "raise max_connections"

    @property
    def usable(self) -> int | None:
        """How many sessions Airflow can use; None if unknown."""
        return None if self.takes is None else self.takes - self.reserved


@frozen
class Line:
    """The sessions of one group of processes.

    Attributes:
        what: the processes that open sessions.
        count: how many of these processes there are.
        each: how many sessions each process opens at most.
    """

    what: str
    count: int
    each: int

    @property
    def sessions(self) -> int:
        """The total number of sessions."""
        return self.count * self.each

    def __str__(self) -> str:
        return f"{self.what}: {self.count} x {self.each} = {self.sessions}"


@frozen
class Demand:
    """The sessions that one part of the platform opens at one server.

    Attributes:
        who: the part of the platform, such as ``"release airflow"``.
        server: the server.
        lines: the groups of processes.
        fixes: what to change so that it opens fewer sessions, in the imperative.
    """

    who: str
    server: DatabaseServer
    lines: tuple[Line, ...]
    fixes: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        """The total number of sessions."""
        return sum(line.sessions for line in self.lines)


def over(demands: Iterable[Demand]) -> Iterator[Finding]:
    """Check that the sessions opened at one server do not exceed what the server accepts.

    Args:
        demands: all demands at the server; the last one is the one being added.
    """
    demands = list(demands)
    limits = [usable for demand in demands if (usable := demand.server.usable) is not None]
    total = sum(demand.sessions for demand in demands)
    if not limits or total <= min(limits):
        return
    server = demands[-1].server
    parts = " + ".join(f"{demand.sessions} by {demand.who}" for demand in demands)
    fixes = [*dict.fromkeys(fix for demand in demands for fix in demand.fixes), server.grow]
    yield Finding(
        rule="database/connections",
        at="database",
        problem=f"{server.name[:1].upper()}{server.name[1:]} accepts {_usable(server)}, but up to {total} can be opened ({parts}): "
        f"{'; '.join(map(str, demands[-1].lines))}",
        seen=str(total),
        fix=f"{', or '.join(fixes)}",
    )


def _usable(server: DatabaseServer) -> str:
    if not server.reserved:
        return f"{server.usable} sessions"
    return f"{server.usable} sessions ({server.takes} minus {server.reserved} reserved)"


def session_report(demands: Iterable[Demand]) -> str:
    """The sessions at one server as text for the report."""
    demands = list(demands)
    server = demands[0].server
    total = sum(demand.sessions for demand in demands)
    usable = server.usable
    if usable is None:
        end = "the maximum is unknown"
    else:
        near = (
            f"; this is close to the maximum: {server.grow} before you add more" if total * 100 > usable * NEAR else ""
        )
        end = f"the maximum is {_usable(server)}{near}"
    lines = [f"{server.name}: up to {total} sessions; {end}:"]
    lines += [f"  {demand.who}: {line}" for demand in demands for line in demand.lines]
    return "\n".join(lines)

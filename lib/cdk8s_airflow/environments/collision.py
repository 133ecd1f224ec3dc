"""What two environments must not share: objects of one cluster, hosts, databases, folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cdk8s_airflow.app.exclusive_use import ExclusiveUse
from cdk8s_airflow.app.registry import Identity
from cdk8s_airflow.validation import Finding

_SAME = {
    "host": Finding(
        rule="environments/same-host",
        at="",
        problem="serves the UI at the same host and path as",
        fix="Use another host",
    ),
    "database": Finding(
        rule="environments/same-database",
        at="",
        problem="uses the same metadata database as",
        fix="Use a database of its own; two releases in one database run and delete each other's tasks",
    ),
    "logs": Finding(
        rule="environments/same-logs",
        at="",
        problem="writes task logs to the same folder as",
        fix="Use another bucket or prefix=",
    ),
    "backups": Finding(
        rule="environments/same-backups",
        at="",
        problem="writes backups to the same folder as",
        fix="Use another bucket, prefix= or server_name=",
    ),
}
"""What is found when two environments use the same thing, by kind; the rest of the sentence is added."""


class Collisions:
    """Collects what each environment creates and uses, and finds what two of them share."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, Identity], str] = {}
        self._uses: dict[tuple[str, str, str], tuple[str, str]] = {}

    def add(self, name: str, cluster: str, objects: Iterable[Identity], uses: Iterable[ExclusiveUse]) -> list[Finding]:
        """Adds an environment; returns a finding for each collision with an environment that was added before.

        Args:
            name: the environment.
            cluster: the name of its cluster.
            objects: the objects that it creates.
            uses: what it uses and no other may.
        """
        found = []
        taken: dict[str, list[Identity]] = {}
        for identity in objects:
            other = self._objects.setdefault((cluster, identity), name)
            if other != name:
                taken.setdefault(other, []).append(identity)
        found += [_same_objects(other, cluster, identities) for other, identities in taken.items()]
        seen = set()
        for use in uses:
            key = (cluster if use.in_cluster else "", use.kind, use.name)
            other, by = self._uses.setdefault(key, (name, use.by))
            if other != name and (use.kind, other) not in seen:
                seen.add((use.kind, other))
                same = _SAME[use.kind]
                problem = f"{same.problem} {by} of environment {other}"
                found.append(replace(same, at=use.by, problem=problem, seen=use.name))
        return found


def _same_objects(other: str, cluster: str, identities: list[Identity]) -> Finding:
    names = [_spoken(identity) for identity in identities]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Finding(
        rule="environments/same-object",
        at="",
        problem=f"Environment {other} has {'objects' if len(names) > 1 else 'an object'} with the same kind, namespace and "
        f"name in cluster {cluster}: {shown}",
        fix="Put the name of the environment into the names of its namespaces and releases, or set another cluster=",
    )


def _spoken(identity: Identity) -> str:
    kind, namespace, name = identity
    return f"{kind.partition('/')[0]} {namespace}/{name}" if namespace else f"{kind.partition('/')[0]} {name}"

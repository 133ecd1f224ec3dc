"""The minimum timeout of a delivery."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import seconds

SHORTEST_TIMEOUT = "10m"
"""The shortest timeout in which images can be pulled and a database can start."""


def timeout_rules(timeout: str) -> Iterator[Finding]:
    """Check that the timeout is long enough to pull images and to start a database."""
    if seconds(timeout) < seconds(SHORTEST_TIMEOUT):
        yield Finding(
            rule="delivery/timeout",
            at="timeout",
            problem=f"must be at least {SHORTEST_TIMEOUT!r}, the time to pull images and to start a database",
            seen=repr(timeout),
            fix=f"Use {SHORTEST_TIMEOUT!r} or more",
        )

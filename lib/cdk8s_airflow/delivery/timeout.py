"""How long a delivery gives to a release."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import seconds

SHORTEST_TIMEOUT = "10m"
"""Less than this is too short for images to be pulled and a database to come up."""


def timeout_rules(timeout: str) -> Iterator[Finding]:
    """Whether there is time for images to be pulled and a database to come up."""
    if seconds(timeout) < seconds(SHORTEST_TIMEOUT):
        yield Finding(
            rule="delivery/timeout",
            at="timeout",
            problem="is too short for images to be pulled and a database to come up",
            seen=repr(timeout),
            fix=f"use {SHORTEST_TIMEOUT!r} or more",
        )

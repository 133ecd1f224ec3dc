"""One difference between the cluster and what the program requires."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """How much a diagnosis matters."""

    ERROR = "error"
    """The platform does not start, or does not work."""

    WARNING = "warning"
    """The platform works, but differs from what the program states, or is close to a limit."""

    UNKNOWN = "unknown"
    """The cluster did not allow the check. It does not count as passed."""


@dataclass(frozen=True)
class Diagnosis:
    """One difference.

    Attributes:
        rule: the id of the check, such as ``"doctor/secret-missing"``.
        object: ``Kind/namespace/name``; the namespace is empty for objects without one.
        problem: what is wrong, as a sentence without its subject, which is the object.
        fix: what to do, with the command to run where there is one.
        severity: how much it matters.
    """

    rule: str
    object: str
    problem: str
    fix: str
    severity: Severity = Severity.ERROR

"""Risk classes: what a change does to a platform that is running."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Risk(enum.Enum):
    """What a change does to a platform that is running.

    The value is the name used in JSON output and by ``--fail-on``. Members are defined from harmless to severe, which is
    also the order in which reports sort them.
    """

    NONE = "none"
    CONFIGURATION = "configuration"
    RESTART = "restart"
    SECURITY = "security"
    DOWNTIME = "downtime"
    DATA = "data"
    IMPOSSIBLE = "impossible"

    @property
    def severity(self) -> int:
        """The position in the order from harmless (0) to severe."""
        return _ORDER[self]

    @property
    def title(self) -> str:
        """The name for people: ``data at risk``."""
        return _TITLES[self]

    @property
    def meaning(self) -> str:
        """One sentence that defines the class."""
        return _MEANINGS[self]

    def reaches(self, threshold: Risk) -> bool:
        """Whether a change of this class fails a plan with ``--fail-on`` THRESHOLD.

        The classes from ``configuration`` to ``impossible`` form a ladder, and a change reaches its own step and all lower
        ones. ``security`` is outside this order, at the level of ``restart``: ``--fail-on restart`` includes it, ``--fail-on
        downtime`` does not, and ``--fail-on security`` matches that class alone.
        """
        if self is Risk.NONE:
            return False
        if threshold is Risk.SECURITY or self is threshold:
            return self is threshold
        if self is Risk.SECURITY:
            return threshold.severity <= Risk.RESTART.severity
        return self.severity >= threshold.severity


_ORDER = {risk: position for position, risk in enumerate(Risk)}

_TITLES = {
    Risk.NONE: "no effect",
    Risk.CONFIGURATION: "configuration",
    Risk.RESTART: "rolling restart",
    Risk.SECURITY: "security",
    Risk.DOWNTIME: "downtime",
    Risk.DATA: "data at risk",
    Risk.IMPOSSIBLE: "cannot be applied",
}

_MEANINGS = {
    Risk.NONE: "The text changes, the platform does not: order of keys, comments, `1024Mi` instead of `1Gi`.",
    Risk.CONFIGURATION: "The change takes effect without a restart of a running pod.",
    Risk.RESTART: "Pods are replaced one after another. What runs in a replaced pod ends.",
    Risk.SECURITY: "A network policy, a permission or a Pod Security level allows more than before.",
    Risk.DOWNTIME: "A part of the platform does not work for a while, or clients can no longer use it in the same way.",
    Risk.DATA: "Data is deleted, is no longer reachable, or can no longer be decrypted.",
    Risk.IMPOSSIBLE: "The API server or an operator refuses the change, or never applies it to what exists.",
}


def worst(risks: Iterable[Risk]) -> Risk:
    """The most severe of several classes; ``NONE`` if there are none."""
    return max(risks, key=lambda risk: risk.severity, default=Risk.NONE)

"""Notes of constructs for the person who applies the manifests."""

from __future__ import annotations


class BeforeApply(str):
    """A note on something that must exist or be done before the manifests are applied. The summary prints it as a prerequisite.

    A plain ``str`` is a note that is only in the details of the report.
    """

    __slots__ = ()

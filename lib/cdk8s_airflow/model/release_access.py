"""How users of a release get their first account, and where they find the UI."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from cdk8s_airflow.validation.frozen import frozen


@frozen
class ReleaseAccess:
    """The first log-in at a release.

    Attributes:
        release: the name of the release.
        namespace: its namespace.
        first_user: how to get the first account: a sentence, then commands with an indent of two spaces.
        url: where the UI is: a sentence, then commands with an indent of two spaces.
    """

    how_to_write: ClassVar[str] = 'ReleaseAccess(release="airflow", namespace="airflow", first_user="...", url="...")'

    release: str
    namespace: str
    first_user: str
    url: str


class ReleaseAccesses(list[Callable[[], ReleaseAccess]]):
    """The first log-in of each release of an app, computed when the summary is printed."""

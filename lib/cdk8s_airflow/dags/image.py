"""DAG files that are in Airflow's image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.image import Image, ImageDigest, ImageRepository, ImageTag, PullPolicy, unpinned
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.frozen import frozen

DAGS_FOLDER = "/opt/airflow/dags"
"""Where Airflow looks for DAG files in the official image."""

_ABSOLUTE = regex(r"(?:/[A-Za-z0-9_.-]+)+", re.ASCII)

AbsoluteFolder = Annotated[
    str,
    Must(
        lambda text: _ABSOLUTE.fullmatch(text) is not None and not {".", ".."} & set(text.split("/")),
        "is not the path of a folder in the image",
        'write it from the root and without a slash at its end, like "/opt/airflow/dags"',
        "dags/folder-in-image",
    ),
]
"""An absolute path of letters, digits, dots, dashes and underscores."""


@frozen(kw_only=False)
class DagImage:
    """DAG files baked into the image: what runs was built once, and changes only with its tag or digest.

    A new tag restarts every pod with the new files at once. There is no git-sync, and no volume. It is also the image
    that Airflow runs in, so ``AirflowChart(image=...)`` is left out.

    Args:
        repository: the repository, with its registry unless it is Docker Hub.
        tag: the tag; one that is never given to another image.
        digest: the digest, which cannot be.
        folder: where the image has the DAG files. Default: ``"/opt/airflow/dags"``.
        pull_policy: when nodes pull it. Default: ``"IfNotPresent"``.
    """

    how_to_write: ClassVar[str] = 'DagImage("registry.example.com/data/airflow", tag="2026.1.0")'

    repository: ImageRepository
    tag: ImageTag | None = None
    digest: ImageDigest | None = None
    folder: AbsoluteFolder = DAGS_FOLDER
    pull_policy: PullPolicy = "IfNotPresent"

    def _rules(self) -> Iterator[Finding]:
        yield from unpinned(self.tag, self.digest)

    @property
    def image(self) -> Image:
        """The image alone."""
        return Image(self.repository, self.tag, self.digest, self.pull_policy)

    @property
    def settings(self) -> DagImage:
        """What this source was told, for :class:`AirflowChart`."""
        return self

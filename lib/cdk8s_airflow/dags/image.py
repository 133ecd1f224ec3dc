"""DAG files in the Airflow image."""

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
"""The DAG folder of the official image."""

_ABSOLUTE = regex(r"(?:/[A-Za-z0-9_.-]+)+", re.ASCII)

AbsoluteFolder = Annotated[
    str,
    Must(
        lambda text: _ABSOLUTE.fullmatch(text) is not None and not {".", ".."} & set(text.split("/")),
        "must be the absolute path of a folder in the image",
        'Use a path that starts with a slash and does not end with one, such as "/opt/airflow/dags"',
        "dags/folder-in-image",
    ),
]
"""An absolute path of letters, digits, dots, dashes and underscores."""


@frozen(kw_only=False)
class DagImage:
    """DAG files in the Airflow image. They change only with the tag or the digest.

    A new tag restarts all pods with the new files. There is no git-sync and no volume. Airflow runs in this image, so
    do not set ``AirflowChart(image=...)``.

    Args:
        repository: the repository, with its registry unless it is Docker Hub. Chart key ``defaultAirflowRepository``.
        tag: the tag, a string other than ``"latest"`` that is never moved to another image. Chart key
            ``defaultAirflowTag``. Default: None; then ``digest`` is required.
        digest: the digest, ``"sha256:..."``. Chart key ``defaultAirflowDigest``. If set, the tag is ignored. Default:
            None.
        folder: the folder of the DAG files in the image. Chart key ``dags.mountPath``. Default:
            ``"/opt/airflow/dags"``.
        pull_policy: when nodes pull the image. Default: ``"IfNotPresent"``.
    """

    how_to_write: ClassVar[str] = 'DagImage("registry.example.com/data/airflow", tag="3.2.2-1")'

    repository: ImageRepository
    tag: ImageTag | None = None
    digest: ImageDigest | None = None
    folder: AbsoluteFolder = DAGS_FOLDER
    pull_policy: PullPolicy = "IfNotPresent"

    def _rules(self) -> Iterator[Finding]:
        yield from unpinned(self.tag, self.digest)

    @property
    def image(self) -> Image:
        """The image without the folder."""
        return Image(self.repository, self.tag, self.digest, self.pull_policy)

    @property
    def settings(self) -> DagImage:
        """The settings that :class:`AirflowChart` reads."""
        return self

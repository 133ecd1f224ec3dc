"""Writes the files of an app through cdk8s."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from cdk8s import App

Objects: TypeAlias = "list[tuple[str, dict[str, Any]]]"
"""Construct path and manifest of each object."""


def folder_of(app: App) -> Path:
    """The output folder of an app as an absolute path.

    A relative folder starts where Node was started, which is where the program imported cdk8s. A later ``os.chdir()`` does not
    change it, as with ``app.synth()``.
    """
    from cdk8s_airflow.kube.bulk import Bulk

    return Path(Bulk.folder(app))


def objects(app: App) -> Objects:
    """The construct path and the manifest of every API object of an app, JSON patches applied.

    Raises:
        RuntimeError: if cdk8s cannot convert one of them.
    """
    from cdk8s_airflow.kube.bulk import Bulk

    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "objects.json"
        Bulk.list_objects(app, str(listing))
        return _read(listing)


def write(app: App, folder: Path) -> tuple[Objects, str]:
    """Writes the files of an app into a folder, whatever its own output folder is.

    Args:
        app: the app.
        folder: an absolute path. cdk8s creates it if it does not exist.

    Returns:
        The objects that were written, as from :func:`objects`; and why cdk8s did not write them, without a JavaScript stack
        trace, or ``""`` if it did.
    """
    from cdk8s_airflow.kube.bulk import Bulk

    with tempfile.TemporaryDirectory() as other:
        listing = Path(other) / "objects.json"
        try:
            Bulk.write(app, str(folder), str(listing))
        except RuntimeError as error:
            return [], message_of(error)
        return _read(listing), ""


def _read(listing: Path) -> Objects:
    return [(path, manifest) for path, manifest in json.loads(listing.read_bytes())]


def message_of(error: Exception) -> str:
    """The message of a JavaScript error, without its stack trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return " ".join(lines).removeprefix("Error: ")

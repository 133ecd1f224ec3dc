"""DAG files from a folder beside the program, for labs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.frozen import frozen

LARGEST_CONFIG_MAP = 1_000_000
"""Bytes of keys and texts in one ConfigMap. Kubernetes takes 1 MiB; the rest is left to names and labels."""

MOST_FILES = 300
"""Each file is a mount of its own in every pod that reads DAG files."""

_PATH = regex(r"[A-Za-z0-9_.@+= -]+(?:/[A-Za-z0-9_.@+= -]+)*", re.ASCII)
_CONTROL = regex("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_KEPT_THOUGH_HIDDEN = (".airflowignore",)
_COMPILED = (".pyc", ".pyo")


@frozen(kw_only=False)
class DagFile:
    """One file of a folder.

    Attributes:
        path: where it is in the folder, with forward slashes.
        text: what is in it.
    """

    path: str
    text: str


@frozen(kw_only=False)
class FolderFiles:
    """The files of a :class:`DagFolder`.

    Attributes:
        files: path and text of each file, sorted by path.
    """

    files: tuple[DagFile, ...]


@frozen(kw_only=False)
class DagFolder:
    """A local folder whose files are read at synth and put into ConfigMaps. For labs: there is no history and little room.

    Files are text (UTF-8), at most 1 MB each and 300 in all. Hidden files other than ``.airflowignore``, ``__pycache__`` and compiled
    Python are left out. The ConfigMaps are named after what is in them, so a change of a file restarts the pods that read
    it. Each file is mounted by itself: a whole ConfigMap mounted as the folder has links in it, and Airflow stops at them.

    Args:
        path: the folder; a relative one is looked for where the program runs.
    """

    how_to_write: ClassVar[str] = 'DagFolder("dags")'

    path: str | Path

    def _rules(self) -> Iterator[Finding]:
        yield from read_folder(Path(self.path))[1]

    @property
    def settings(self) -> FolderFiles:
        """What is in the folder, for :class:`AirflowChart`."""
        return FolderFiles(read_folder(Path(self.path))[0])


def read_folder(folder: Path) -> tuple[tuple[DagFile, ...], list[Finding]]:
    """The files of a folder, and what keeps some of them from being DAG files in ConfigMaps."""
    if not folder.is_dir():
        return (), [
            _fault(
                rule="dags/folder",
                problem="is not a folder",
                seen=show(str(folder)),
                fix="give a folder with DAG files",
            )
        ]
    files: list[DagFile] = []
    found: list[Finding] = []
    for path in sorted(_paths(folder), key=lambda path: path.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found.append(_bad(name, "is a link, and could lead anywhere", "put the file itself there"))
        elif _PATH.fullmatch(name) is None:
            found.append(
                _bad(
                    name, "has a name that not every reader on the way takes", "use letters, digits and ._@+=- in names"
                )
            )
        else:
            text = _text(path)
            if text is None:
                found.append(
                    _bad(name, "is not a text in UTF-8", "leave it out of the folder, or bake it into an image")
                )
            elif len(text.encode()) + len(name) > LARGEST_CONFIG_MAP:
                found.append(
                    _bad(
                        name,
                        "is larger than a ConfigMap can be, 1 MiB",
                        "use DagImage, DagVolume or DagRepoSync for it",
                    )
                )
            else:
                files.append(DagFile(name, text))
    if not files and not found:
        found = [
            _fault(
                rule="dags/folder",
                problem="has no file in it",
                seen=show(str(folder)),
                fix="give a folder with DAG files",
            )
        ]
    if len(files) > MOST_FILES:
        found.append(
            _fault(
                rule="dags/folder-size",
                problem=f"has more than {MOST_FILES} files, each of which would be a mount of its own",
                seen=str(len(files)),
                fix="use DagImage, DagVolume or DagRepoSync",
            )
        )
    return tuple(files), found


def _paths(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        inside = Path(here)
        yield from (inside / name for name in folders if (inside / name).is_symlink())
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for name in files:
            if (not name.startswith(".") or name in _KEPT_THOUGH_HIDDEN) and not name.endswith(_COMPILED):
                yield inside / name


def _text(path: Path) -> str | None:
    try:
        text = path.read_bytes().decode("utf-8")
    except ValueError:
        return None
    return None if _CONTROL.search(text) else text


def _bad(name: str, problem: str, fix: str) -> Finding:
    return _fault(rule="dags/folder-file", problem=f"has a file that {problem}", seen=show(name), fix=fix)


def _fault(*, rule: str, problem: str, seen: str, fix: str) -> Finding:
    return Finding(rule=rule, at="path", problem=problem, seen=seen, fix=fix)

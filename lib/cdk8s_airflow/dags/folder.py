"""DAG files from a local folder, for labs."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.frozen import frozen

LARGEST_CONFIG_MAP = 1_000_000
"""Bytes of file names and contents in one ConfigMap. Kubernetes allows 1 MiB, which includes metadata."""

MOST_FILES = 300
"""The maximum number of files. Each file is a separate mount in every pod that reads DAG files."""

_PATH = regex(r"[A-Za-z0-9_.@+= -]+(?:/[A-Za-z0-9_.@+= -]+)*", re.ASCII)
_CONTROL = regex("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_KEPT_THOUGH_HIDDEN = (".airflowignore",)
_COMPILED = (".pyc", ".pyo")


@frozen(kw_only=False)
class DagFile:
    """One file of a folder.

    Attributes:
        path: its path in the folder, with forward slashes.
        text: its content.
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
    """A local folder whose files are read at synth and stored in ConfigMaps. For labs: no history, and a size limit.

    Files must be UTF-8 text, at most 1 MB each, and at most 300 files in total. Hidden files other than ``.airflowignore``,
    ``__pycache__`` and compiled Python are ignored. The names of the ConfigMaps contain a digest of their content, so a
    changed file restarts the pods that read it. Each file is mounted separately, because a ConfigMap mounted as a
    folder contains symbolic links, which Airflow does not follow.

    Args:
        path: the folder, a string or Path. A relative path is relative to the working directory of the program.
    """

    how_to_write: ClassVar[str] = 'DagFolder("dags")'

    path: str | Path

    def _rules(self) -> Iterator[Finding]:
        yield from read_folder(Path(self.path))[1]

    @property
    def settings(self) -> FolderFiles:
        """The files of the folder, which :class:`AirflowChart` reads."""
        return FolderFiles(read_folder(Path(self.path))[0])


def read_folder(folder: Path) -> tuple[tuple[DagFile, ...], list[Finding]]:
    """The files of a folder, and findings for files that cannot be stored in a ConfigMap."""
    if not folder.is_dir():
        return (), [
            _fault(
                rule="dags/folder",
                problem="must be an existing folder",
                seen=show(str(folder)),
                fix="Pass the path of a folder with DAG files",
            )
        ]
    files: list[DagFile] = []
    found: list[Finding] = []
    for path in sorted(_paths(folder), key=lambda path: path.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found.append(_bad(name, "is a symbolic link, which is not followed", "Copy the file into the folder"))
        elif not path.is_file():
            found.append(
                _bad(name, "is a named pipe, a socket or a device, not a regular file", "Remove it from the folder")
            )
        elif _PATH.fullmatch(name) is None:
            found.append(
                _bad(name, "has a name with unsupported characters", "Use letters, digits and ._@+=- in file names")
            )
        else:
            text = _text(path)
            if text is None:
                found.append(_bad(name, "is not UTF-8 text", "Remove the file from the folder, or use DagImage"))
            elif len(text.encode()) + len(name) > LARGEST_CONFIG_MAP:
                found.append(
                    _bad(
                        name,
                        "is larger than 1 MiB, the limit of a ConfigMap",
                        "Use DagImage, DagVolume or DagRepoSync",
                    )
                )
            else:
                files.append(DagFile(name, text))
                found += _syntax_errors(name, text)
    if not files and not found:
        found = [
            _fault(
                rule="dags/folder",
                problem="must contain at least one DAG file",
                seen=show(str(folder)),
                fix="Pass the path of a folder with DAG files",
            )
        ]
    elif not found and not any(file.path.endswith(".py") for file in files):
        found = [
            _fault(
                rule="dags/folder",
                problem="must be a folder with at least one DAG file (*.py)",
                seen=show(str(folder)),
                fix="Add a DAG file, or pass the folder that has them",
            )
        ]
    if len(files) > MOST_FILES:
        found.append(
            _fault(
                rule="dags/folder-size",
                problem=f"must contain at most {MOST_FILES} files, because each file is a separate mount",
                seen=str(len(files)),
                fix="Use DagImage, DagVolume or DagRepoSync",
            )
        )
    return tuple(files), found


def _syntax_errors(name: str, text: str) -> Iterator[Finding]:
    """A finding if a Python file does not compile. Airflow would show an import error instead of its DAGs."""
    if not name.endswith(".py"):
        return
    problem = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        problem = f"{getattr(error, 'msg', None) or error}{f' (line {line})' if line else ''}"
    if problem:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        yield _bad(
            name,
            f"is not valid Python {python}: {problem}",
            "Fix the file. If it needs a newer Python, use DagRepoSync or DagImage, or run this program with that version",
        )


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
    return _fault(rule="dags/folder-file", problem=f"contains a file that {problem}", seen=show(name), fix=fix)


def _fault(*, rule: str, problem: str, seen: str, fix: str) -> Finding:
    return Finding(rule=rule, at="path", problem=problem, seen=seen, fix=fix)

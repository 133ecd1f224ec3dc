"""Files in the folder of manifests: which are ours, and how they are put there and taken away."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

FOLDER = "helm"
"""The folder of files that are not manifests, below the output folder; ``kubectl apply -f`` does not read subfolders."""

MARK = "# Written by cdk8s-airflow; changes are lost."
"""One of the first two lines of every such file. It tells our files from the user's."""


def written(folder: Path, pattern: str) -> list[Path]:
    """What was written into a folder before: manifests by their pattern, other files by the mark in them."""
    beside = (path for path in sorted((folder / FOLDER).glob("*/*")) if path.is_file() and _is_ours(path))
    return [*sorted(folder.glob(pattern)), *beside]


def _is_ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(file.readline(200).rstrip("\n") == MARK for _ in range(2))


def write(texts: Mapping[str, str], folder: Path) -> None:
    """Writes files, each by its path below the folder."""
    for name, text in sorted(texts.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def move(paths: Iterable[Path], source: Path, target: Path) -> list[Path]:
    """Moves files from one folder to another, with the folders they are in; returns where they are now."""
    moved = []
    for path in paths:
        new = target / path.relative_to(source)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, new)
        moved.append(new)
    return moved


def clear(folder: Path) -> None:
    """Removes the folders of files that are no manifests, where they are empty."""
    below = folder / FOLDER
    for path in (*sorted(below.glob("*/")), below):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()

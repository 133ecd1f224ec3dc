"""The output folder: which files in it are ours, and how a new set of them replaces the previous one.

A run writes into a folder next to the output folder and then exchanges the two, so that a reader sees the previous files or the
new ones, never a mixture. A run that fails or is killed leaves the previous files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

FOLDER = "helm"
"""The folder of files that are not manifests, below the output folder; ``kubectl apply -f`` does not read subfolders."""

MARK = "# Written by cdk8s-airflow; changes are lost."
"""One of the first two lines of every such file. It distinguishes our files from the user's."""

MARKER = ".cdk8s-airflow"
"""A file in every folder of manifests below the output folder. It distinguishes our folders from the user's."""

_PREFIX = ".synth-"
_NEW, _OLD = "new", "old"


class ForeignFileError(Exception):
    """A new file has the path of a file that this library did not write."""


def written(folder: Path, extension: str) -> list[Path]:
    """The files in an output folder that belong to this library.

    They are the manifests at its top level and in folders with :data:`MARKER`, and files below ``helm/`` of any of these with
    :data:`MARK`.

    Args:
        folder: the output folder.
        extension: the extension of manifests, such as ``.k8s.yaml``.
    """
    pattern = f"*{extension}"
    manifests = [path for path in folder.glob(pattern) if path.is_file()]
    for marker in folder.glob(f"*/{MARKER}"):
        manifests += [marker, *(path for path in marker.parent.glob(pattern) if path.is_file())]
    parents = [folder, *(marker.parent for marker in folder.glob(f"*/{MARKER}"))]
    others = [
        path for parent in parents for path in (parent / FOLDER).glob("*/*") if path.is_file() and _is_marked(path)
    ]
    return [*sorted(manifests), *sorted(others)]


def _is_marked(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(file.readline(200).rstrip("\n") == MARK for _ in range(2))


def write(texts: Mapping[str, str], folder: Path) -> None:
    """Writes files, each to its path below the folder."""
    for name, text in sorted(texts.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def texts_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Path below the folder and content of each file in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MARKER:
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


class Staging:
    """A folder for the files of a new run, which replaces the output folder at the end.

    Attributes:
        new: where the run writes.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._place = place
        self.new = place / _NEW

    def commit(self, extension: str, *, only: Collection[str] | None = None) -> list[str]:
        """Replaces the previous files of this library by the new ones. All other files of the folder stay.

        Nothing is touched if no file differs.

        Args:
            extension: the extension of manifests.
            only: the folders below the output folder that are replaced; the rest stays as it is. Default: None, everything.

        Returns:
            The previous manifests and scripts of Helm, if the new run has none; otherwise an empty list.

        Raises:
            ForeignFileError: when a new file has the path of a file that this library did not write.
            OSError: when the file system refuses it. The output folder is as it was.
        """
        for path in self.new.iterdir() if self.new.is_dir() else ():
            if path.is_dir() and path.name != FOLDER:
                (path / MARKER).write_text(f"{MARK}\n", encoding="utf-8")
        new = {path.relative_to(self.new) for path in self.new.rglob("*") if path.is_file()}
        if not self._folder.exists():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self.new.rename(self._folder)
            return []
        ours = {path.relative_to(self._folder) for path in written(self._folder, extension)}
        if only is not None:
            ours = {path for path in ours if path.parts[0] in only and len(path.parts) > 1}
        for path in sorted(new - ours):
            if os.path.lexists(self._folder / path):
                raise ForeignFileError(str(path))
        if new == ours and all(_same(self.new / path, self._folder / path) for path in new):
            return []
        previous = self._manifests(self._folder, ours, extension)
        gone = [] if any(self._manifests(self.new, new, extension)) else previous
        if self._place.parent == self._folder:
            self._replace_each(new, ours)
        else:
            _link_others(self._folder, self.new, {self._folder / path for path in ours})
            self.new.chmod(self._folder.stat().st_mode & 0o7777)
            self._exchange()
        return gone

    @staticmethod
    def _manifests(folder: Path, paths: Collection[Path], extension: str) -> list[str]:
        """The manifests and scripts of Helm among files, without empty ones."""
        kinds = (extension, ".sh")
        texts = [(folder / path).read_text(encoding="utf-8") for path in sorted(paths) if path.name.endswith(kinds)]
        return [text for text in texts if text.strip()]

    def _replace_each(self, new: set[Path], ours: set[Path]) -> None:
        """File by file, for an output folder that cannot be renamed, such as a mount point."""
        for path in sorted(new):
            (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.new / path).replace(self._folder / path)
        for path in sorted(ours - new):
            (self._folder / path).unlink()
        for parent in sorted({parent for path in ours for parent in path.parents if parent.name}, reverse=True):
            with contextlib.suppress(OSError):
                (self._folder / parent).rmdir()

    def _exchange(self) -> None:
        if _swapped(self.new, self._folder):
            return
        old = self._place / _OLD
        self._folder.rename(old)
        try:
            self.new.rename(self._folder)
        except OSError:
            old.rename(self._folder)
            raise


@contextlib.contextmanager
def staging(folder: Path) -> Iterator[Staging]:
    """A place for a new run to write to. Runs for output folders with the same parent wait for each other.

    What a killed run left behind is removed; an output folder that it had put aside comes back.

    Args:
        folder: the output folder, absolute.

    Raises:
        OSError: when the file system refuses it.
    """
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(20, "is a file, not a folder", str(folder))
    parent = next(path for path in folder.parents if path.is_dir())
    inside = folder.is_dir() and (folder.is_mount() or not os.access(parent, os.W_OK))
    staging_parent = folder if inside else parent
    with _locked(staging_parent):
        _clean_up(staging_parent, folder)
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=staging_parent))
        try:
            (place / MARKER).write_text(f"{MARK}\n{folder.name}\n", encoding="utf-8")
            (place / _NEW).mkdir()
            yield Staging(folder, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clean_up(staging_parent: Path, folder: Path) -> None:
    for left in sorted(staging_parent.glob(f"{_PREFIX}*")):
        marker = left / MARKER
        if not marker.is_file() or marker.read_text(encoding="utf-8", errors="replace").splitlines()[:1] != [MARK]:
            continue
        if (left / _OLD).is_dir() and marker.read_text(encoding="utf-8").splitlines()[1:] == [folder.name]:
            if folder.exists():
                shutil.rmtree(left / _OLD, ignore_errors=True)
            else:
                (left / _OLD).rename(folder)
        shutil.rmtree(left, ignore_errors=True)


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _link_others(source: Path, target: Path, ours: set[Path]) -> None:
    """Makes every entry of ``source`` that is not ours appear in ``target`` too, with its subfolders."""
    for entry in sorted(source.iterdir()):
        if entry in ours:
            continue
        copy = target / entry.name
        if entry.is_symlink():
            copy.symlink_to(entry.readlink())
        elif entry.is_dir():
            existed = copy.is_dir()
            copy.mkdir(exist_ok=True)
            _link_others(entry, copy, ours)
            if not existed and not any(copy.iterdir()) and any(entry in path.parents for path in ours):
                copy.rmdir()  # all files in it were ours, and are not written any more
            elif not existed:
                shutil.copystat(entry, copy)
        else:
            try:
                os.link(entry, copy)
            except OSError:
                shutil.copy2(entry, copy)


def _swapped(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step. False if this system cannot."""
    import ctypes

    names = os.fsencode(one), os.fsencode(other)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(system.renamex_np(*names, 2) == 0)
        return bool(system.renameat2(-100, names[0], -100, names[1], 2) == 0)
    except (AttributeError, OSError, TypeError):
        return False

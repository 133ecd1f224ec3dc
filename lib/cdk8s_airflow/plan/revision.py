"""The output of an earlier revision, read from git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cdk8s_airflow.app.files import MARKER
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Platform, is_read, read_files

MAIN_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where the main branch is looked for, in this order."""


def base(folder: Path) -> str:
    """The revision that a plan compares with by default: where the current branch left the main branch.

    On the main branch itself that is ``HEAD``.

    Args:
        folder: a folder in the repository.

    Raises:
        PlanError: the folder is in no git repository, or nothing is committed there.
    """
    _git(folder, "rev-parse", "--git-dir")
    for branch in MAIN_BRANCHES:
        found = _try(folder, "merge-base", "HEAD", branch)
        if found:
            return found.strip()
    return _commit(folder, "HEAD")


def read_revision(folder: Path, revision: str) -> tuple[Platform, str]:
    """The platform in a folder as it was committed.

    Args:
        folder: the output folder. It need not exist any more.
        revision: a commit, branch or tag.

    Returns:
        The platform, and the short name of the commit. If the folder did not exist then, the platform is empty.

    Raises:
        PlanError: there is no such revision, or what it has in the folder cannot be read.
    """
    where = _existing(folder.resolve())
    commit = _commit(where, revision)
    inside = _inside(where, folder)
    files = {}
    for name in _names(where, commit, inside):
        relative = name.removeprefix(f"{inside}/")
        if is_read(relative):
            files[relative] = _git(where, "show", f"{commit}:{name}")
    short = _git(where, "rev-parse", "--short", commit).strip()
    return read_files(files, f"{folder} at {short}"), short


def environments_in_revision(folder: Path, revision: str) -> list[str]:
    """The folders of environments in the output folder as it was committed, by name.

    Args:
        folder: the output folder. It need not exist any more.
        revision: a commit, branch or tag.

    Raises:
        PlanError: there is no such revision.
    """
    where = _existing(folder.resolve())
    commit = _commit(where, revision)
    inside = _inside(where, folder)
    names = [name.removeprefix(f"{inside}/").split("/") for name in _names(where, commit, inside)]
    return sorted({parts[0] for parts in names if parts[1:] == [MARKER]})


def _inside(where: Path, folder: Path) -> str:
    top = Path(_git(where, "rev-parse", "--show-toplevel").strip())
    return folder.resolve().relative_to(top.resolve()).as_posix()


def _names(where: Path, commit: str, inside: str) -> list[str]:
    names = _git(where, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", inside).split("\0")
    return [name for name in names if name]


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _commit(folder: Path, revision: str) -> str:
    found = _try(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not found:
        raise PlanError(f"{revision} is no commit, branch or tag of the git repository of {folder}.")
    return found.strip()


def _try(folder: Path, *arguments: str) -> str:
    try:
        return _git(folder, *arguments)
    except PlanError:
        return ""


def _git(folder: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        raise PlanError("git is not installed. Pass two folders instead: plan OLD NEW") from None
    if run.returncode:
        said = run.stderr.decode("utf-8", "replace").strip().splitlines()
        raise PlanError(f"git {arguments[0]} failed in {folder}: {said[-1] if said else 'no message'}")
    try:
        return run.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise PlanError(f"git {' '.join(arguments)}: the file is not text.") from None

"""Committed files that say what the library writes, and how a test compares with them.

A golden is an ordinary file that a reviewer can read: one per file that the program writes. It is in a folder ``goldens`` next to the
tests that ask for it, or it is a whole folder that belongs to a program (``dist/``). ``pytest --update-goldens`` writes what is new.

A golden that no test asks for is an error, too: at the end of a run in which all test files around a ``goldens`` folder ran in full. So no
golden may hang on a test that is skipped where a tool is missing.

:mod:`tests.truth.hooks` ties this to pytest.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.truth import manifests

OPTION = "--update-goldens"
FOLDER = "goldens"
_MOST_CHANGES = 12


class Book:
    """What one test run asked for."""

    def __init__(self, *, update: bool = False) -> None:
        self.update = update
        self.asked: set[Path] = set()
        self.written: list[Path] = []
        self.removed: list[Path] = []
        self.stale: list[Path] = []
        self.ran: set[Path] = set()
        self.incomplete = False

    def as_plain_data(self) -> dict[str, Any]:
        """This book as data that one process of a run can send to another."""
        files = {name: sorted(map(str, getattr(self, name))) for name in ("asked", "written", "removed", "ran")}
        return {**files, "incomplete": self.incomplete}

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add what another process of the same run wrote down (:meth:`as_plain_data`)."""
        self.asked |= {Path(file) for file in data["asked"]}
        self.ran |= {Path(file) for file in data["ran"]}
        self.written += [Path(file) for file in data["written"]]
        self.removed += [Path(file) for file in data["removed"]]
        self.incomplete |= data["incomplete"]

    def stale_files(self) -> list[Path]:
        """Goldens that nobody asked for, in the folders whose tests all ran."""
        if self.incomplete:
            return []
        places = {folder for file in self.ran for folder in file.parent.glob(FOLDER)}
        return sorted(
            file
            for place in places
            if {test.resolve() for test in place.parent.rglob("test_*.py")} <= self.ran
            for file in place.rglob("*")
            if file.is_file() and file.resolve() not in self.asked
        )


_book = Book()


def open_book(book: Book) -> None:
    """Let this book note what the run asks for."""
    global _book
    _book = book


def current_book() -> Book:
    """The book of this run."""
    return _book


def check_golden(text: str, path: Path, *, book: Book | None = None) -> None:
    """Fail unless the file at ``path`` holds exactly ``text``; with ``--update-goldens``, write it instead."""
    book = book or _book
    path = path.resolve()
    book.asked.add(path)
    committed = path.read_bytes().decode("utf-8") if path.is_file() else None
    if committed == text:
        return
    if book.update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        book.written.append(path)
        return
    raise AssertionError(explain(committed, text, path))


def keep_golden(path: Path, *, book: Book | None = None) -> None:
    """Call this before a test is skipped that would compare this golden, so that it is not taken for one that no test asks for."""
    (book or _book).asked.add(path.resolve())


def check_golden_folder(texts: Mapping[str, str], folder: Path, *, book: Book | None = None) -> None:
    """Fail unless ``folder`` holds exactly these files (relative name -> text), no more and no fewer."""
    book = book or _book
    wrong = []
    for name, text in sorted(texts.items()):
        try:
            check_golden(text, folder / name, book=book)
        except AssertionError as error:
            wrong.append(str(error))
    present = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    for name in sorted(present - texts.keys()):
        if book.update:
            (folder / name).unlink()
            book.removed.append(folder / name)
        else:
            wrong.append(f"{folder / name} is committed, and nothing writes it; {_advice()}")
    assert not wrong, "\n\n".join(wrong)


def explain(committed: str | None, text: str, path: Path) -> str:
    """What differs: first the objects and their fields, then the lines."""
    if committed is None:
        return f"no golden {path}; {_advice()}"
    lines = [f"{path} is not what the program writes; {_advice()}"]
    if path.suffix in {".yaml", ".yml"}:
        lines += _by_object(committed, text)
    lines += difflib.unified_diff(
        _visible(committed), _visible(text), f"{path.name} (committed)", f"{path.name} (now)", n=3, lineterm=""
    )
    return "\n".join(lines)


def _advice() -> str:
    return f"if the change is meant: pytest {OPTION}"


def _visible(text: str) -> list[str]:
    """The lines, with what an editor hides made visible: other line ends, and whether the last line ends."""
    lines = [line.replace("\r", "\\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]}  (no newline at the end)"]


def _by_object(committed: str, text: str) -> list[str]:
    try:
        before, after = ({manifests.identity(one): one for one in manifests.load(side)} for side in (committed, text))
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        return [f"  (not compared by object: {error})"]
    lines = [f"  gone:    {_called(key)}" for key in before if key not in after]
    lines += [f"  new:     {_called(key)}" for key in after if key not in before]
    for key in before:
        changes = list(_changes(before[key], after[key], "")) if key in after else []
        if changes:
            lines.append(f"  changed: {_called(key)}")
            lines += [f"    {change}" for change in changes[:_MOST_CHANGES]]
            if len(changes) > _MOST_CHANGES:
                lines.append(f"    ... and {len(changes) - _MOST_CHANGES} more")
    return lines or ["  the same objects in other words: order, quotes or comments differ"]


def _called(key: manifests.ObjectId) -> str:
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _changes(before: Any, after: Any, at: str) -> Iterator[str]:
    """One line for each field that differs; the values inside a HelmChart's text count as fields."""
    if at == "spec.valuesContent" and isinstance(before, str) and isinstance(after, str):
        before, after = (yaml.load(side, Loader=manifests.Loader) for side in (before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}, key=str):
            path = f"{at}.{key}" if at else str(key)
            if key not in after:
                yield f"{path}: {_short(before[key])} -> gone"
            elif key not in before:
                yield f"{path}: new, {_short(after[key])}"
            else:
                yield from _changes(before[key], after[key], path)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, pair in enumerate(zip(before, after, strict=True)):
            yield from _changes(*pair, f"{at}[{position}]")
    elif before != after or type(before) is not type(after):
        yield f"{at}: {_short(before)} -> {_short(after)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"

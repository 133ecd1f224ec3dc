"""What pytest calls for the judges. ``tests/conftest.py`` imports every name of ``__all__``."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import pytest

from tests.truth.file_order import FileSeconds, known_seconds, sort_files
from tests.truth.goldens import OPTION, Book, current_book, open_book

__all__ = [
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_deselected",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that writes goldens."""
    parser.addoption(
        OPTION, action="store_true", help="write goldens that differ, and remove those that no test asks for"
    )


def pytest_configure(config: pytest.Config) -> None:
    """A new book for this run, and files in the order of :func:`pytest_collection_modifyitems`."""
    if getattr(config.option, "loadscopereorder", False):
        config.option.loadscopereorder = False
    keep_compiled_modules()
    book = Book(update=config.getoption(OPTION))
    book.incomplete = bool(config.option.collectonly) or any("::" in str(argument) for argument in config.args)
    open_book(book)


def keep_compiled_modules() -> None:
    """Compile each module once, whatever the environment says: a run starts hundreds of processes that import the same modules."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Exclude modules and collected tests from garbage collection, which would visit all of them during every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


_seconds = FileSeconds()
_known: dict[str, float] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow files first if several processes run them."""
    given = getattr(config, "workerinput", {})
    if "file_seconds" in given:
        sort_files(given["file_seconds"], items)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every worker process the same seconds, so that all collect the tests in one order."""
    if not _known:
        _known.update(known_seconds(node.config))
    node.workerinput["file_seconds"] = _known


def pytest_deselected() -> None:
    """A run with deselected tests says nothing about goldens that nobody asked for."""
    current_book().incomplete = True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that failed may have wanted more goldens than it came to ask for."""
    _seconds.add(report)
    if report.failed:
        current_book().incomplete = True


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker process of pytest-xdist wrote down; the process that started the run then reports it."""
    book = current_book()
    output = getattr(node, "workeroutput", {})
    if error is not None or "book" not in output:
        book.incomplete = True
        return
    book.merge(output["book"])
    if output["unevaluated"]:
        from tests.truth import crds

        for *rule, count in output["unevaluated"]:
            crds.SEEN_UNEVALUATED[tuple(rule)] += count


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Find the goldens that no test asked for; they fail the run."""
    book = current_book()
    if session.testsfailed or session.shouldstop or session.shouldfail:
        book.incomplete = True
    book.ran |= {item.path.resolve() for item in getattr(session, "items", ())}
    worker_output = getattr(session.config, "workeroutput", None)
    if worker_output is not None:
        judge = sys.modules.get("tests.truth.crds")
        worker_output["book"] = book.as_plain_data()
        worker_output["unevaluated"] = (
            [[*rule, count] for rule, count in judge.SEEN_UNEVALUATED.items()] if judge else []
        )
        return
    _seconds.keep(session.config)
    book.stale = book.stale_files()
    if book.update:
        for file in book.stale:
            file.unlink()
        book.removed += book.stale
        book.stale = []
    if book.stale and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which goldens were written, removed or left over, and which rules nobody could evaluate."""
    book = current_book()
    for called, files in (("golden written", book.written), ("golden removed", book.removed)):
        for file in files:
            terminalreporter.write_line(f"{called}: {file}")
    for file in book.stale:
        terminalreporter.write_line(f"golden that no test asks for: {file} (remove it: pytest {OPTION})", red=True)
    # Only when a test has used that judge: its evaluator is slow to import.
    judge = sys.modules.get("tests.truth.crds")
    for line in judge.report() if judge else ():
        terminalreporter.write_line(line)

"""Errors with findings that a program does not catch, printed without a traceback."""

from __future__ import annotations

import sys
from types import TracebackType


class ErrorWithFindings(ValueError):
    """An error whose text is its findings. If a program does not catch it, Python prints it without a traceback.

    A setting at the top of a program raises its findings there, before ``run()`` is called. An exception hook of the program or
    of another library stays as it is, and so does the output for other exceptions.
    """

    findings: tuple[object, ...]

    def __init__(self, text: str) -> None:
        super().__init__(text)
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = _print


def _print(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not isinstance(error, ErrorWithFindings):
        sys.__excepthook__(kind, error, traceback)
        return
    count = "1 finding." if len(error.findings) == 1 else f"{len(error.findings)} findings."
    sys.stderr.write(f"{_place(traceback)}{error}\n{count} Nothing was written.\n")


def _place(traceback: TracebackType | None) -> str:
    """The last line of the program, outside this library, that a traceback goes through."""
    place = ""
    while traceback is not None:
        frame = traceback.tb_frame
        if not str(frame.f_globals.get("__name__", "")).startswith(("cdk8s_airflow", "jsii")):
            place = f'File "{frame.f_code.co_filename}", line {traceback.tb_lineno}:\n'
        traceback = traceback.tb_next
    return place

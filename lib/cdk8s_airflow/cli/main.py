"""The entry point: finds the command, and turns every error into a message and an exit status.

Exit statuses: 0, the command did what it was asked to; 1, it could not, and a message says why; 2, ``plan`` found a change that
``--fail-on`` names.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path

OK, FAILED, REACHED = 0, 1, 2
"""Exit statuses."""

DEBUG = "CDK8S_AIRFLOW_DEBUG"
"""The environment variable that shows tracebacks."""

_EXTRA = 'this command needs the extra "cli". Run: pip install "cdk8s-airflow[cli]"'


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: the words after the name of the program. Default: those of this process.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        import click
    except ImportError:
        return _without_extra(words)
    from cdk8s_airflow.cli.commands import group

    try:
        status = group().main(args=words, prog_name=_program(), standalone_mode=False)
        return status if isinstance(status, int) else OK
    except click.ClickException as error:
        error.show(sys.stderr)
        return FAILED
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write("Interrupted.\n")
        return FAILED
    except BrokenPipeError:
        # The reader has enough; nothing more can be written, not even when Python flushes at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        place = _place_in_program(error)
        if place:
            sys.stderr.write(f"Error: {place}: {type(error).__name__}: {error}\nSet {DEBUG}=1 for the traceback.\n")
            return FAILED
        sys.stderr.write(
            f"Error: {type(error).__name__}: {error}\nThis is a defect. Set {DEBUG}=1 to see where, and report it.\n"
        )
        return FAILED


def _program() -> str:
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "cdk8s-airflow" if name.startswith("cdk8s-airflow") else "python -m cdk8s_airflow"


def _without_extra(words: Sequence[str]) -> int:
    """The one command that needs no extra: ``summary``, which ``make synth`` uses."""
    details = "--details" in words
    if words[:1] == ["summary"] and len(words) == (4 if details else 3):
        from cdk8s_airflow.cli.summary_text import print_summary

        program, folder = (word for word in words[1:] if word != "--details")
        return print_summary(program, folder, details=details)
    sys.stderr.write(f"Error: {_EXTRA}\n")
    return FAILED


def _place_in_program(error: Exception) -> str:
    """File and line of an error that the program of the user raised, not this library; empty otherwise."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{os.path.basename(error.filename)} line {error.lineno}"
    library, others = (
        Path(__file__).parents[1],
        (*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")), "<frozen "),
    )
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(library) or not frame.filename.startswith(others)
    ]
    loads = any(Path(frame.filename) == library / "cli" / "program.py" for frame in frames)
    if not loads or Path(frames[-1].filename).is_relative_to(library):
        return ""
    return f"{os.path.basename(frames[-1].filename)} line {frames[-1].lineno}"

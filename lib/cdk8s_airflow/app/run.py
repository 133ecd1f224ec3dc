"""From a program to manifests: build, check all of it, write all of it or nothing."""

from __future__ import annotations

import atexit
import gc
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cdk8s import App

from cdk8s_airflow.app import files
from cdk8s_airflow.app.registry import ledger_of
from cdk8s_airflow.app.secret_findings import output_findings
from cdk8s_airflow.validation import Finding, PlatformError, collecting, show


def synth(app: App | Callable[[], App]) -> App:
    """Writes an app's manifests, and the files of its releases that are no manifests (:class:`HelmCommand`): all or none.

    Args:
        app: the app; or a function that builds it, and then the findings of all its constructs are gathered and raised
            together, before anything is written.

    Returns:
        The app.

    Raises:
        PlatformError: with everything that is wrong. The output folder is as it was then. What a validation of the user's
            own found is in it too, without the JavaScript trace that cdk8s would show. What cdk8s has written is searched for
            secrets once more, objects of the user's own and JSON patches among it.
    """
    if not isinstance(app, App):
        app = _built(app)
    problems = _write_aside(app, Path(app.outdir), f"*{app.output_file_extension}")
    if problems:
        raise PlatformError(problems)
    return app


def _built(build: object) -> App:
    app = build
    refused = ""
    if callable(build):
        try:
            with collecting():
                app = build()
        except RuntimeError as error:
            if type(error.__cause__).__name__ != "JavaScriptError":
                raise
            refused = _without_trace(str(error))
    if refused:
        raise PlatformError([_refused(refused)])
    if not isinstance(app, App):
        raise PlatformError([_no_app(app, called=callable(build))])
    return app


def _no_app(given: object, *, called: bool) -> Finding:
    return Finding(
        rule="app/none",
        at="app",
        problem=f"{'the function returned' if called else 'it is'} a {type(given).__name__}, not a cdk8s App",
        seen=show(given),
        fix="end the function with: return app" if called else "give an App, or a function that returns one",
    )


def _write_aside(app: App, folder: Path, pattern: str) -> list[Finding]:
    """Writes the files of an app with those of the last run out of the way, and puts them back if that fails.

    cdk8s itself leaves files behind that an app no longer makes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.resolve().parent, prefix=".synth-") as kept:
        before = files.move(files.written(folder, pattern), folder, Path(kept))
        problems: list[Finding] = []
        written = False
        try:
            problems = _write(app) or _in_clear_text(folder, pattern)
            written = not problems
            if written:
                files.write(ledger_of(app).files, folder)
        finally:
            if not written:
                for path in files.written(folder, pattern):
                    path.unlink()
                files.move(before, Path(kept), folder)
            files.clear(folder)
    return problems


def _write(app: App) -> list[Finding]:
    try:
        app.synth()
    except RuntimeError as error:
        return [_refused(_without_trace(str(error)))]
    return []


def _in_clear_text(folder: Path, pattern: str) -> list[Finding]:
    """Secrets in what was written, whoever made the objects."""
    return output_findings(
        (path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(files.written(folder, pattern))
    )


def _refused(problem: str) -> Finding:
    return Finding(rule="app/refused", at="", problem=problem, fix="mend what cdk8s or the validation names")


def _without_trace(text: str) -> str:
    """What a JavaScript error says, without where in which script."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return " ".join(lines).removeprefix("Error: ")


def run(build: Callable[[], App]) -> None:
    """What ``main.py`` does: build, check, write; on an error its lines on standard error, and exit status 1.

    It is meant to be the last thing that a program does: Python then looks for garbage neither while this runs nor when
    the process exits, which would be a tenth of all its time, for memory that goes back to the system anyway.
    """
    collects = gc.isenabled()
    gc.disable()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        synth(build)
    except PlatformError as error:
        sys.stderr.write(f"{error}\n{_count(error)} Nothing was written.\n")
        raise SystemExit(1) from None
    finally:
        if collects:
            gc.enable()


def _count(error: PlatformError) -> str:
    count = len(error.findings)
    return "1 finding." if count == 1 else f"{count} findings."

"""From a program to manifests: build, check everything, then write all files or none."""

from __future__ import annotations

import atexit
import gc
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection
from pathlib import Path

from cdk8s import App

from cdk8s_airflow.app import files
from cdk8s_airflow.app.construct import duplicate_id
from cdk8s_airflow.app.exemption import building
from cdk8s_airflow.app.object_findings import check_objects, complete
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.secret_findings import output_findings
from cdk8s_airflow.app.workloads import footprint_of
from cdk8s_airflow.kube import output
from cdk8s_airflow.model.footprint import Budget, over_budget
from cdk8s_airflow.secret_scan import Exemptions, using
from cdk8s_airflow.validation import Finding, PlatformError, collecting, show
from cdk8s_airflow.validation.calls import place_of


def synth(
    app: App | Callable[[], App],
    *,
    allow_empty: bool = False,
    unvalidated: Collection[str] = (),
    budget: Budget | None = None,
) -> App:
    """Writes the manifests of an app, and the files of its releases that are not manifests (:class:`HelmCommand`): all or none.

    The new files replace the previous ones in one step. Other files in the output folder stay. A run that fails or is killed
    leaves the output folder as it was, and concurrent runs never mix.

    Args:
        app: the app; or a function that builds it. With a function, the findings of all its constructs are collected and raised
            together, before anything is written.
        allow_empty: whether an app without any object is accepted. The previous manifests are removed then, and the commands that
            delete their objects are printed to standard output. Default: it is an error, because it is most often a mistake.
        unvalidated: kinds, such as ``"ScaledObject"``, of which your own objects are not compared with the included schema. Use it
            if the operator in the cluster is of another release than the schema. Default: all objects are compared.
        budget: the most that the platform may request from the cluster. Default: None, no limit.

    Returns:
        The app.

    Raises:
        PlatformError: with all findings, including those of the user's own validations, without a JavaScript stack trace. All
            objects are checked as cdk8s writes them, including the user's own objects and JSON patches: they must fit the schema
            of their kind, have an identity of their own, and contain no secret.
    """
    if not isinstance(app, App):
        app = built_app(app)
    built = app
    gone: list[str] = []

    def write(staging: files.Staging) -> list[Finding]:
        problems = write_app(built, staging.new, allow_empty=allow_empty, unvalidated=unvalidated, budget=budget)
        if not problems:
            gone.extend(staging.commit(built.output_file_extension))
        return problems

    folder = output.folder_of(app)
    in_staging(folder, write)
    print_deletion(folder, gone)
    return app


def print_deletion(folder: Path, gone: list[str]) -> None:
    """Prints how to delete the objects of a program that has none any more.

    Args:
        folder: the output folder.
        gone: its previous manifests. Nothing is printed if the list is empty.
    """
    if not gone:
        return
    from cdk8s_airflow.app.removed import deletion_commands, deletion_text

    place = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    sys.stdout.write(deletion_text(f"{place}/", deletion_commands(gone)))


def render(app: App | Callable[[], App]) -> dict[str, str]:
    """All text that :func:`synth` would write, for tests and snapshots. Nothing is written to the output folder.

    ``app.synth_yaml()`` of cdk8s has the manifests only: it does not have the values and the script of a release that
    :class:`HelmCommand` delivers.

    Args:
        app: the app, or a function that builds it.

    Returns:
        Path of the file inside the output folder -> its text, in the order of the paths.

    Raises:
        PlatformError: with all findings, as :func:`synth` does.
    """
    app = app if isinstance(app, App) else built_app(app)
    with tempfile.TemporaryDirectory() as folder:
        problems = write_app(app, Path(folder), allow_empty=True, unvalidated=())
        texts = {} if problems else dict(sorted(files.texts_in(Path(folder))))
    if problems:
        raise PlatformError(problems)
    return texts


def in_staging(folder: Path, write: Callable[[files.Staging], list[Finding]]) -> None:
    """Lets a function write to a new folder and commit it, and raises what it finds.

    Args:
        folder: the output folder, absolute.
        write: writes to the new folder, and replaces the output folder by it if it returns no findings.

    Raises:
        PlatformError: with the findings, or why the output folder cannot be written.
    """
    problems: list[Finding] = []
    reason = ""
    try:
        with files.staging(folder) as staging:
            problems = write(staging)
    except files.ForeignFileError as error:
        problems = [_foreign(folder, str(error))]
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        problems = [_not_writable(folder, reason)]
    if problems:
        raise PlatformError(problems)


def write_app(
    app: App,
    folder: Path,
    *,
    allow_empty: bool = False,
    unvalidated: Collection[str] = (),
    budget: Budget | None = None,
) -> list[Finding]:
    """Writes the manifests and the other files of an app into a folder.

    Args:
        app: the app.
        folder: an absolute path.
        allow_empty: whether an app without any object is accepted.
        unvalidated: kinds of which the user's own objects are not compared with the included schema.
        budget: the most that the app may request from the cluster.

    Returns:
        What is wrong with the app or the text that was written.
    """
    written, refused = output.write(app, folder)
    if refused:
        return [_refused(refused.replace(str(folder), "the output folder"))]
    files.write(registry_of(app).files, folder)
    texts = list(files.texts_in(folder))
    if not allow_empty and not any(text.strip() for _, text in texts):
        return [_empty()]
    with using(registry_of(app).slot(Exemptions)):
        found = [finding for check in registry_of(app).checks for finding in check()]
        found += [*check_objects(app, written, unvalidated=unvalidated), *output_findings(texts)]
    return (
        found if budget is None or found else [*over_budget(footprint_of(registry_of(app), complete(written)), budget)]
    )


def _empty() -> Finding:
    return Finding(
        rule="app/empty",
        at="app",
        problem="has no objects, so nothing would be written",
        fix="Create the constructs in charts of the App that is passed or returned, or pass allow_empty=True",
    )


def _foreign(folder: Path, name: str) -> Finding:
    return Finding(
        rule="app/output",
        at="outdir",
        problem=f"contains the file {name}, which cdk8s-airflow did not write and would have to overwrite",
        seen=repr(str(folder)),
        fix="Move the file, or use another output folder: App(outdir=...)",
    )


def _not_writable(folder: Path, reason: str) -> Finding:
    return Finding(
        rule="app/output",
        at="outdir",
        problem=f"cannot be written: {reason[:1].lower()}{reason[1:]}",
        seen=repr(str(folder)),
        fix="Make the folder writable, or use another one: App(outdir=...)",
    )


def built_app(build: object) -> App:
    """The app that a function builds, with the findings of all its constructs collected.

    Raises:
        PlatformError: with all findings; or because the function does not return an app, or cdk8s refused it.
    """
    app = build
    refused, place = "", ""
    exempt = Exemptions()
    if callable(build):
        try:
            with collecting(), building() as exempt:
                app = build()
        except RuntimeError as error:
            if type(error.__cause__).__name__ != "JavaScriptError":
                raise
            refused, place = output.message_of(error), place_of(error)
    if refused:
        raise PlatformError([duplicate_id(refused, place) or _refused(refused, place)])
    if not isinstance(app, App):
        raise PlatformError([_no_app(app, called=callable(build))])
    if exempt:
        registry_of(app).slot(Exemptions).update(exempt)
    return app


def _no_app(given: object, *, called: bool) -> Finding:
    return Finding(
        rule="app/none",
        at="app",
        problem=f"must be a cdk8s App{', but the function returned something else' if called else ''}",
        seen=f"{show(given)} ({type(given).__name__})",
        fix="End the function with: return app" if called else "Pass an App, or a function that returns one",
    )


def _refused(problem: str, place: str = "") -> Finding:
    return Finding(
        rule="app/refused",
        at="",
        problem=f"cdk8s refused the app: {problem}",
        fix="Fix the error in the message",
        path=place,
    )


def run(
    build: Callable[[], App],
    *,
    allow_empty: bool = False,
    unvalidated: Collection[str] = (),
    budget: Budget | None = None,
) -> None:
    """Builds an app, checks it and writes its files. The last call of a ``main.py``.

    Findings go to standard error, one line each, and the exit status is 1. So is it for an exception of the program itself,
    whose traceback is printed. The output folder is as it was then.

    Python's garbage collector is off while this runs and when the process exits. It would take a tenth of the time and free
    memory that the system reclaims anyway.

    Args:
        build: the function that builds the app.
        allow_empty: whether an app without any object is accepted. Default: it is an error.
        unvalidated: kinds of which your own objects are not compared with the included schema, as for :func:`synth`. Default:
            all objects are compared.
        budget: the most that the platform may request from the cluster. Default: None, no limit.
    """
    run_checked(lambda: synth(build, allow_empty=allow_empty, unvalidated=unvalidated, budget=budget))


def run_checked(work: Callable[[], object]) -> None:
    """Runs a program's work, prints findings or an exception to standard error, and exits with status 1 if there are any.

    Args:
        work: what the program does. It raises :class:`PlatformError` for findings.
    """
    collects = gc.isenabled()
    gc.disable()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        work()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n{_count(error)} Nothing was written.\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Nothing was written.\n")
        raise SystemExit(130) from None
    except Exception as error:
        sys.stderr.write(_of_the_program(error))
        sys.stderr.write("The program raised an exception. Nothing was written.\n")
        raise SystemExit(1) from None
    finally:
        if collects:
            gc.enable()


def _of_the_program(error: BaseException) -> str:
    """A traceback without the frames of this library, of jsii and of JavaScript."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not {"jsii", "cdk8s_airflow"} & set(Path(frame.filename).parts)]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(own)]
    name, _, message = "".join(traceback.format_exception_only(error)).strip().partition(": ")
    return "".join(lines) + f"{name}{': ' if message else ''}{output.message_of(Exception(message))}\n"


def _count(error: PlatformError) -> str:
    count = len(error.findings)
    return "1 finding." if count == 1 else f"{count} findings."

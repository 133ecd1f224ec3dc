"""Builds, checks and writes several environments together."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdk8s import App

from cdk8s_airflow.app import files
from cdk8s_airflow.app.construct import checked
from cdk8s_airflow.app.exclusive_use import exclusive_uses
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.run import built_app, in_staging, print_deletion, run_checked, write_app
from cdk8s_airflow.environments.collision import Collisions
from cdk8s_airflow.environments.environment import Environment
from cdk8s_airflow.environments.settings_difference import covers, flat_settings, with_expected
from cdk8s_airflow.kube import output
from cdk8s_airflow.validation import Finding, PlatformError, report
from cdk8s_airflow.validation.constraints import Label, NonEmpty
from cdk8s_airflow.validation.documentation import document

VARIABLE = "CDK8S_AIRFLOW_ENVIRONMENT"
"""The environment variable that selects environments, by name and separated by commas, for ``cdk8s synth``."""

Observer = Callable[["Environments", str, App], None]

_observers: list[Observer] = []


def observe(observer: Observer) -> None:
    """Calls a function with each app that is built by :meth:`Environments.run` and :meth:`Environments.synth` from now on."""
    _observers.append(observer)


class Environments:
    """Several platforms from one program, one for each environment.

    Every environment is built by the same function, from settings of its own, and written to a folder of its own below the
    output folder: ``dist/dev``, ``dist/prod``. All of them are checked before anything is written, and all are written in one
    step: a run that fails or is killed leaves the output folder as it was. The folder of an environment that is no longer in
    the program is removed.
    """

    how_to_write = 'Environments(build, {"dev": Environment(settings=Settings(), context="k3d-lab")})'

    def __init__(
        self,
        build: Callable[[Any], App],
        environments: Mapping[Label, Environment],
        *,
        expected_differences: Sequence[NonEmpty] = (),
    ) -> None:
        """Declare the environments. Nothing is built until :meth:`run`, :meth:`synth` or :meth:`build` is called.

        Args:
            build: the function that builds the app of one environment. It takes the settings and returns ``App()``. Use the
                same construct ids and file names for every environment; files then can be compared.
            environments: name -> environment. The name is the name of the folder. ``"helm"`` is reserved.
            expected_differences: fields of the settings whose values are expected to differ, such as ``"host"`` or
                ``"storage.size"``. ``cdk8s-airflow plan --between`` leaves out these fields, and what follows from them.
                Default: none.

        Raises:
            PlatformError: for what is wrong with the arguments.
        """
        found = checked(Environments.__init__, {**locals(), "build": build})
        found += [] if found else _rules(environments, expected_differences)
        report(found)
        self._build = build
        self._environments = dict(environments)
        self._expected = tuple(expected_differences)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the environments, in the order of the program."""
        return tuple(self._environments)

    @property
    def expected_differences(self) -> tuple[str, ...]:
        """The fields of the settings whose values are expected to differ."""
        return self._expected

    def __getitem__(self, name: str) -> Environment:
        """The environment with a name."""
        return self._environments[self._known(name)]

    def build(self, name: str, *, settings: object = None) -> App:
        """The app of one environment, for tests. Nothing is written.

        Args:
            name: the name of the environment.
            settings: other settings. Default: None, those of the environment.

        Raises:
            PlatformError: with the findings of the environment.
        """
        environment = self[name]
        given = environment.settings if settings is None else settings
        try:
            return built_app(lambda: self._build(given))
        except PlatformError as error:
            raise _error([(name, environment, list(error.findings))]) from None

    def comparable_settings(self, name: str, other: str) -> Any:
        """The settings of an environment, with all expected differences taken from another environment."""
        return with_expected(self[name].settings, self[other].settings, self._expected)

    def synth(self, names: Iterable[str] | None = None, *, unvalidated: Collection[str] = ()) -> None:
        """Builds and checks environments, and writes all of them or none.

        Args:
            names: the environments. The folders of others stay as they are. Default: None, all; folders of environments that
                are no longer in the program are removed.
            unvalidated: kinds of which your own objects are not compared with the included schema. Default: none.

        Raises:
            PlatformError: with the findings of all environments.
        """
        chosen = self.names if names is None else tuple(dict.fromkeys(self._known(name) for name in names))
        only = None if names is None or set(chosen) == set(self.names) else chosen
        default = App()
        _Run(self, chosen, only, default.output_file_extension, unvalidated).into(output.folder_of(default))

    def run(self, *, unvalidated: Collection[str] = ()) -> None:
        """Builds, checks and writes the environments. The last call of a ``main.py``.

        ``--environment NAME`` on the command line of the program, or the environment variable ``CDK8S_AIRFLOW_ENVIRONMENT``
        (for ``cdk8s synth``), selects environments; by default all are written. Findings go to standard error, and the exit
        status is 1.

        Args:
            unvalidated: kinds of which your own objects are not compared with the included schema. Default: none.
        """
        run_checked(lambda: self.synth(selected(sys.argv[1:], os.environ), unvalidated=unvalidated))

    def _known(self, name: str) -> str:
        if name not in self._environments:
            raise PlatformError([_unknown(name, self.names)])
        return name


class _Run:
    """One run over the chosen environments."""

    def __init__(
        self,
        environments: Environments,
        chosen: Collection[str],
        only: Collection[str] | None,
        extension: str,
        unvalidated: Collection[str],
    ) -> None:
        self._environments = environments
        self._chosen = chosen
        self._only = only
        self._extension = extension
        self._unvalidated = unvalidated
        self._collisions = Collisions()

    def into(self, folder: Path) -> None:
        """Writes the environments to folders below a folder."""
        found: list[tuple[str, Environment, list[Finding]]] = []

        gone: list[str] = []

        def write(staging: files.Staging) -> list[Finding]:
            for name in self._chosen:
                if problems := self._write(name, staging.new / name, folder):
                    found.append((name, self._environments[name], problems))
            if not found:
                gone.extend(staging.commit(self._extension, only=self._only))
            return []

        in_staging(folder, write)
        if found:
            raise _error(found)
        print_deletion(folder, gone)

    def _write(self, name: str, folder: Path, root: Path) -> list[Finding]:
        environment = self._environments[name]
        try:
            app = self._environments.build(name)
        except PlatformError as error:
            return [dataclasses.replace(each, path=each.path.removeprefix(name).lstrip("/")) for each in error.findings]
        except Exception:
            sys.stderr.write(f"{_title(name, environment)}:\n")
            raise
        registry = registry_of(app)
        found = [] if output.folder_of(app) == root else [_own_outdir()]
        found += write_app(app, folder, unvalidated=self._unvalidated, budget=environment.budget)
        found += self._collisions.add(name, environment.cluster_name, registry.objects, tuple(exclusive_uses(registry)))
        for observer in _observers:
            observer(self._environments, name, app)
        return found


document(Environments)


def selected(arguments: Sequence[str], variables: Mapping[str, str]) -> list[str] | None:
    """The environments that the command line, or else an environment variable, selects; None for all.

    Args:
        arguments: the arguments of the program. Those that are not ``--environment`` are the program's own.
        variables: the environment variables.
    """
    names = []
    rest = iter(arguments)
    for word in rest:
        option, sign, value = word.partition("=")
        if option == "--environment":
            names.append(value if sign else next(rest, ""))
    if not names:
        names = [name.strip() for name in variables.get(VARIABLE, "").split(",") if name.strip()]
    return names or None


def _title(name: str, environment: Environment) -> str:
    return f"Environment {name}, kubectl context {environment.context}"


def _error(found: Sequence[tuple[str, Environment, list[Finding]]]) -> PlatformError:
    """The error with the findings of each environment below its name and context."""
    lines, all_findings = [], []
    for name, environment, findings in found:
        own = [each.within(f"{name}/{each.path}" if each.path else name) for each in findings]
        all_findings += own
        lines += [f"{_title(name, environment)}:", *(str(each) for each in dict.fromkeys(own))]
    error = PlatformError(all_findings)
    error.args = ("\n".join(lines),)
    return error


def _rules(environments: Mapping[str, Environment], expected: Sequence[str]) -> Iterator[Finding]:
    if not environments:
        yield Finding(
            rule="environments/none",
            at="environments",
            problem="must have at least one environment",
            seen="{}",
            fix='Use {"dev": Environment(settings=Settings(), context="k3d-lab")}, with your own class Settings',
        )
        return
    if files.FOLDER in environments:
        yield Finding(
            rule="environments/name",
            at=f"environments[{files.FOLDER!r}]",
            problem="must have another name, because the output folder has a folder of this name for Helm",
            fix="Rename the environment",
        )
    classes = {type(each.settings).__name__: name for name, each in environments.items()}
    if len({type(each.settings) for each in environments.values()}) > 1:
        shown = ", ".join(f"{kind} ({name})" for kind, name in classes.items())
        yield Finding(
            rule="environments/settings",
            at="environments",
            problem=f"must have settings of one class, but there are several: {shown}",
            fix="Use one class for all environments; fields of it can have different values",
        )
    known = {path for each in environments.values() for path in flat_settings(each.settings)}
    for index, path in enumerate(expected):
        if not any(covers(path, each) for each in known):
            yield _no_field(index, path, known)


def _no_field(index: int, path: str, known: Collection[str]) -> Finding:
    import difflib

    near = difflib.get_close_matches(path, known, 1)
    return Finding(
        rule="environments/expected",
        at=f"expected_differences[{index}]",
        problem="must be a field of the settings",
        seen=repr(path),
        fix=f"Did you mean {near[0]!r}?" if near else f"Use one of: {', '.join(sorted(known))}",
    )


def _unknown(name: str, names: Sequence[str]) -> Finding:
    import difflib

    near = difflib.get_close_matches(name, names, 1)
    return Finding(
        rule="environments/unknown",
        at="environment",
        problem="must be the name of an environment of this program",
        seen=repr(name),
        fix=f"Did you mean {near[0]!r}? The environments are: {', '.join(names)}"
        if near
        else f"Use one of: {', '.join(names)}",
    )


def _own_outdir() -> Finding:
    return Finding(
        rule="environments/outdir",
        at="outdir",
        problem="must not be set, because each environment has a folder of its own below the output folder",
        fix="Create the app with App(), without outdir=",
    )

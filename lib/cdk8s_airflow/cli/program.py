"""The apps of a program, built in this process."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk8s import App


class ProgramError(Exception):
    """The program cannot be loaded, or has nothing to build."""


@dataclass(frozen=True)
class BuiltApp:
    """One app of a program.

    Attributes:
        app: the app.
        environment: the name of its environment; empty for a program without environments.
        context: the kubectl context of the environment; empty without environments.
    """

    app: App
    environment: str = ""
    context: str = ""

    @property
    def title(self) -> str:
        """The environment and its context; empty for a program without environments."""
        return f"Environment {self.environment}, kubectl context {self.context}" if self.environment else ""

    def folder(self, dist: Path) -> Path:
        """The folder of its manifests below the output folder."""
        return dist / self.environment if self.environment else dist


def built_apps(program: Path, environments: Sequence[str] = ()) -> Iterator[BuiltApp]:
    """Builds the apps of a program, one after the other.

    Args:
        program: a Python file with an ``Environments`` at its top level, or else with a function ``build()`` that returns the app.
        environments: the environments to build. Default: all.

    Raises:
        ProgramError: the file is missing, or has neither.
        PlatformError: for the findings of an app.
    """
    from cdk8s_airflow.app.run import built_app
    from cdk8s_airflow.environments.environments import Environments

    module = _loaded(program)
    declared = next((each for each in vars(module).values() if isinstance(each, Environments)), None)
    if declared is not None:
        for name in environments or declared.names:
            yield BuiltApp(declared.build(name), name, declared[name].context)
        return
    if environments:
        raise ProgramError(
            f"{program} has no environments at its top level, such as: PLATFORM = Environments(build, {{...}})"
        )
    build = getattr(module, "build", None)
    if not callable(build):
        raise ProgramError(
            f"{program} has neither a function build() nor an Environments(...) at its top level. Add a function that returns "
            "the App: def build() -> App: ..."
        )
    yield BuiltApp(built_app(build))


def _loaded(program: Path) -> Any:
    if not program.is_file():
        raise ProgramError(f"{program} {'is not a file' if program.exists() else 'does not exist'}.")
    spec = importlib.util.spec_from_file_location(program.stem, program)
    if spec is None or spec.loader is None:
        raise ProgramError(f"{program} is not a Python program: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look up the module of their class.
    sys.modules.setdefault(program.stem, module)
    sys.path.insert(0, str(program.resolve().parent))
    spec.loader.exec_module(module)
    return module

"""Runs a program as Python would, and writes down its environments and which construct made which object.

``program_runner PROGRAM FILE [BEFORE AFTER FOLDER]``
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.app.registry import Registry, keep_registries

if TYPE_CHECKING:
    from cdk8s import App

    from cdk8s_airflow.environments.environments import Environments


def main(program: str, file: str, *between: str) -> None:
    """Runs the program with its own folder as the first place for imports.

    Args:
        program: the Python file.
        file: where the result is written, as JSON: ``constructs`` has ``{"Kind/namespace/name": "chart/construct"}`` for each
            environment, ``""`` for a program without environments; ``environments`` has the facts about each;
            ``expected`` has the fields that are expected to differ.
        between: two environments and a folder. The second environment is written to it with the expected differences taken
            from the first.
    """
    from cdk8s_airflow.environments.environments import observe

    registries: dict[Any, Registry] = keep_registries()
    constructs: dict[str, dict[str, str]] = {}
    facts: dict[str, dict[str, Any]] = {}
    seen: list[Environments] = []

    def observer(environments: Environments, name: str, app: App) -> None:
        seen.append(environments)
        constructs[name] = _paths(registries.pop(app))
        facts[name] = _facts(environments, name)

    observe(observer)
    sys.argv = [program]
    sys.path[0] = str(Path(program).resolve().parent)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    if registries and not seen:
        constructs[""] = {key: path for registry in registries.values() for key, path in _paths(registry).items()}
    if between and seen:
        _write_comparable(seen[-1], *between)
    expected = list(seen[-1].expected_differences) if seen else []
    result = {"constructs": constructs, "environments": facts, "expected": expected}
    Path(file).write_text(json.dumps(result), encoding="utf-8")


def _paths(registry: Registry) -> dict[str, str]:
    return {
        f"{kind.partition('/')[0]}/{namespace}/{name}": path()
        for (kind, namespace, name), path in registry.objects.items()
    }


def _facts(environments: Environments, name: str) -> dict[str, Any]:
    from cdk8s_airflow.environments.settings_difference import flat_settings

    environment = environments[name]
    return {
        "context": environment.context,
        "cluster": environment.cluster_name,
        "settings": flat_settings(environment.settings),
    }


def _write_comparable(environments: Environments, before: str, after: str, folder: str) -> None:
    from cdk8s_airflow.app.run import write_app
    from cdk8s_airflow.validation import PlatformError

    app = environments.build(after, settings=environments.comparable_settings(after, before))
    problems = write_app(app, Path(folder))
    if problems:
        raise PlatformError(problems)


if __name__ == "__main__":
    main(*sys.argv[1:])

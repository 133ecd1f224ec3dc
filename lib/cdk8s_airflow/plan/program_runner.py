"""Runs a program as Python would, and writes down which construct made which object: ``program_runner PROGRAM FILE``."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from cdk8s_airflow.app.registry import keep_registries


def main(program: str, file: str) -> None:
    """Runs the program with its own folder as the first place for imports.

    Args:
        program: the Python file.
        file: where the construct paths are written, as JSON: ``{"Kind/namespace/name": "chart/construct"}``.
    """
    registries = keep_registries()
    sys.argv = [program]
    sys.path[0] = str(Path(program).resolve().parent)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    paths = {}
    for registry in registries.values():
        for (kind, namespace, name), path in registry.objects.items():
            paths[f"{kind.partition('/')[0]}/{namespace}/{name}"] = path()
    Path(file).write_text(json.dumps(paths), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

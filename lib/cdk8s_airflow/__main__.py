"""``python -m cdk8s_airflow summary MAIN DIST``: the summary of the app that a program builds."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cdk8s_airflow", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("summary", help="what was written, and what the cluster must have")
    command.add_argument("program", type=Path, help="the file with a function build() that returns the app")
    command.add_argument("folder", type=Path, help="the folder with its manifests")
    parsed = parser.parse_args(arguments)
    return _summary(parsed.program, parsed.folder)


def _summary(program: Path, folder: Path) -> int:
    from cdk8s_airflow.app.registry import ledger_of
    from cdk8s_airflow.report.summary import summary
    from cdk8s_airflow.validation import PlatformError

    spec = importlib.util.spec_from_file_location(program.stem, program)
    if spec is None or spec.loader is None or not program.is_file():
        sys.stderr.write(f"{program} is not a Python program\n")
        return 2
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(program.resolve().parent))
    spec.loader.exec_module(module)
    try:
        app = module.build()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(summary(ledger_of(app), folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())

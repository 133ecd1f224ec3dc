"""What works without the extra ``cli``: the summary at the end of ``make synth``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def print_summary(program: str, folder: str) -> int:
    """Prints the summary of the app that a program builds.

    Args:
        program: the file with a function ``build()`` that returns the app.
        folder: the folder with its manifests.

    Returns:
        The exit status: 0, or 1 with a message on standard error.
    """
    from cdk8s_airflow.app.object_findings import check_objects
    from cdk8s_airflow.app.registry import registry_of
    from cdk8s_airflow.report.summary import summary
    from cdk8s_airflow.validation import PlatformError

    path = Path(program)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.stderr.write(f"Error: {program} is not a Python program.\n")
        return 1
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    try:
        app = module.build()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    check_objects(app)
    sys.stdout.write(summary(registry_of(app), Path(folder)))
    return 0

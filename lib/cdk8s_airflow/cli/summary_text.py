"""What works without the extra ``cli``: the summary at the end of ``make synth``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def print_summary(program: str, folder: str, environments: Sequence[str] = ()) -> int:
    """Prints the summary of each app that a program builds.

    Args:
        program: the file with a function ``build()`` that returns the app, or with ``Environments``.
        folder: the folder with the manifests.
        environments: the environments. Default: all.

    Returns:
        The exit status: 0, or 1 with a message on standard error.
    """
    from cdk8s_airflow.app.object_findings import check_objects
    from cdk8s_airflow.app.registry import registry_of
    from cdk8s_airflow.cli.program import ProgramError, built_apps
    from cdk8s_airflow.environments.commands import with_context
    from cdk8s_airflow.report.summary import summary
    from cdk8s_airflow.validation import PlatformError

    try:
        for index, built in enumerate(built_apps(Path(program), environments)):
            check_objects(built.app)
            text = summary(registry_of(built.app), built.folder(Path(folder)))
            if built.environment:
                gap = "\n" if index else ""
                text = f"{gap}{built.title}\n\n{with_context(text, built.context)}"
            sys.stdout.write(text)
    except ProgramError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0

"""The summary at the end of ``make synth``, which works without the extra ``cli``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from cdk8s_airflow._regex import regex

_STEP = regex(r"^[0-9]+\. .*$", re.MULTILINE)


def print_summary(program: str, folder: str, environments: Sequence[str] = (), *, details: bool = False) -> int:
    """Print the summary of each app that a program builds. The titles of the steps are bold on a terminal.

    Args:
        program: the file with a function ``build()`` that returns the app, or with ``Environments``.
        folder: the folder with the manifests.
        environments: the environments. Default: all.
        details: whether to print the details instead: state, deletion, permissions, sessions, recovery.

    Returns:
        The exit status: 0, or 1 with a message on standard error.
    """
    from cdk8s_airflow.app.object_findings import check_objects
    from cdk8s_airflow.app.registry import registry_of
    from cdk8s_airflow.cli.program import ProgramError, built_apps
    from cdk8s_airflow.environments.commands import with_context
    from cdk8s_airflow.report.details import details_text
    from cdk8s_airflow.report.summary import summary
    from cdk8s_airflow.validation import PlatformError

    try:
        for index, built in enumerate(built_apps(Path(program), environments)):
            check_objects(built.app)
            registry, place = registry_of(built.app), built.folder(Path(folder))
            text = details_text(registry, place) if details else summary(registry, place, program)
            if built.environment:
                gap = "\n" if index else ""
                text = f"{gap}{built.title}\n\n{with_context(text, built.context)}"
            sys.stdout.write(_STEP.sub("\x1b[1m\\g<0>\x1b[0m", text) if _has_colors() else text)
    except ProgramError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _has_colors() -> bool:
    """Whether standard output is a terminal, and the user has not turned colors off (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

"""``cdk8s-airflow report``: what reviewers and operators need to know about a platform."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from cdk8s_airflow.cli.program import ProgramError, built_apps
from cdk8s_airflow.cli.progress import step

_FORMATS = {".md": "markdown", ".html": "html", ".json": "json"}


@click.command("report", short_help="What a platform consists of, requests and requires.")
@click.argument("program", type=click.Path(path_type=Path), default=Path("main.py"))
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "html", "json"]),
    help="The format. Default: that of the name of --output, or markdown.",
)
@click.option("--output", type=click.Path(path_type=Path), help="The file to write. Default: standard output.")
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, help="This environment only. Default: all."
)
def command(program: Path, form: str | None, output: Path | None, environments: tuple[str, ...]) -> int:
    """What a platform consists of, requests and requires.

    PROGRAM is a Python file with a function build() that returns the app, or with Environments(...). Default: main.py.

    The report lists warnings, prerequisites, Secrets without values, requests and limits, database sessions, network
    connections, permissions, images, state with its backup, and versions, and shows a picture of the platform. The same
    program gives the same report, so commit it: pull requests then show what changes.
    """
    from cdk8s_airflow.app.object_findings import check_objects, objects_of
    from cdk8s_airflow.app.registry import registry_of
    from cdk8s_airflow.report.formats import html, json_text, markdown
    from cdk8s_airflow.report.platform_report import platform_report
    from cdk8s_airflow.validation import PlatformError

    chosen = form or _FORMATS.get(output.suffix if output else "", "markdown")
    reports = []
    try:
        with step(f"Running {program}") if sys.stderr.isatty() else contextlib.nullcontext():
            for built in built_apps(program, environments):
                check_objects(built.app)
                registry, objects = registry_of(built.app), objects_of(built.app)
                reports.append(platform_report(registry, objects, environment=built.environment, context=built.context))
    except ProgramError as error:
        raise click.ClickException(str(error)) from None
    except PlatformError as error:
        raise click.ClickException(f"{program} has findings:\n{error}") from None
    text = {"markdown": markdown, "html": html, "json": json_text}[chosen](reports)
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None
    return 0

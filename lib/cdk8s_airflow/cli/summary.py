"""``cdk8s-airflow summary``: what was written, and what the cluster must have before it is applied."""

from __future__ import annotations

import click

from cdk8s_airflow.cli.summary_text import print_summary


@click.command("summary", short_help="What was written, and what the cluster must have.")
@click.argument("program")
@click.argument("folder")
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, help="This environment only. Default: all."
)
def command(program: str, folder: str, environments: tuple[str, ...]) -> int:
    """What was written, and what the cluster must have before it is applied.

    PROGRAM is a Python file with a function build() that returns the app, or with Environments(...). FOLDER is the folder with its manifests.
    """
    return print_summary(program, folder, environments)

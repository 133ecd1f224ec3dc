"""``cdk8s-airflow summary``: what was written, and what the cluster must have before it is applied."""

from __future__ import annotations

import click

from cdk8s_airflow.cli.summary_text import print_summary


@click.command("summary", short_help="What was written, and what the cluster must have.")
@click.argument("program")
@click.argument("folder")
def command(program: str, folder: str) -> int:
    """What was written, and what the cluster must have before it is applied.

    PROGRAM is a Python file with a function build() that returns the app. FOLDER is the folder with its manifests.
    """
    return print_summary(program, folder)

"""``cdk8s-airflow summary``: the steps from the written manifests to the UI."""

from __future__ import annotations

import click

from cdk8s_airflow.cli.summary_text import print_summary


@click.command("summary", short_help="Print the steps from the written manifests to the UI.")
@click.option("--details", is_flag=True, help="Print state, deletion, permissions, sessions and recovery instead.")
@click.argument("program")
@click.argument("folder")
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, help="This environment only. Default: all."
)
def command(program: str, folder: str, environments: tuple[str, ...], *, details: bool) -> int:
    """Print the steps from the written manifests to the UI: prerequisites, namespaces, Secrets, apply, first user.

    PROGRAM is a Python file with a function build() that returns the app, or with Environments(...). FOLDER is the folder with its manifests.
    """
    return print_summary(program, folder, environments, details=details)

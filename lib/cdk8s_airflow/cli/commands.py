"""All commands, in one list."""

from __future__ import annotations

import click

from cdk8s_airflow.cli import doctor, plan, report, summary

COMMANDS: tuple[click.Command, ...] = (plan.command, doctor.command, report.command, summary.command)
"""The commands, in the order of ``--help``. A new command is one more entry."""


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def group() -> click.Group:
    """The command with all its subcommands."""
    found = _InOrder(
        name="cdk8s-airflow",
        help="Airflow platforms on Kubernetes, described in Python.\n\nExit status: 0, done; 1, an error, with a message; 2, plan "
        "found a change that --fail-on names.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for command in COMMANDS:
        found.add_command(command)
    return click.version_option(package_name="cdk8s-airflow", message="%(package)s %(version)s")(found)

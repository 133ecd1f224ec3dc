"""``cdk8s-airflow doctor``: what keeps a platform from running on its cluster."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.cli.program import BuiltApp, ProgramError, built_apps
from cdk8s_airflow.cli.progress import step
from cdk8s_airflow.doctor import Diagnosis, DoctorError, LiveCluster, Severity, examine, requirements_of
from cdk8s_airflow.doctor.cluster_facts_text import cluster_facts_text
from cdk8s_airflow.doctor.live_cluster import NotReadable
from cdk8s_airflow.doctor.text import diagnoses_json, diagnoses_text
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import read_folder
from cdk8s_airflow.validation import PlatformError

FOUND = 2
"""The exit status if the cluster has an error."""


@click.command("doctor", short_help="Find out why a platform does not run on its cluster.")
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    default=Path("main.py"),
    show_default=True,
    help="The program that describes the platform.",
)
@click.option(
    "--dist",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="The folder with its manifests.",
)
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, help="This environment only. Default: all."
)
@click.option(
    "--context", help="The kubectl context. Default: that of the environment, or else the current context of kubectl."
)
@click.option("--kubectl", default="kubectl", show_default=True, help="The kubectl program.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is printed.",
)
@click.option(
    "--write-facts", is_flag=True, help="Print ClusterFacts(...) of the cluster to paste into a program, and exit."
)
def command(
    program: Path,
    dist: Path,
    environments: Sequence[str],
    context: str | None,
    kubectl: str,
    form: str,
    write_facts: bool,
) -> int:
    """Find out why a platform does not run on its cluster, with a fix for each problem.

    It checks operators, custom resource definitions, Secrets and their keys, storage classes, Pod Security levels, quotas, releases, and
    pods that do not start.

    It only reads, with kubectl, and does not read values of Secrets. Exit status: 0, no error; 1, the cluster or the program cannot be
    read; 2, the cluster has an error.
    """
    try:
        if write_facts:
            sys.stdout.write(cluster_facts_text(LiveCluster(_kubectl(kubectl, context))))
            return 0
        found: list[Diagnosis] = []
        for built in built_apps(program, environments):
            where = context or built.context
            diagnoses = _examine(built, dist, _kubectl(kubectl, where))
            found += diagnoses
            if form == "text":
                sys.stdout.write(f"{built.title}\n\n" if built.title else "")
                sys.stdout.write(diagnoses_text(diagnoses))
        if form == "json":
            sys.stdout.write(diagnoses_json(found))
    except (DoctorError, NotReadable, PlanError, ProgramError) as error:
        raise click.ClickException(str(error)) from None
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return FOUND if any(each.severity is Severity.ERROR for each in found) else 0


def _kubectl(program: str, context: str | None) -> tuple[str, ...]:
    return (program, "--context", context) if context else (program,)


def _examine(built: BuiltApp, dist: Path, kubectl: Sequence[str]) -> list[Diagnosis]:
    registry = registry_of(built.app)
    platform = read_folder(built.folder(dist))
    facts = registry.facts or next(iter(registry.stated_facts), None)
    with step("Reading the cluster"):
        return examine(requirements_of(registry, platform), LiveCluster(kubectl), facts)

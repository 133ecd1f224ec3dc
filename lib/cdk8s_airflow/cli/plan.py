"""``cdk8s-airflow plan``: what a change does to the platform that is running."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cdk8s_airflow.cli.progress import step
from cdk8s_airflow.plan.acceptance import Acceptance, acceptance, check_acceptances, read_acceptances
from cdk8s_airflow.plan.between import between_environments, between_text
from cdk8s_airflow.plan.comparison import EnvironmentPlan, Plan, compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.json_format import json_text
from cdk8s_airflow.plan.live import read_live
from cdk8s_airflow.plan.manifest import Platform, environment_folders, read_folder
from cdk8s_airflow.plan.pair import RELEASE_KINDS
from cdk8s_airflow.plan.program import ProgramOutput, run_program
from cdk8s_airflow.plan.rendering import Renderer
from cdk8s_airflow.plan.revision import base, environments_in_revision, read_revision
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.text_format import Line, markdown_text, text_lines

CLASSES = [risk.value for risk in Risk if risk is not Risk.NONE]

_COLOURS = {
    Risk.IMPOSSIBLE: "bold red", Risk.DATA: "bold red", Risk.DOWNTIME: "yellow", Risk.SECURITY: "magenta", Risk.RESTART: "cyan",
    Risk.CONFIGURATION: "green", Risk.NONE: "dim",
}  # fmt: skip

_DEFAULT_WIDTH = 100
"""Columns where there is no terminal."""


def _classes(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[Risk]:
    """The classes of ``--fail-on``, which may be given several times and separated by commas."""
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in CLASSES:
            raise click.BadParameter(f"{name!r} is not a class. Use one of: {', '.join(CLASSES)}.", context, parameter)
    return [Risk(name) for name in names]


@click.command("plan", short_help="What a change does to the platform that is running.")
@click.argument("folders", nargs=-1, metavar="[OLD NEW]", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar="REF",
    help="Compare with dist/ at this git revision. Default: where the branch left the main branch.",
)
@click.option(
    "--live", is_flag=True, help="Compare with the objects in the cluster, read by kubectl. Nothing is changed there."
)
@click.option(
    "--environment",
    "environments",
    metavar="NAME",
    multiple=True,
    help="Compare this environment of the program only. Default: all.",
)
@click.option(
    "--between",
    metavar="ENV ENV",
    nargs=2,
    type=str,
    help="Compare two environments of the program: settings first, then objects. Expected differences are left out.",
)
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    default=Path("main.py"),
    show_default=True,
    help="The program that is run for the new output.",
)
@click.option(
    "--dist",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="The folder that is committed.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the plan is printed.",
)
@click.option(
    "--fail-on",
    callback=_classes,
    metavar="CLASS[,CLASS]",
    multiple=True,
    help="Exit with status 2 if a change reaches one of these classes.",
)
@click.option(
    "--accept",
    "accepted",
    metavar="RULE:OBJECT",
    multiple=True,
    help="A change that does not count for --fail-on. It must be part of the plan.",
)
@click.option(
    "--accept-file",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file with one RULE:OBJECT a line, comments after #.",
)
@click.option("--render", is_flag=True, help="Render the charts with Helm, and compare their objects too.")
@click.option(
    "--charts",
    type=click.Path(path_type=Path),
    default=Path("charts"),
    show_default=True,
    help="For --render: the folder with chart archives, like airflow-1.22.0.tgz.",
)
@click.option("--helm", default="helm", show_default=True, help="For --render: the Helm program.")
@click.option("--kubectl", default="kubectl", show_default=True, help="For --live: the kubectl program.")
@click.option("--context", help="For --live: the kubectl context.")
@click.option("--all", "everything", is_flag=True, help="List changes without an effect too (text only).")
def command(
    folders: tuple[Path, ...],
    against: str | None,
    live: bool,
    environments: tuple[str, ...],
    between: tuple[str, str] | None,
    program: Path,
    dist: Path,
    form: str,
    fail_on: list[Risk],
    accepted: tuple[str, ...],
    accept_file: tuple[Path, ...],
    render: bool,
    charts: Path,
    helm: str,
    kubectl: str,
    context: str | None,
    everything: bool,
) -> int:
    """What a change does to the platform that is running.

    By default the output of main.py now is compared with dist/ at the git revision where the branch left the main branch.
    With two folders, NEW is compared with OLD. With --live, the new output is compared with the cluster.

    \b
    Classes, from harmless to severe:
      configuration  takes effect without a restart of a running pod
      restart        pods are replaced one after another
      security       a policy, permission or Pod Security level allows more
      downtime       a part of the platform does not work for a while
      data           data is deleted, unreachable, or cannot be decrypted
      impossible     the API server or an operator refuses the change

    \b
    --fail-on CLASS counts this class and the ones after it. security counts for --fail-on restart, but not
    for downtime, data or impossible; --fail-on security counts that class alone.

    With several environments in the program, each is compared with its folder below dist/, or its cluster.

    Exit status: 0; 1 if the plan cannot be made; 2 if a change reaches --fail-on.
    """
    try:
        acceptances = [acceptance(text, "--accept") for text in accepted]
        acceptances += [each for path in accept_file for each in read_acceptances(path)]
        kubectl_words = [kubectl, *(["--context", context] if context else [])]
        if between:
            if folders or against or live or environments or fail_on or acceptances:
                raise PlanError(
                    "--between is used together with --program, --format, --render, --charts and --helm only."
                )
            renderer = Renderer(helm=helm, charts=charts) if render else None
            sys.stdout.write(_between(program, between, renderer, form))
            return 0
        pairs = _pairs(folders, against, live, environments, program, dist, kubectl_words)
        renderer = Renderer(helm=helm, charts=charts) if render else None
        plans = [
            EnvironmentPlan(pair.environment, pair.title, _plan(pair.before, pair.after, renderer)) for pair in pairs
        ]
        changes = [change for each in plans for change in each.plan.changes]
        check_acceptances(acceptances, changes)
    except PlanError as error:
        raise click.ClickException(str(error)) from None
    _show(plans, form, acceptances, everything)
    open_changes = [change for change in changes if not any(each.matches(change) for each in acceptances)]
    reached = any(change.risk.reaches(threshold) for change in open_changes for threshold in fail_on)
    return 2 if reached else 0


def _between(program: Path, names: tuple[str, str], renderer: Renderer | None, form: str) -> str:
    """The text of ``--between``."""
    first, second = names
    if first == second:
        raise PlanError("--between takes two different environments.")
    with step(f"Running {program}"):
        output = run_program(program, between=names)
    if output.comparable is None:
        raise PlanError(f"{program} did not write environment {second} in a form that can be compared.")
    plan = _plan(output.platforms[first], output.comparable, renderer)
    return between_text(between_environments(output, names, plan), form)


@dataclasses.dataclass(frozen=True)
class _Pair:
    """Two platforms to compare, and the environment that both are."""

    environment: str
    before: Platform
    after: Platform
    context: str = ""

    @property
    def title(self) -> str:
        """What is compared."""
        named = f" (environment {self.environment}" if self.environment else ""
        context = f", kubectl context {self.context}" if self.context else ""
        return f"{self.before.label} -> {self.after.label}{f'{named}{context})' if named else ''}"


def _pairs(
    folders: Sequence[Path],
    against: str | None,
    live: bool,
    environments: Sequence[str],
    program: Path,
    dist: Path,
    kubectl: Sequence[str],
) -> list[_Pair]:
    """The platforms to compare, one pair for each environment."""
    if live and against:
        raise PlanError("--live and --against cannot be used together: each of them names what is compared with.")
    if len(folders) > 2 or (len(folders) == 1 and not live):
        raise PlanError("Pass two folders, OLD and NEW, or none.")
    if len(folders) == 2:
        if live or against:
            raise PlanError("Two folders cannot be used together with --live or --against.")
        return _folder_pairs(folders[0], folders[1], environments)
    if folders:
        output = ProgramOutput({"": read_folder(folders[0])})
    else:
        with step(f"Running {program}"):
            output = run_program(program, environments=environments)
    if live:
        return [_live_pair(name, output, dist, kubectl) for name in output.platforms]
    revision = against or base(dist.resolve().parent)
    names = list(output.platforms)
    if not environments:
        # What is no longer in the program is removed.
        names += [name for name in ("", *environments_in_revision(dist, revision)) if name not in names]
    pairs = []
    for name in names:
        before, _ = read_revision(dist / name, revision)
        after = output.platforms.get(name, Platform(label=f"nothing in {program}"))
        context = output.environments[name].context if name in output.environments else ""
        if before.manifests or after.manifests:
            pairs.append(_Pair(name, before, after, context))
    return pairs


def _folder_pairs(old: Path, new: Path, environments: Sequence[str]) -> list[_Pair]:
    """Two folders, or the folders of environments in them."""
    names = sorted({*environment_folders(old), *environment_folders(new)})
    unknown = [name for name in environments if name not in names]
    if unknown:
        raise PlanError(f"Neither {old} nor {new} has a folder of environment {unknown[0]}.")
    pairs = [] if environments or not new.is_dir() else [_Pair("", read_folder(old), read_folder(new))]
    if names:
        pairs = [pair for pair in pairs if pair.before.manifests or pair.after.manifests]
    for name in environments or names:
        before, after = (_environment_folder(each / name) for each in (old, new))
        pairs.append(_Pair(name, before, after))
    return pairs or [_Pair("", read_folder(old), read_folder(new))]


def _environment_folder(folder: Path) -> Platform:
    """The platform of an environment; an empty one if it has no folder."""
    return read_folder(folder) if folder.is_dir() else Platform(label=f"{folder} (does not exist)")


def _live_pair(name: str, output: ProgramOutput, dist: Path, kubectl: Sequence[str]) -> _Pair:
    """The cluster of an environment and its new output."""
    context = output.environments[name].context if name in output.environments else ""
    words = [*kubectl, "--context", context] if context and "--context" not in kubectl else kubectl
    after = output.platforms[name]
    with step(f"Reading the cluster{f' of {name}' if name else ''}"):
        return _Pair(name, read_live([after, *_committed(dist / name)], words), after, context)


def _committed(dist: Path) -> list[Platform]:
    """What is committed, so that objects are found that the new output no longer has; nothing without a repository."""
    try:
        return [read_revision(dist, "HEAD")[0]]
    except PlanError:
        return []


def _plan(before: Platform, after: Platform, renderer: Renderer | None) -> Plan:
    if renderer is None:
        plan = compare(before, after)
        return dataclasses.replace(plan, notes=(*plan.notes, *_not_rendered(plan)))
    with step("Rendering the charts with Helm"):
        return renderer.compare(before, after)


def _not_rendered(plan: Plan) -> list[str]:
    kinds = {change.object.partition("/")[0] for change in plan.changes}
    if kinds.isdisjoint(RELEASE_KINDS):
        return []
    return [
        "The charts were not rendered: restarts are what is known about the chart versions. Use --render to compare the objects "
        "of the charts."
    ]


def _show(plans: Sequence[EnvironmentPlan], form: str, acceptances: Sequence[Acceptance], everything: bool) -> None:
    if form == "json":
        sys.stdout.write(json_text(plans, acceptances))
        return
    for index, each in enumerate(plans):
        if index:
            sys.stdout.write("\n")
        if form == "markdown":
            sys.stdout.write(markdown_text(each.plan, title=each.title, acceptances=acceptances))
        else:
            _print(
                list(
                    text_lines(
                        each.plan, title=each.title, width=_width(), acceptances=acceptances, everything=everything
                    )
                )
            )


def _width() -> int:
    from rich.console import Console

    return Console().width if sys.stdout.isatty() else _DEFAULT_WIDTH


def _print(lines: Sequence[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 10_000)
    for line in lines:
        console.print(Text.assemble(*((text, _COLOURS[risk] if risk else "") for text, risk in line.parts)))

"""The text at the end of ``make synth``: what was written, and the steps from there to the UI, in the order of the work."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.release_access import ReleaseAccesses
from cdk8s_airflow.model.secret_need import SecretNeed, sources_first
from cdk8s_airflow.report.lines import command, paragraph
from cdk8s_airflow.report.prerequisites import prerequisites

_KIND = regex(r"^kind: (\S+)$", re.MULTILINE)
_BODY = "   "
_COMMAND = "     "

_WATCHED: Mapping[str, str] = {
    "Cluster/postgresql.cnpg.io": "kubectl -n {namespace} get cluster.postgresql.cnpg.io {name} --watch",
    "HelmChart/helm.cattle.io": "kubectl -n {namespace} logs --follow job/helm-install-{name}",
    "HelmRelease/helm.toolkit.fluxcd.io": "kubectl -n {namespace} get helmrelease {name} --watch",
    "Application/argoproj.io": "kubectl -n {namespace} get application {name} --watch",
    "Job/batch": "kubectl -n {namespace} logs --follow job/{name}",
}
"""Kind of an object whose progress shows how far the platform is -> the command that shows it."""


def summary(registry: Registry, folder: Path, program: str = "main.py") -> str:
    """The summary of an app whose manifests are in a folder: prerequisites, namespaces, Secrets, apply, watch, first user, URL.

    Args:
        registry: what the constructs of the app have recorded.
        folder: the folder with its manifests.
        program: the program, for the command that prints the details. Default: ``main.py``.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.k8s.yaml"))}
    namespaces = [file for file, text in texts.items() if "Namespace" in _KIND.findall(text)]
    steps = [
        ("Check the prerequisites", _prerequisites(registry, texts.values())),
        ("Create the namespaces", [line for file in namespaces for line in _apply(file)]),
        ("Create the Secrets, in this order (bash)", _secrets(registry)),
        ("Apply the manifests", [*(_apply(f"{folder}/") if _has_objects(texts) else []), *_files(registry, folder)]),
        ("Watch the rollout", _watch(registry)),
        ("Create the first user" if _needs_user(registry) else "Log in", _users(registry)),
        ("Open the UI", _urls(registry)),
    ]
    numbered = [(title, lines) for title, lines in steps if lines]
    blocks = [
        [*paragraph(_written(texts, folder)), *([] if numbered else ["There is nothing to apply."])],
        *([f"{number}. {title}", *lines] for number, (title, lines) in enumerate(numbered, 1)),
    ]
    if numbered:
        more = command(f"python -m cdk8s_airflow summary --details {program} {folder}", "  ")
        blocks.append(["To delete everything, or to see state, permissions, database sessions and recovery:", *more])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _written(texts: Mapping[Path, str], folder: Path) -> str:
    kinds: Counter[str] = Counter()
    for text in texts.values():
        kinds.update(_KIND.findall(text))
    names = ", ".join(file.name for file in texts) or "no files"
    counted = ", ".join(f"{count} {_plural(kind) if count > 1 else kind}" for kind, count in sorted(kinds.items()))
    return f"Wrote {names} to {folder}/: {counted or 'no objects'}."


def _has_objects(texts: Mapping[Path, str]) -> bool:
    """Whether there are manifests: kubectl refuses to apply a folder without any."""
    return any(_KIND.search(text) for text in texts.values())


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _apply(file: Path | str) -> list[str]:
    return command(f"kubectl apply --server-side -f {file}", _COMMAND)


def _prerequisites(registry: Registry, texts: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for each in prerequisites(registry, texts):
        lines += paragraph(f"- {each.text}", f"{_BODY}  ", _BODY)
        lines += (line for check in each.checks for line in command(check, _COMMAND))
    for note in registry.all_notes:
        if isinstance(note, BeforeApply):
            lines += paragraph(f"- {note}", f"{_BODY}  ", _BODY)
    return lines


def _secrets(registry: Registry) -> list[str]:
    creators = {place: source.by for place, source in registry.provided.items()}
    lines: list[str] = []
    for need in sources_first(registry.missing):
        lines += _secret(need, creators)
    return lines


def _secret(need: SecretNeed, creators: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """One Secret: its purpose, the keys that only the user can provide, and its command."""
    yield from paragraph(f"- {need.namespace}/{need.name}: {need.purpose}", f"{_BODY}  ", _BODY)
    for key, content in need.keys.items():
        if key not in need.recipe:
            yield from paragraph(f"{key}: {content}", f"{_COMMAND}  ", _COMMAND)
    for namespace, name in sorted(need.sources):
        if (namespace, name) in creators:
            yield from paragraph(
                f"Run this after step Apply, when Secret {namespace}/{name} exists (created by {creators[namespace, name]}):",
                _COMMAND,
            )
    if need.existing:
        yield from paragraph(need.existing, _COMMAND)
        yield from command(need.copy_command, _COMMAND)
        yield from paragraph("For a new database:", _COMMAND)
    yield from command(need.command, _COMMAND)


def _files(registry: Registry, folder: Path) -> Iterator[str]:
    """The script that installs a release with Helm, and a warning if cdk8s alone has written the output."""
    for name, text in sorted(registry.files.items()):
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield from paragraph(
                f"{file} is missing or old: only run() and synth() of cdk8s_airflow write it, not app.synth().", _BODY
            )
        elif file.suffix == ".sh":
            yield from command(f"sh {file}", _COMMAND)


def _watch(registry: Registry) -> list[str]:
    shown = [
        _WATCHED[kind].format(namespace=namespace, name=name)
        for watched in _WATCHED
        for kind, namespace, name in registry.objects
        if kind == watched
    ]
    pods = dict.fromkeys(f"kubectl -n {access().namespace} get pods --watch" for access in _accesses(registry))
    return [line for each in (*shown, *pods) for line in command(each, _COMMAND)]


def _accesses(registry: Registry) -> ReleaseAccesses:
    return registry.slot(ReleaseAccesses)


def _needs_user(registry: Registry) -> bool:
    return any("users create" in access().first_user for access in _accesses(registry))


def _users(registry: Registry) -> list[str]:
    return _of_releases({access().release: access().first_user for access in _accesses(registry)})


def _urls(registry: Registry) -> list[str]:
    return _of_releases({access().release: access().url for access in _accesses(registry)})


def _of_releases(texts: Mapping[str, str]) -> list[str]:
    """One paragraph for each release, with its name if there are several."""
    lines: list[str] = []
    for release, text in texts.items():
        lines += paragraph(text if len(texts) == 1 else f"Release {release}: {text}", _BODY)
    return lines

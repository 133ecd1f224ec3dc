"""The short text at the end of ``make synth``: what was written, and what the cluster must have before it is applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.secret_recipe import sources
from cdk8s_airflow.report.permissions import permissions_of, permissions_text
from cdk8s_airflow.report.removal import removal_text
from cdk8s_airflow.secret_scan import Exemptions

_KIND = regex(r"^kind: (\S+)$", re.MULTILINE)


def summary(registry: Registry, folder: Path) -> str:
    """The summary of an app whose manifests are in a folder.

    Args:
        registry: what the app's constructs said.
        folder: where its manifests were written.
    """
    files = sorted(folder.glob("*.k8s.yaml"))
    paragraphs = [
        _written(files, folder),
        _definitions(registry.crds),
        _unknown_kinds(registry.unknown_kinds),
        _state(registry),
        removal_text(registry, folder),
        permissions_text(permissions_of(registry)),
        *_sessions(registry),
        *registry.notes,
        _exempt(registry.slot(Exemptions).declared),
        _made(registry.provided.values()),
        _secrets(registry.missing, [file for file in files if _has_namespaces(file)], registry.provided.values()),
        f"Apply it:\n  kubectl apply --server-side -f {folder}/",
        *_files(registry, folder),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _files(registry: Registry, folder: Path) -> Iterator[str]:
    """How to install what is no manifest; and that it is not there, where cdk8s alone has written."""
    for name, text in sorted(registry.files.items()):
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield f"{file} is missing or old: it is written by run() or synth() of cdk8s_airflow, not by app.synth()."
        elif file.suffix == ".sh":
            yield f"Then install or upgrade with Helm:\n  sh {file}"


def _sessions(registry: Registry) -> Iterator[str]:
    """How many sessions each database and pooler sees at most, and how that adds up."""
    if registry.sessions:
        from cdk8s_airflow.model.sessions import session_report

        yield from (session_report(demands) for _, demands in sorted(registry.sessions.items()))


def _exempt(count: int) -> str:
    """How many strings the program declared not to be secrets."""
    if not count:
        return ""
    return f"{count} string{'s are' if count > 1 else ' is'} exempt from the secret scan (not_secret())."


def _written(files: list[Path], folder: Path) -> str:
    kinds: Counter[str] = Counter()
    for file in files:
        kinds.update(_KIND.findall(file.read_text(encoding="utf-8")))
    names = ", ".join(file.name for file in files) or "no file"
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"Wrote {names} to {folder}/: {counted or 'no objects'}."


def _definitions(crds: Iterable[str]) -> str:
    names = sorted(crds)
    if not names:
        return ""
    lines = "\n".join(f"  {name}" for name in names)
    return f"The cluster must have these definitions; check with\n  kubectl get crd {' '.join(names)}\n{lines}"


def _unknown_kinds(kinds: Iterable[tuple[str, str]]) -> str:
    """Custom resources of the user's own for which no schema is included."""
    lines = "".join(
        f"\n  {kind} ({api_version}): kubectl api-resources --api-group={api_version.rpartition('/')[0]}"
        for api_version, kind in sorted(kinds)
    )
    return (
        f"The cluster must also have these kinds. Their schemas are not included, so they were not validated:{lines}"
        if lines
        else ""
    )


def _secrets(secrets: Iterable[SecretNeed], namespaces: list[Path], made: Iterable[ProvidedSecret]) -> str:
    makers = {_place(source): source.by for source in made}
    needed = sorted(secrets, key=_order)
    if not needed:
        return "No Secret has to be made by hand."
    first = "".join(f"\n    kubectl apply --server-side -f {file}" for file in namespaces)
    return (
        "These Secrets must exist; make them in this order (bash)"
        + (f", in namespaces that are there after:{first}" if first else ":")
        + "".join(line for need in needed for line in _secret(need, makers))
    )


def _made(sources: Iterable[ProvidedSecret]) -> str:
    lines = [f"  {source.namespace}/{source.name}: {source.by}" for source in sorted(sources, key=_place)]
    return "\n".join(["These Secrets are made on the platform, by:", *lines]) if lines else ""


def _place(source: ProvidedSecret) -> tuple[str, str]:
    return source.namespace, source.name


def _has_namespaces(file: Path) -> bool:
    return "Namespace" in _KIND.findall(file.read_text(encoding="utf-8"))


def _order(need: SecretNeed) -> tuple[bool, str, str]:
    return "get secret" in need.command, need.namespace, need.name


def _secret(need: SecretNeed, makers: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """One Secret, its keys and its command; and that it has to wait, where it copies from one that the platform makes."""
    kind = "" if need.type == "Opaque" else f" ({need.type})"
    yield f"\n  {need.namespace}/{need.name}{kind}: {need.purpose}"
    for key, content in need.keys.items():
        yield f"\n      {key}: {content}"
    for namespace, name in sorted({(namespace, name) for namespace, name, _ in sources(need.recipe or {})}):
        if (namespace, name) in makers:
            yield f"\n      only after everything is applied, when there is {namespace}/{name}, made by {makers[namespace, name]}"
    yield f"\n    {need.command}"


def _state(registry: Registry) -> str:
    if not registry.state:
        return ""
    lines = "\n".join(
        f"  {kind.partition('/')[0]} {'/'.join(part for part in (namespace, name) if part)}"
        for kind, namespace, name in registry.state
    )
    return f"These hold state; deleting them loses data:\n{lines}"

"""What is still on the cluster when a program writes no objects any more, and the commands that delete it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cdk8s_airflow._regex import regex

_FIRST = {
    "HelmChart": "helmchart.helm.cattle.io",
    "HelmRelease": "helmrelease.helm.toolkit.fluxcd.io",
    "Application": "application.argoproj.io",
}
"""Kinds that represent a release: their controllers uninstall it, for which its namespace must still exist."""

_CLUSTER = "cluster.postgresql.cnpg.io"
_POOLER = "pooler.postgresql.cnpg.io"
_FIELDS = {
    name: regex(rf"^{indent}{name}: *[\"']?([^\s\"']+)[\"']? *$", re.MULTILINE)
    for name, indent in (("apiVersion", ""), ("kind", ""), ("name", "  "), ("namespace", "  "))
}
_METADATA = regex(r"^metadata:\n((?:  .*\n?)*)", re.MULTILINE)
_DOCUMENT = regex(r"^---\s*$", re.MULTILINE)
_HELM = regex(r"helm upgrade --install (\S+)[^$]*?--namespace (\S+)")


def deletion_commands(texts: Iterable[str]) -> list[str]:
    """The commands that delete the objects in manifests that are not written any more.

    Releases go first, then poolers, whose sessions a database would wait for, then each database, and the pods of databases
    before their namespace.

    Args:
        texts: the manifests and the scripts of Helm, as this library has written them.
    """
    texts = list(texts)
    found = list(dict.fromkeys(each for text in texts for each in _objects(text)))
    helm = [f"helm uninstall {each[1]} --namespace {each[2]} --wait" for text in texts if (each := _HELM.search(text))]
    first = [_delete(kind, name, namespace) for kind, name, namespace in found if kind in _FIRST.values()]
    poolers = [_delete(kind, name, namespace) for kind, name, namespace in found if kind == _POOLER]
    databases = [line for kind, name, namespace in found if kind == _CLUSTER for line in _database(name, namespace)]
    others: dict[str, list[str]] = {}
    for kind, name, namespace in found:
        if kind not in (*_FIRST.values(), _CLUSTER, _POOLER, "namespace"):
            others.setdefault(namespace, []).append(f"{kind}/{name}")
    rest = [
        f"kubectl{f' -n {namespace}' if namespace else ''} delete --ignore-not-found {' '.join(names)}"
        for namespace, names in others.items()
    ]
    last = [_delete(kind, name, namespace) for kind, name, namespace in found if kind == "namespace"]
    return [*helm, *first, *poolers, *databases, *rest, *last]


def _objects(text: str) -> Iterator[tuple[str, str, str]]:
    """Kind with its group, name and namespace of each object in a file of manifests."""
    for document in _DOCUMENT.split(text):
        metadata = _METADATA.search(document)
        kind, version = (_FIELDS[field].search(document) for field in ("kind", "apiVersion"))
        name = _FIELDS["name"].search(metadata.group(1)) if metadata else None
        if metadata is None or kind is None or version is None or name is None:
            continue
        namespace = _FIELDS["namespace"].search(metadata.group(1))
        group = version.group(1).rpartition("/")[0]
        full = f"{kind.group(1)}.{group}".rstrip(".").lower()
        yield full, name.group(1), "" if namespace is None else namespace.group(1)


def _delete(kind: str, name: str, namespace: str) -> str:
    return f"kubectl{f' -n {namespace}' if namespace else ''} delete --ignore-not-found {kind} {name}"


def _database(name: str, namespace: str) -> list[str]:
    return [_delete(_CLUSTER, name, namespace), wait_for_pods_of_database(name, namespace)]


def wait_for_pods_of_database(name: str, namespace: str) -> str:
    """The command that waits until the pods of a deleted CloudNativePG Cluster have ended.

    A namespace that is deleted while such a pod is still ending stays for 15 minutes: the namespace controller looks again only
    after half of the pod's grace period, which is 1800 seconds. The pods of a Pooler have the label of the Cluster too; the
    command waits for instances only.
    """
    return (
        f"kubectl -n {namespace} wait --for=delete pod -l cnpg.io/cluster={name},cnpg.io/podRole=instance --timeout=5m"
    )


def deletion_text(folder: str, commands: Iterable[str]) -> str:
    """What a run prints after it has removed all manifests."""
    lines = "".join(f"  {command}\n" for command in commands)
    return (
        f"The program has no objects any more, so all manifests were removed from {folder}.\n"
        f"If they were applied, delete the objects in this order. This deletes all data:\n{lines}"
    )

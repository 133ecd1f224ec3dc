"""The commands that delete a whole platform, in an order that ends soon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.app.removed import wait_for_pods_of_database

_CLUSTER = "Cluster/postgresql.cnpg.io"
_POOLER = "Pooler/postgresql.cnpg.io"


def removal_commands(registry: Registry, folder: Path) -> list[str]:
    """The commands that delete everything an app has put on a cluster, in the order in which they must run.

    Releases go first: the controller or Helm uninstalls them while their namespaces are still there. Then the Poolers,
    because a primary that is deleted waits three minutes for the sessions of its clients, unless its Cluster was applied
    with ``smartShutdownTimeout: 0``, as this library writes it. Then each Cluster of CloudNativePG,
    and its pods, because a namespace that is deleted before they have ended stays for 15 minutes. The manifests go last; what
    the commands before have deleted is ignored.

    Args:
        registry: what the app's constructs have recorded.
        folder: where its manifests were written.
    """
    manifests = [f"kubectl delete --ignore-not-found -f {folder}/"] if registry.objects else []
    return [*registry.removals, *_poolers(registry), *_clusters(registry), *manifests]


def _poolers(registry: Registry) -> Iterator[str]:
    for kind, namespace, name in sorted(registry.objects):
        if kind == _POOLER:
            yield f"kubectl -n {namespace} delete pooler.postgresql.cnpg.io {name}"


def _clusters(registry: Registry) -> Iterator[str]:
    for kind, namespace, name in sorted(registry.objects):
        if kind == _CLUSTER:
            yield f"kubectl -n {namespace} delete cluster.postgresql.cnpg.io {name}"
            yield wait_for_pods_of_database(name, namespace)


def removal_text(registry: Registry, folder: Path) -> str:
    """A paragraph of the summary with the commands; empty where a plain ``kubectl delete -f`` does the same."""
    commands = removal_commands(registry, folder)
    if len(commands) < 2 and not registry.removals:
        return ""
    lines = "\n".join(f"  {command}" for command in commands)
    return f"To delete everything, including all data, run these commands in this order:\n{lines}"

"""Databases as their operators read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.frozen import frozen
from cdk8s_airflow.delivery.pruning import state_metadata
from cdk8s_airflow.scheduling.resources import Resources
from cdk8s_airflow.scheduling.wire import resources
from cdk8s_airflow.secrets.needs import SecretNeed
from cdk8s_airflow.storage.volume import Volume


@frozen
class ClusterSettings:
    """What a CnpgCluster was told, sound in itself."""

    name: str
    namespace: str
    instances: int
    image: str
    database: str
    owner: str
    credentials: str | None
    storage: Volume
    resources: Resources
    parameters: Mapping[str, str] = field(default_factory=dict)
    pull_secret: str | None = None
    architecture: str | None = None
    plugins: Sequence[Mapping[str, Any]] = ()
    bootstrap: Mapping[str, Any] | None = None
    external_clusters: Sequence[Mapping[str, Any]] = ()


@frozen
class ClusterParts:
    """What something beside the Cluster itself, such as its backups, adds to it.

    Attributes:
        plugins: entries of ``spec.plugins``.
        bootstrap: ``spec.bootstrap``, in the place of a new database.
        external_clusters: entries of ``spec.externalClusters``.
        objects: construct id -> further manifests.
        needs: Secrets that must exist.
        notes: what a reader of the summary should know.
        findings: what is wrong, below the argument that it was given as.
    """

    plugins: Sequence[Mapping[str, Any]] = ()
    bootstrap: Mapping[str, Any] | None = None
    external_clusters: Sequence[Mapping[str, Any]] = ()
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: Sequence[SecretNeed] = ()
    notes: Sequence[str] = ()
    findings: Sequence[Finding] = ()


def cluster_manifest(settings: ClusterSettings) -> dict[str, Any]:
    """The Cluster object. Source: ``spec`` of postgresql.cnpg.io/v1.

    With one instance there is no disruption budget: it would keep the instance's node from ever being drained.
    """
    initdb: dict[str, Any] = {"database": settings.database, "owner": settings.owner}
    if settings.credentials is not None:
        initdb["secret"] = {"name": settings.credentials}
    storage: dict[str, Any] = {"size": settings.storage.size}
    if settings.storage.storage_class is not None:
        storage["storageClass"] = settings.storage.storage_class
    spec: dict[str, Any] = {
        "instances": settings.instances,
        "imageName": settings.image,
        "bootstrap": {"initdb": initdb} if settings.bootstrap is None else settings.bootstrap,
        "storage": storage,
        "resources": resources(settings.resources),
        "enablePDB": settings.instances > 1,
        "enableSuperuserAccess": False,
    }
    if settings.pull_secret is not None:
        spec["imagePullSecrets"] = [{"name": settings.pull_secret}]
    if settings.architecture is not None:
        spec["affinity"] = {"nodeSelector": {"kubernetes.io/arch": settings.architecture}}
    if settings.parameters:
        spec["postgresql"] = {"parameters": dict(settings.parameters)}
    if settings.plugins:
        spec["plugins"] = list(settings.plugins)
    if settings.external_clusters:
        spec["externalClusters"] = list(settings.external_clusters)
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": settings.name, "namespace": settings.namespace, **state_metadata()},
        "spec": spec,
    }

"""The settings of a CnpgCluster as the wire reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    from cdk8s_airflow.database.cluster_settings import (
        ImageCatalog,
        InitDb,
        PostgresAntiAffinity,
        PostgresCertificates,
        PostgresExtension,
        PostgresExtensionImage,
        PostgresMonitoring,
        PostgresUpdates,
        SynchronousReplication,
    )
    from cdk8s_airflow.database.roles import DatabaseRole, PostgresDatabase
    from cdk8s_airflow.model.node_group import NodePlacement
    from cdk8s_airflow.model.placement import TopologySpread
    from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount

CLUSTER_LABEL = "cnpg.io/cluster"
"""The label of every pod that the operator makes for a Cluster, with the Cluster's name."""


def instance_labels(name: str) -> dict[str, str]:
    """The labels that only the instances of a Cluster have, not its poolers and Jobs."""
    return {CLUSTER_LABEL: name, "cnpg.io/podRole": "instance"}


@frozen
class ClusterSettings:
    """The validated settings of a CnpgCluster."""

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
    postgres_major: int = 16
    catalog: ImageCatalog | None = None
    pull_policy: str | None = None
    wal_storage: Volume | None = None
    synchronous: SynchronousReplication | None = None
    anti_affinity: PostgresAntiAffinity | None = None
    spread: Sequence[TopologySpread] = ()
    placement: NodePlacement | None = None
    disruption_budget: bool | None = None
    priority_class: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: ServiceAccount | ExistingServiceAccount | None = None
    preload: Sequence[str] = ()
    extensions: Sequence[PostgresExtension | str] = ()
    extension_images: Sequence[PostgresExtensionImage] = ()
    pg_hba: Sequence[str] = ()
    initdb: InitDb | None = None
    certificates: PostgresCertificates | None = None
    updates: PostgresUpdates | None = None
    monitoring: PostgresMonitoring | None = None
    roles: Sequence[DatabaseRole] = ()
    databases: Sequence[PostgresDatabase] = ()
    role_objects: bool = False


@frozen
class ClusterParts:
    """Additions to a Cluster by another part, such as its backups.

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


def cluster_object(settings: ClusterSettings, kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """An object of the operator that belongs to a Cluster and is named after it."""
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": kind,
        "metadata": {"name": f"{settings.name}-{name.replace('_', '-').strip('-')}", "namespace": settings.namespace},
        "spec": {"cluster": {"name": settings.name}, **spec},
    }

"""Databases as their operators read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.database.wire.settings import ClusterSettings, instance_labels
from cdk8s_airflow.model.node_group import placement_on
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.model.wire.placement import node_selector, spread, toleration
from cdk8s_airflow.model.wire.resources import resources

if TYPE_CHECKING:
    from cdk8s_airflow.database.cluster_settings import (
        PostgresExtensionImage,
    )


def cluster_manifest(settings: ClusterSettings) -> dict[str, Any]:
    """The Cluster object. Source: ``spec`` of postgresql.cnpg.io/v1.

    With one instance there is no disruption budget: it would keep the instance's node from ever being drained.

    Without a smart shutdown, an instance that restarts ends its sessions at once. By default the operator refuses new
    sessions for up to 180 s and waits for the open ones, but Airflow and poolers never close theirs.
    """
    budget = settings.disruption_budget
    spec: dict[str, Any] = {
        "instances": settings.instances,
        **_image(settings),
        "bootstrap": _bootstrap(settings),
        "storage": _volume(settings.storage),
        "resources": resources(settings.resources),
        "enablePDB": settings.instances > 1 if budget is None else budget,
        "enableSuperuserAccess": False,
        "smartShutdownTimeout": 0,
    }
    optional = {
        "imagePullPolicy": settings.pull_policy,
        "imagePullSecrets": None if settings.pull_secret is None else [{"name": settings.pull_secret}],
        "affinity": _affinity(settings),
        "topologySpreadConstraints": spread(settings.spread, instance_labels(settings.name)),
        "priorityClassName": settings.priority_class,
        "postgresql": _postgresql(settings),
        "walStorage": None if settings.wal_storage is None else _volume(settings.wal_storage),
        "plugins": list(settings.plugins),
        "externalClusters": list(settings.external_clusters),
    }
    spec |= {key: value for key, value in optional.items() if value}
    if _has_more(settings):
        # What few Clusters say costs the others no import.
        from cdk8s_airflow.database.wire.optional_parts import optional_spec

        spec |= optional_spec(settings)
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": settings.name, "namespace": settings.namespace, **state_metadata()},
        "spec": spec,
    }


def _has_more(settings: ClusterSettings) -> bool:
    return bool(
        settings.labels
        or settings.annotations
        or settings.service_account
        or settings.certificates
        or settings.updates
        or settings.monitoring
        or settings.roles
        or settings.databases
    )


def _image(settings: ClusterSettings) -> dict[str, Any]:
    if settings.catalog is None:
        return {"imageName": settings.image}
    return {
        "imageCatalogRef": {
            "apiGroup": "postgresql.cnpg.io",
            "kind": "ClusterImageCatalog" if settings.catalog.cluster_wide else "ImageCatalog",
            "name": settings.catalog.name,
            "major": settings.postgres_major,
        }
    }


def _bootstrap(settings: ClusterSettings) -> Mapping[str, Any]:
    if settings.bootstrap is not None:
        return settings.bootstrap
    made: dict[str, Any] = {"database": settings.database, "owner": settings.owner}
    if settings.credentials is not None:
        made["secret"] = {"name": settings.credentials}
    given = settings.initdb
    if given is not None:
        made |= {
            key: value
            for key, value in (
                ("encoding", given.encoding),
                ("locale", given.locale),
                ("localeProvider", given.provider),
                ("icuLocale", given.provider_locale if given.provider == "icu" else None),
                ("builtinLocale", given.provider_locale if given.provider == "builtin" else None),
                ("dataChecksums", given.checksums or None),
                ("walSegmentSize", given.wal_segment_size),
            )
            if value is not None
        }
    return {"initdb": made}


def _volume(volume: Volume) -> dict[str, Any]:
    made: dict[str, Any] = {"size": volume.size}
    if volume.storage_class is not None:
        made["storageClass"] = volume.storage_class
    return made


def _affinity(settings: ClusterSettings) -> dict[str, Any]:
    """The operator's own form of affinity, which adds what keeps instances apart."""
    made: dict[str, Any] = {}
    apart = settings.anti_affinity
    placed = None if settings.placement is None else placement_on(settings.placement)
    if apart is not None:
        made["topologyKey"] = apart.across
        made["podAntiAffinityType"] = "required" if apart.required else "preferred"
    labels = node_selector({} if placed is None else placed.node_selector, settings.architecture)
    if labels:
        made["nodeSelector"] = labels
    if placed is not None:
        if placed.tolerations:
            made["tolerations"] = [toleration(each) for each in placed.tolerations]
        for key, name in AFFINITIES.items():
            if placed.affinity and key in placed.affinity:
                made[name] = placed.affinity[key]
    return made


AFFINITIES: Mapping[str, str] = {
    "nodeAffinity": "nodeAffinity",
    "podAffinity": "additionalPodAffinity",
    "podAntiAffinity": "additionalPodAntiAffinity",
}
"""The parts of a pod's ``affinity``, and what the operator calls them."""


def _postgresql(settings: ClusterSettings) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if settings.parameters:
        made["parameters"] = dict(settings.parameters)
    if settings.pg_hba:
        made["pg_hba"] = list(settings.pg_hba)
    if settings.preload:
        made["shared_preload_libraries"] = list(settings.preload)
    if settings.extension_images:
        made["extensions"] = [_extension_image(each) for each in settings.extension_images]
    given = settings.synchronous
    if given is not None:
        made["synchronous"] = {"method": given.method, "number": given.number, "dataDurability": given.durability}
        if given.failover_quorum:
            made["synchronous"]["failoverQuorum"] = True
    return made


def _extension_image(given: PostgresExtensionImage) -> dict[str, Any]:
    made: dict[str, Any] = {"name": given.name}
    if given.image is not None:
        made["image"] = {"reference": given.image}
    for key, paths in (
        ("extension_control_path", given.control_paths),
        ("dynamic_library_path", given.library_paths),
        ("ld_library_path", given.system_library_paths),
    ):
        if paths:
            made[key] = list(paths)
    return made

"""Settings of a Cluster that are sound, and how tests change them."""

from __future__ import annotations

import dataclasses
from typing import Any

from cdk8s_airflow.database.cluster_rules import cluster_findings, has_role_objects
from cdk8s_airflow.database.wire.cluster import cluster_manifest
from cdk8s_airflow.database.wire.optional_parts import optional_objects
from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.volume import Volume

SMALL = ClusterSettings(
    name="pg",
    namespace="data",
    instances=1,
    image="example.com/pg:16",
    database="db",
    owner="me",
    credentials=None,
    storage=Volume("10Gi"),
    resources=Resources(cpu="1", memory="1Gi"),
)
NEWEST = ClusterFacts(cnpg="1.30.0", kubernetes="1.35")


def settings(**changes: Any) -> ClusterSettings:
    """A Cluster of three instances, with some of it changed."""
    return dataclasses.replace(SMALL, **{"instances": 3, **changes})


def spec(**changes: Any) -> dict[str, Any]:
    """What the Cluster's spec says beyond that of a Cluster of three instances without the changes."""
    plain, changed = (cluster_manifest(settings(**each))["spec"] for each in ({}, changes))
    return {key: value for key, value in changed.items() if plain.get(key) != value}


def manifests(given: ClusterSettings) -> list[dict[str, Any]]:
    """The Cluster and the objects that belong to it."""
    return [cluster_manifest(given), *optional_objects(given).values()]


def found(facts: ClusterFacts = NEWEST, **changes: Any) -> list[tuple[str, str]]:
    """Rule and argument of everything that is wrong."""
    given = settings(**{"role_objects": has_role_objects(facts), **changes})
    return [(finding.rule, finding.at) for finding in cluster_findings(given, facts)]

"""A Cluster as the operator reads it."""

from __future__ import annotations

import dataclasses

from cdk8s_airflow.database.wire.cluster import cluster_manifest
from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.volume import Volume
from tests.truth import assert_accepted

SMALL = ClusterSettings(
    name="pg",
    namespace="data",
    instances=1,
    image="example.com/pg:16",
    database="db",
    owner="me",
    credentials=None,
    storage=Volume("1Gi"),
    resources=Resources(cpu="1", memory="1Gi"),
)


def test_the_smallest_cluster() -> None:
    manifest = cluster_manifest(SMALL)
    metadata = manifest.pop("metadata")
    assert (metadata["name"], metadata["namespace"]) == ("pg", "data")
    assert metadata["labels"] == {"cdk8s-airflow/holds-state": "true"}
    assert metadata["annotations"]["helm.sh/resource-policy"] == "keep"
    assert manifest == {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "spec": {
            "instances": 1,
            "imageName": "example.com/pg:16",
            "bootstrap": {"initdb": {"database": "db", "owner": "me"}},
            "storage": {"size": "1Gi"},
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
            "enablePDB": False,
            "enableSuperuserAccess": False,
            "smartShutdownTimeout": 0,
        },
    }
    assert_accepted([cluster_manifest(SMALL)])


def test_all_of_it() -> None:
    large = dataclasses.replace(
        SMALL,
        instances=3,
        credentials="login",
        storage=Volume("1Gi", storage_class="fast"),
        parameters={"max_connections": "200"},
    )
    manifest = cluster_manifest(large)
    spec = manifest["spec"]
    assert spec["enablePDB"] is True
    assert spec["bootstrap"]["initdb"]["secret"] == {"name": "login"}
    assert spec["storage"] == {"size": "1Gi", "storageClass": "fast"}
    assert spec["postgresql"] == {"parameters": {"max_connections": "200"}}
    assert_accepted([manifest])

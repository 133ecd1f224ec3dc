"""Settings of a Cluster other than its size, as the operator reads them, and refused values."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    ConfigMapKey,
    DatabaseRole,
    ExistingSecret,
    ExistingServiceAccount,
    ImageCatalog,
    InitDb,
    Placement,
    PostgresAntiAffinity,
    PostgresCertificates,
    PostgresDatabase,
    PostgresExtension,
    PostgresExtensionImage,
    PostgresMonitoring,
    PostgresSize,
    PostgresUpdates,
    ServiceAccount,
    SynchronousReplication,
    TlsSecret,
    Toleration,
    TopologySpread,
    Volume,
)
from cdk8s_airflow.database.wire.cluster import cluster_manifest
from cdk8s_airflow.database.wire.databases import login_of
from cdk8s_airflow.database.wire.optional_parts import optional_needs, optional_notes, optional_objects
from cdk8s_airflow.kube.emit import emit
from cdk8s_airflow.validation import check_setting
from tests.database.samples import NEWEST, found, manifests, settings, spec
from tests.making import emitted, new_chart
from tests.truth import assert_accepted

DBT = DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login"))
NODES = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]}
POD = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "zone"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

SAID: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"catalog": ImageCatalog(name="postgresql"), "postgres_major": 17},
        {
            "imageCatalogRef": {
                "apiGroup": "postgresql.cnpg.io",
                "kind": "ClusterImageCatalog",
                "name": "postgresql",
                "major": 17,
            }
        },
    ),
    (
        {"catalog": ImageCatalog(name="ours", cluster_wide=False)},
        {"imageCatalogRef": {"apiGroup": "postgresql.cnpg.io", "kind": "ImageCatalog", "name": "ours", "major": 16}},
    ),
    ({"pull_policy": "Always"}, {"imagePullPolicy": "Always"}),
    ({"wal_storage": Volume("2Gi")}, {"walStorage": {"size": "2Gi"}}),
    ({"wal_storage": Volume("2Gi", "fast")}, {"walStorage": {"size": "2Gi", "storageClass": "fast"}}),
    (
        {"synchronous": SynchronousReplication(number=2, method="first", durability="preferred", failover_quorum=True)},
        {
            "postgresql": {
                "synchronous": {
                    "method": "first",
                    "number": 2,
                    "dataDurability": "preferred",
                    "failoverQuorum": True,
                }
            }
        },
    ),
    (
        {"synchronous": SynchronousReplication()},
        {"postgresql": {"synchronous": {"method": "any", "number": 1, "dataDurability": "required"}}},
    ),
    (
        {"anti_affinity": PostgresAntiAffinity(across="topology.kubernetes.io/zone", required=True)},
        {"affinity": {"podAntiAffinityType": "required", "topologyKey": "topology.kubernetes.io/zone"}},
    ),
    (
        {"anti_affinity": PostgresAntiAffinity()},
        {"affinity": {"podAntiAffinityType": "preferred", "topologyKey": "kubernetes.io/hostname"}},
    ),
    (
        {"spread": [TopologySpread(across="topology.kubernetes.io/zone", required=True)]},
        {
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"cnpg.io/cluster": "pg", "cnpg.io/podRole": "instance"}},
                }
            ]
        },
    ),
    (
        {
            "placement": Placement(
                node_selector={"disk": "fast"},
                tolerations=[Toleration(key="db", effect="NoSchedule")],
                affinity={"nodeAffinity": {REQUIRED: NODES}, "podAffinity": {REQUIRED: [POD]}},
            ),
            "architecture": "arm64",
        },
        {
            "affinity": {
                "nodeSelector": {"kubernetes.io/arch": "arm64", "disk": "fast"},
                "tolerations": [{"key": "db", "operator": "Exists", "effect": "NoSchedule"}],
                "nodeAffinity": {REQUIRED: NODES},
                "additionalPodAffinity": {REQUIRED: [POD]},
            }
        },
    ),
    (
        {"placement": Placement(affinity={"podAntiAffinity": {REQUIRED: [POD]}})},
        {"affinity": {"additionalPodAntiAffinity": {REQUIRED: [POD]}}},
    ),
    ({"disruption_budget": False}, {"enablePDB": False}),
    ({"priority_class": "platform"}, {"priorityClassName": "platform"}),
    (
        {"labels": {"team": "data"}, "annotations": {"a": "b"}},
        {"inheritedMetadata": {"labels": {"team": "data"}, "annotations": {"a": "b"}}},
    ),
    ({"labels": {"team": "data"}}, {"inheritedMetadata": {"labels": {"team": "data"}}}),
    (
        {"service_account": ServiceAccount(annotations={"a": "b"})},
        {"serviceAccountTemplate": {"metadata": {"annotations": {"a": "b"}}}},
    ),
    ({"service_account": ExistingServiceAccount("pg")}, {"serviceAccountName": "pg"}),
    ({"preload": ["pg_cron"]}, {"postgresql": {"shared_preload_libraries": ["pg_cron"]}}),
    ({"pg_hba": ["host all all all md5"]}, {"postgresql": {"pg_hba": ["host all all all md5"]}}),
    (
        {"pg_hba": ["local all all peer map=x", "host a b 10.0.0.0 255.0.0.0 md5", "hostssl a b 10.0.0.0/8 ldap x=y"]},
        {
            "postgresql": {
                "pg_hba": [
                    "local all all peer map=x",
                    "host a b 10.0.0.0 255.0.0.0 md5",
                    "hostssl a b 10.0.0.0/8 ldap x=y",
                ]
            }
        },
    ),
    (
        {"extension_images": [PostgresExtensionImage(name="pgvector", image="x:1")], "postgres_major": 18},
        {"postgresql": {"extensions": [{"name": "pgvector", "image": {"reference": "x:1"}}]}},
    ),
    (
        {
            "initdb": InitDb(
                encoding="UTF8", locale="C", provider="icu", provider_locale="und", checksums=True, wal_segment_size=32
            )
        },
        {
            "bootstrap": {
                "initdb": {
                    "database": "db",
                    "owner": "me",
                    "encoding": "UTF8",
                    "locale": "C",
                    "localeProvider": "icu",
                    "icuLocale": "und",
                    "dataChecksums": True,
                    "walSegmentSize": 32,
                }
            }
        },
    ),
    (
        {"initdb": InitDb(provider="builtin", provider_locale="C.UTF-8"), "postgres_major": 17},
        {
            "bootstrap": {
                "initdb": {"database": "db", "owner": "me", "localeProvider": "builtin", "builtinLocale": "C.UTF-8"}
            }
        },
    ),
    ({"initdb": InitDb()}, {}),
    (
        {"certificates": PostgresCertificates(server=TlsSecret("tls"), server_ca=ExistingSecret("ca"))},
        {"certificates": {"serverTLSSecret": "tls", "serverCASecret": "ca"}},
    ),
    (
        {"certificates": PostgresCertificates(client_ca=ExistingSecret("ca"), replication=TlsSecret("tls"))},
        {"certificates": {"clientCASecret": "ca", "replicationTLSSecret": "tls"}},
    ),
    (
        {"certificates": PostgresCertificates(names=["pg.acme.lab"])},
        {"certificates": {"serverAltDNSNames": ["pg.acme.lab"]}},
    ),
    (
        {"updates": PostgresUpdates(by="switchover", supervised=True)},
        {"primaryUpdateMethod": "switchover", "primaryUpdateStrategy": "supervised"},
    ),
    ({"updates": PostgresUpdates()}, {"primaryUpdateMethod": "restart", "primaryUpdateStrategy": "unsupervised"}),
    ({"monitoring": PostgresMonitoring()}, {}),
    (
        {"monitoring": PostgresMonitoring(queries=[ConfigMapKey("q", "q.yaml")], default_queries=False, tls=True)},
        {
            "monitoring": {
                "customQueriesConfigMap": [{"name": "q", "key": "q.yaml"}],
                "disableDefaultQueries": True,
                "tls": {"enabled": True},
            }
        },
    ),
    (
        {"roles": [DBT]},
        {
            "managed": {
                "roles": [
                    {
                        "name": "dbt",
                        "login": True,
                        "passwordSecret": {"name": "dbt-login"},
                        "ensure": "present",
                        "inherit": True,
                        "connectionLimit": -1,
                    }
                ]
            }
        },
    ),
    (
        {"databases": [PostgresDatabase(name="warehouse", owner=DBT)]},
        {
            "managed": {
                "roles": [
                    {
                        "name": "dbt",
                        "login": True,
                        "passwordSecret": {"name": "dbt-login"},
                        "ensure": "present",
                        "inherit": True,
                        "connectionLimit": -1,
                    }
                ]
            }
        },
    ),
    ({"roles": [DBT], "role_objects": True}, {}),
]


@pytest.mark.parametrize(("changes", "expected"), SAID)
def test_a_setting_becomes_the_field_of_the_operator(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(**changes) == expected
    assert found(**changes) == []
    assert_accepted(manifests(settings(**changes)))


def test_all_settings_are_emitted_as_they_are() -> None:
    chart = new_chart()
    told = [cluster_manifest(settings(name=f"pg-{index}", **changes)) for index, (changes, _) in enumerate(SAID)]
    emit(chart, {str(index): manifest for index, manifest in enumerate(told)})
    assert emitted(chart) == told


def test_a_catalog_stands_in_the_place_of_the_image() -> None:
    assert "imageName" not in cluster_manifest(settings(catalog=ImageCatalog(name="c")))["spec"]


def test_roles_are_objects_where_the_operator_has_them() -> None:
    role = DatabaseRole(
        name="data_team",
        member_of=["pg_monitor"],
        create_databases=True,
        create_roles=True,
        connection_limit=5,
        comment="who looks",
    )
    given = settings(role_objects=True, roles=[role, DBT])
    made = optional_objects(given)
    assert made["role-data_team"] == {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "DatabaseRole",
        "metadata": {"name": "pg-data-team", "namespace": "data"},
        "spec": {
            "cluster": {"name": "pg"},
            "name": "data_team",
            "login": False,
            "disablePassword": True,
            "inRoles": ["pg_monitor"],
            "createdb": True,
            "createrole": True,
            "comment": "who looks",
            "connectionLimit": 5,
        },
    }
    assert made["role-dbt"]["spec"]["passwordSecret"] == {"name": "dbt-login"}
    assert_accepted(manifests(given))


def test_a_further_database_has_owner_schemas_and_extensions_and_stays_when_its_object_goes() -> None:
    given = settings(
        databases=[
            PostgresDatabase(
                name="ware_house",
                owner=DBT,
                schemas=["raw"],
                extensions=["pg_trgm", PostgresExtension(name="vector", schema="public", version="0.8.1")],
                connection_limit=20,
            ),
            PostgresDatabase(name="second"),
        ]
    )
    made = optional_objects(given)
    first = made["database-ware_house"]
    assert first["metadata"]["name"] == "pg-ware-house"
    assert first["metadata"]["labels"] == {"cdk8s-airflow/holds-state": "true"}
    assert first["spec"] == {
        "cluster": {"name": "pg"},
        "name": "ware_house",
        "owner": "dbt",
        "databaseReclaimPolicy": "retain",
        "connectionLimit": 20,
        "schemas": [{"name": "raw", "owner": "dbt", "ensure": "present"}],
        "extensions": [
            {"name": "pg_trgm", "ensure": "present"},
            {"name": "vector", "schema": "public", "version": "0.8.1", "ensure": "present"},
        ],
    }
    assert made["database-second"]["spec"]["owner"] == "me"
    assert_accepted(manifests(given))


def test_extensions_of_the_first_database_are_in_a_database_object() -> None:
    assert optional_objects(settings(extensions=["pg_trgm"]))["first-database"]["spec"] == {
        "cluster": {"name": "pg"},
        "name": "db",
        "owner": "me",
        "databaseReclaimPolicy": "retain",
        "extensions": [{"name": "pg_trgm", "ensure": "present"}],
    }


def test_a_cluster_with_few_settings_has_no_other_objects() -> None:
    assert optional_objects(settings()) == {}


def test_a_pod_monitor_finds_the_instances_and_not_the_poolers() -> None:
    given = settings(monitoring=PostgresMonitoring(labels={"release": "prometheus"}, interval="1m30s"))
    assert optional_objects(given)["pod-monitor"] == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "pg", "namespace": "data", "labels": {"release": "prometheus"}},
        "spec": {
            "selector": {"matchLabels": {"cnpg.io/cluster": "pg", "cnpg.io/podRole": "instance"}},
            "podMetricsEndpoints": [{"port": "metrics", "interval": "90s"}],
        },
    }


@pytest.mark.parametrize(
    ("certificates", "authority"),
    [
        (None, "pg-ca"),
        (PostgresCertificates(names=["x.lab"]), "pg-ca"),
        (PostgresCertificates(server=TlsSecret("tls"), server_ca=ExistingSecret("ours")), "ours"),
    ],
)
def test_metrics_over_tls_are_checked_against_the_authority_of_the_server(
    certificates: PostgresCertificates | None, authority: str
) -> None:
    given = settings(monitoring=PostgresMonitoring(tls=True), certificates=certificates)
    (endpoint,) = optional_objects(given)["pod-monitor"]["spec"]["podMetricsEndpoints"]
    assert endpoint == {
        "port": "metrics",
        "scheme": "https",
        "tlsConfig": {"ca": {"secret": {"name": authority, "key": "ca.crt"}}, "serverName": "pg-rw"},
    }
    assert_accepted(manifests(given))


def test_the_config_map_of_queries_has_the_label_that_the_operator_watches() -> None:
    given = settings(monitoring=PostgresMonitoring(queries=[ConfigMapKey("queries", "custom.yaml")]))
    (note,) = optional_notes(given)
    assert "queries" in note
    assert "cnpg.io/reload=true" in note


def test_secrets_of_roles_and_certificates_must_exist() -> None:
    needs = {
        need.name: need
        for need in optional_needs(
            settings(
                roles=[DBT, DatabaseRole(name="readers")],
                certificates=PostgresCertificates(
                    server=TlsSecret("tls"), server_ca=ExistingSecret("ca"), client_ca=ExistingSecret("client-ca")
                ),
            )
        )
    }
    assert needs.keys() == {"dbt-login", "tls", "ca", "client-ca"}
    assert {need.namespace for need in needs.values()} == {"data"}
    assert "'dbt'" in needs["dbt-login"].keys["username"]
    assert needs["tls"].type == "kubernetes.io/tls"


def test_the_authority_of_clients_needs_its_key_where_the_operator_signs() -> None:
    def keys(**certificates: Any) -> list[str]:
        given = settings(certificates=PostgresCertificates(client_ca=ExistingSecret("ca"), **certificates))
        return [key for need in optional_needs(given) if need.name == "ca" for key in need.keys]

    assert keys() == ["ca.crt", "ca.key"]
    assert keys(replication=TlsSecret("replication")) == ["ca.crt"]


BOTH = settings(databases=[PostgresDatabase(name="warehouse", owner=DBT), PostgresDatabase(name="second")], roles=[])


@pytest.mark.parametrize(("name", "login"), [("warehouse", ("dbt", "dbt-login")), ("second", ("me", "pg-app"))])
def test_who_logs_in_to_a_further_database(name: str, login: tuple[str, str]) -> None:
    assert login_of(BOTH, name, operators="pg-app") == login


def test_a_field_that_the_operator_release_lacks_is_refused() -> None:
    old, unknown = ClusterFacts(cnpg="1.26.1"), ClusterFacts()
    quorum = {"synchronous": SynchronousReplication(failover_quorum=True)}
    account = {"service_account": ExistingServiceAccount("pg")}
    images = {"extension_images": [PostgresExtensionImage(name="a", image="x:1")], "postgres_major": 18}
    for facts in (old, unknown):
        assert found(facts, **quorum) == [("database/release", "synchronous.failover_quorum")]
        assert found(facts, **account) == [("database/release", "service_account")]
        assert found(facts, **images) == [("database/release", "extension_images")]
    assert found(ClusterFacts(cnpg="1.28.0"), **quorum) == []
    assert found(ClusterFacts(cnpg="1.29.0"), **account) == []
    assert found(ClusterFacts(cnpg="1.27.0"), **images) == []


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"synchronous": SynchronousReplication(number=3)}, "database/synchronous", "synchronous.number"),
    ({"synchronous": SynchronousReplication(), "instances": 1}, "database/synchronous", "synchronous.number"),
    ({"updates": PostgresUpdates(supervised=True), "instances": 1}, "database/updates", "updates.supervised"),
    ({"disruption_budget": True, "instances": 1}, "scheduling/budget", "disruption_budget"),
    ({"placement": Placement(affinity={"nodes": {}})}, "database/placement", "placement.affinity.nodes"),
    ({"initdb": InitDb(), "bootstrap": {"recovery": {"source": "old"}}}, "database/bootstrap", "initdb"),
    (
        {"initdb": InitDb(provider="builtin", provider_locale="C.UTF-8")},
        "database/locale",
        "initdb.provider",
    ),
    (
        {"initdb": InitDb(provider="icu", provider_locale="und"), "postgres_major": 14},
        "database/locale",
        "initdb.provider",
    ),
    ({"extensions": ["a", PostgresExtension(name="a")]}, "database/extension", "extensions"),
    ({"extension_images": [PostgresExtensionImage(name="a", image="x:1")]}, "database/extension", "extension_images"),
    (
        {"extension_images": [PostgresExtensionImage(name="a")], "postgres_major": 18},
        "database/extension",
        "extension_images[0].image",
    ),
    ({"pg_hba": [" "]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all all md5\nhost all all all trust"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all ${podselector:x} md5"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["hosts all all all md5"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all md5"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all all cert"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all all peer"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["local all all all md5"]}, "database/pg-hba", "pg_hba[0]"),
    ({"pg_hba": ["host all all 10.0.0.0/8 scram"]}, "database/pg-hba", "pg_hba[0]"),
    ({"preload": ["a", "b", "a"]}, "database/preload", "preload[2]"),
    ({"labels": {"cnpg.io/cluster": "x"}}, "database/own-label", "labels.cnpg.io/cluster"),
    (
        {"annotations": {"alpha.cnpg.io/x": "y"}},
        "database/own-label",
        "annotations.alpha.cnpg.io/x",
    ),
    ({"service_account": ServiceAccount(name="pg")}, "database/account", "service_account.name"),
    ({"roles": [DatabaseRole(name="me")]}, "database/role", "roles"),
    ({"roles": [DBT, DatabaseRole(name="dbt")]}, "database/role", "roles"),
    (
        {"roles": [DBT, DatabaseRole(name="other", credentials=BasicAuthSecret("dbt-login"))]},
        "database/role",
        "roles",
    ),
    (
        {"roles": [DatabaseRole(name="other", credentials=BasicAuthSecret("mine"))], "credentials": "mine"},
        "database/role",
        "roles",
    ),
    ({"databases": [PostgresDatabase(name="db")]}, "database/database", "databases[0].name"),
    (
        {"databases": [PostgresDatabase(name="a"), PostgresDatabase(name="a")]},
        "database/database",
        "databases[1].name",
    ),
    ({"databases": [PostgresDatabase(name="a", owner="nobody")]}, "database/owner", "databases[0].owner"),
]


@pytest.mark.parametrize(("changes", "rule", "at"), REFUSED)
def test_what_cannot_be_is_refused(changes: dict[str, Any], rule: str, at: str) -> None:
    assert found(**changes) == [(rule, at)]


def test_two_images_of_extensions_that_become_one_volume_are_both_told() -> None:
    images = [PostgresExtensionImage(name="a_b", image="x:1"), PostgresExtensionImage(name="a-b", image="x:1")]
    assert found(extension_images=images, postgres_major=18) == [
        ("database/extension", "extension_images[0].name"),
        ("database/extension", "extension_images[1].name"),
    ]


def test_a_node_for_each_instance_needs_as_many_nodes() -> None:
    apart = {"anti_affinity": PostgresAntiAffinity(required=True)}
    assert found(ClusterFacts(nodes=2), **apart) == [("database/anti-affinity", "anti_affinity.required")]
    assert found(ClusterFacts(nodes=3), **apart) == []
    assert found(ClusterFacts(), **apart) == []
    zones = {"anti_affinity": PostgresAntiAffinity(across="topology.kubernetes.io/zone", required=True)}
    assert found(ClusterFacts(nodes=2), **zones) == []


def test_images_of_extensions_need_nodes_that_mount_images() -> None:
    images = {"extension_images": [PostgresExtensionImage(name="a", image="x:1")], "postgres_major": 18}
    assert found(ClusterFacts(cnpg="1.30.0", kubernetes="1.32"), **images) == [
        ("database/extension", "extension_images")
    ]
    catalog = {
        "extension_images": [PostgresExtensionImage(name="a")],
        "postgres_major": 18,
        "catalog": ImageCatalog(name="c"),
    }
    assert found(NEWEST, **catalog) == []


SIZES = [
    (
        PostgresSize.small(),
        {"storage": "10Gi", "wal_storage": None},
        {
            "max_connections": "100",
            "shared_buffers": "256MB",
            "effective_cache_size": "768MB",
            "maintenance_work_mem": "64MB",
            "work_mem": "4MB",
            "max_wal_size": "1024MB",
        },
    ),
    (
        PostgresSize.medium(),
        {"storage": "100Gi", "wal_storage": None},
        {
            "max_connections": "200",
            "shared_buffers": "1024MB",
            "effective_cache_size": "3072MB",
            "maintenance_work_mem": "256MB",
            "work_mem": "5MB",
            "max_wal_size": "4096MB",
        },
    ),
    (
        PostgresSize.large(),
        {"storage": "1Ti", "wal_storage": "1Gi"},
        {
            "max_connections": "400",
            "shared_buffers": "4096MB",
            "effective_cache_size": "12288MB",
            "maintenance_work_mem": "1024MB",
            "work_mem": "10MB",
            "max_wal_size": "512MB",
        },
    ),
]


@pytest.mark.parametrize(("size", "volumes", "expected"), SIZES)
def test_what_follows_from_a_size(size: PostgresSize, volumes: dict[str, Any], expected: dict[str, str]) -> None:
    assert size.parameters(**volumes) == expected


def test_a_log_that_is_smaller_than_any_sensible_one_is_left_as_it_is() -> None:
    assert "max_wal_size" not in PostgresSize.small().parameters(storage="1Gi", wal_storage="256Mi")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"synchronous": SynchronousReplication(number=2)}, "stops all writes while one of its 3 instances is down"),
        ({"synchronous": SynchronousReplication(number=1)}, None),
        ({"synchronous": SynchronousReplication(number=2, durability="preferred")}, None),
        ({"extension_images": [PostgresExtensionImage(name="a", image="x:1")]}, "ImageVolume"),
    ],
)
def test_an_accepted_but_risky_setting_is_a_note(changes: dict[str, Any], told: str | None) -> None:
    found_notes = list(optional_notes(settings(**changes)))
    assert len(found_notes) == (0 if told is None else 1)
    assert all(told in note for note in found_notes if told is not None)


@pytest.mark.parametrize(
    ("setting", "rule", "at"),
    [
        (PostgresSize(cpu="1", memory="255Mi"), "database/size", "memory"),
        (PostgresSize(cpu="1", memory="1Gi", max_connections=10), "argument/range", "max_connections"),
        (InitDb(provider="icu"), "database/locale", "provider_locale"),
        (InitDb(provider_locale="und"), "database/locale", "provider_locale"),
        (InitDb(provider="libc", provider_locale="und"), "database/locale", "provider_locale"),
        (InitDb(locale="de_DE; x"), "argument/name", "locale"),
        (InitDb(wal_segment_size=24), "argument/range", "wal_segment_size"),
        (PostgresCertificates(replication=TlsSecret("tls")), "database/certificates", "client_ca"),
        (PostgresExtensionImage(name="A", image="x:1"), "argument/name", "name"),
        (PostgresExtensionImage(name="a", image="x"), "database/extension", "image"),
        (PostgresExtensionImage(name="a", library_paths=["../lib"]), "database/extension", "library_paths[0]"),
        (PostgresExtensionImage(name="a", library_paths=["/lib"]), "database/extension", "library_paths[0]"),
        (PostgresExtensionImage(name="a", control_paths=["a", "a"]), "database/extension", "control_paths"),
        (PostgresExtension(name="x; drop"), "argument/name", "name"),
        (DatabaseRole(name="a", member_of=["a"]), "database/role", "member_of"),
        (DatabaseRole(name="a", member_of=["b", "b"]), "database/role", "member_of"),
        (DatabaseRole(name="a", member_of=["B"]), "argument/name", "member_of[0]"),
        (DatabaseRole(name="postgres"), "database/owner", "name"),
        (DatabaseRole(name="a", connection_limit=-2), "argument/range", "connection_limit"),
        (PostgresDatabase(name="template0"), "database/database", "name"),
        (PostgresDatabase(name="a", schemas=["s", "s"]), "database/schema", "schemas"),
        (PostgresDatabase(name="a", extensions=["e", PostgresExtension(name="e")]), "database/extension", "extensions"),
        (PostgresDatabase(name="a", owner=DatabaseRole(name="pg_a")), "database/owner", "owner.name"),
    ],
)
def test_what_is_wrong_with_a_setting_by_itself(setting: object, rule: str, at: str) -> None:
    assert [(finding.rule, finding.at) for finding in check_setting(setting, "it")] == [(rule, f"it.{at}")]


def test_a_secret_at_a_certificate_is_not_shown() -> None:
    given = PostgresCertificates(server="-----BEGIN PRIVATE KEY-----")  # type: ignore[arg-type]
    (finding,) = check_setting(given, "certificates")
    assert "PRIVATE" not in str(finding)

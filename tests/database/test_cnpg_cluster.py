"""CnpgCluster and ExternalDatabase: objects, handles, and the Secrets that somebody has to make."""

from __future__ import annotations

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    CnpgBackup,
    ConfigMapKey,
    DatabaseConnection,
    DatabaseRole,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    ImageCatalog,
    InitDb,
    Namespace,
    ObjectStorage,
    Placement,
    PlatformError,
    PostgresAntiAffinity,
    PostgresCertificates,
    PostgresDatabase,
    PostgresMonitoring,
    PostgresSize,
    PostgresUpdates,
    PullSecret,
    RegistryMirror,
    Resources,
    S3Credentials,
    SecretKey,
    ServiceAccount,
    SynchronousReplication,
    TlsSecret,
    Toleration,
    TopologySpread,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.database.connection import DatabaseAddress
from cdk8s_airflow.database.wire.traffic import instances
from cdk8s_airflow.model.sessions import DatabaseServer
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.truth import assert_accepted


def test_defaults() -> None:
    chart = new_chart()
    make_cluster(chart)
    (manifest,) = emitted(chart)
    assert manifest["metadata"]["name"] == "airflow-pg"
    assert manifest["metadata"]["namespace"] == "airflow-data"
    assert manifest["spec"] == {
        "instances": 1,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:16-standard-trixie",
        "bootstrap": {"initdb": {"database": "airflow", "owner": "airflow"}},
        "storage": {"size": "10Gi"},
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        "enablePDB": False,
        "enableSuperuserAccess": False,
        "smartShutdownTimeout": 0,
    }
    assert_accepted([manifest])
    assert registry_of(chart).secrets == {}
    assert registry_of(chart).crds == {"clusters.postgresql.cnpg.io"}
    assert registry_of(chart).state == [("Cluster/postgresql.cnpg.io", "airflow-data", "airflow-pg")]


def test_all_settings_together_are_accepted() -> None:
    chart = new_chart()
    make_cluster(
        chart,
        database="flows",
        owner="robot",
        credentials=BasicAuthSecret("login"),
        instances=3,
        postgres_major=17,
        resources=Resources(cpu="2", memory="4Gi", cpu_limit="3"),
        parameters={"shared_buffers": "1GB"},
        storage=Volume("1Ti", storage_class="fast", access_mode="ReadWriteOnce"),
        facts=ClusterFacts(crds={"clusters.postgresql.cnpg.io"}),
    )
    (manifest,) = emitted(chart)
    spec = manifest["spec"]
    assert spec["bootstrap"] == {"initdb": {"database": "flows", "owner": "robot", "secret": {"name": "login"}}}
    assert (spec["instances"], spec["enablePDB"]) == (3, True)
    assert spec["imageName"] == "ghcr.io/cloudnative-pg/postgresql:17-standard-trixie"
    assert spec["postgresql"] == {"parameters": {"shared_buffers": "1GB"}}
    assert spec["resources"]["limits"] == {"cpu": "3", "memory": "4Gi"}
    assert_accepted([manifest])
    (need,) = registry_of(chart).secrets.values()
    assert (need.namespace, need.name, need.type) == ("airflow-data", "login", "kubernetes.io/basic-auth")
    assert "'robot'" in need.keys["username"]


def test_the_image_comes_from_the_mirror_with_a_login_to_nodes_of_the_architecture() -> None:
    chart = new_chart()
    make_cluster(
        chart,
        mirror=RegistryMirror("registry.lab/mirror"),
        pull_secret=PullSecret("registry-login"),
        facts=ClusterFacts(architecture="arm64"),
    )
    (manifest,) = emitted(chart)
    assert manifest["spec"]["imageName"] == ("registry.lab/mirror/ghcr.io/cloudnative-pg/postgresql:16-standard-trixie")
    assert manifest["spec"]["imagePullSecrets"] == [{"name": "registry-login"}]
    assert manifest["spec"]["affinity"] == {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
    assert_accepted([manifest])
    (need,) = registry_of(chart).secrets.values()
    assert (need.namespace, need.name, need.type) == (
        "airflow-data",
        "registry-login",
        "kubernetes.io/dockerconfigjson",
    )
    assert "registry.lab" in need.purpose
    (note,) = registry_of(chart).notes
    assert "ghcr.io/cloudnative-pg/postgresql:16-standard-trixie -> registry.lab/mirror/" in note


def test_an_image_of_the_mirrors_registry_stays_and_no_copy_is_asked_for() -> None:
    chart = new_chart()
    make_cluster(chart, image="registry.lab/pg:16", mirror=RegistryMirror("registry.lab/mirror"))
    assert emitted(chart)[0]["spec"]["imageName"] == "registry.lab/pg:16"
    assert registry_of(chart).notes == []


def test_the_owner_defaults_to_the_name_of_the_database() -> None:
    chart = new_chart()
    make_cluster(chart, database="flows")
    assert emitted(chart)[0]["spec"]["bootstrap"]["initdb"] == {"database": "flows", "owner": "flows"}


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/cloudnative-pg/postgresql:16",
        "ghcr.io/cloudnative-pg/postgresql:16.4",
        "registry.lab:5000/mirror/postgresql:16.4-12-bookworm",
        "ghcr.io/cloudnative-pg/postgresql:16.4@sha256:" + "a" * 64,
    ],
)
def test_an_image_whose_tag_starts_with_the_version_is_taken(image: str) -> None:
    chart = new_chart()
    make_cluster(chart, image=image)
    assert emitted(chart)[0]["spec"]["imageName"] == image
    assert_accepted(emitted(chart))


def test_no_parameters_change_nothing() -> None:
    plain, said = new_chart(), new_chart()
    make_cluster(plain)
    make_cluster(said, parameters={}, owner=None, credentials=None, image=None)
    assert emitted(said) == emitted(plain)


def test_the_host_is_the_writing_service_in_a_form_that_any_namespace_resolves() -> None:
    assert make_cluster(new_chart()).host == "airflow-pg-rw.airflow-data.svc"


SERVER = DatabaseServer(
    name="Cluster airflow-data/airflow-pg",
    takes=100,
    reserved=3,
    grow='raise it: size=PostgresSize(...) or parameters={"max_connections": "200"}',
)


def test_in_its_own_namespace_the_operators_secret_is_the_connection() -> None:
    assert make_cluster(new_chart()).connection() == DatabaseConnection(
        secret="airflow-pg-app",
        secret_key="uri",
        secret_namespace="airflow-data",
        tls="require",
        postgres_major=16,
        peer=instances("airflow-pg", "airflow-data"),
        server=SERVER,
    )


@pytest.mark.parametrize("bridge", [ExistingSecret("metadata"), DsnSecret("metadata")])
def test_a_bridge_is_a_secret_in_airflows_namespace_with_the_operators_password(bridge: ExistingSecret) -> None:
    assert make_cluster(new_chart()).connection(bridge=bridge, tls="prefer") == DatabaseConnection(
        secret="metadata",
        tls="prefer",
        url=("postgresql://airflow:", "@airflow-pg-rw.airflow-data.svc:5432/airflow"),
        password=("airflow-data", "airflow-pg-app"),
        postgres_major=16,
        peer=instances("airflow-pg", "airflow-data"),
        server=SERVER,
    )


def test_with_own_credentials_the_password_comes_from_them() -> None:
    connection = make_cluster(new_chart(), credentials=BasicAuthSecret("login")).connection(bridge=ExistingSecret("m"))
    assert connection.password == ("airflow-data", "login")


def test_an_external_database_is_a_secret_with_its_url() -> None:
    assert ExternalDatabase(url=DsnSecret("m"), tls="disable").connection() == DatabaseConnection(
        secret="m", tls="disable"
    )


def test_consequences_of_a_broken_database_are_not_reported() -> None:
    chart = new_chart("lab")

    @collecting()
    def program() -> None:
        make_airflow(chart, database=make_cluster(chart, namespace="airflow-data").connection())

    with pytest.raises(PlatformError) as caught:
        program()
    assert [(finding.path, finding.at) for finding in caught.value] == [("lab/db", "namespace")]
    assert [manifest["kind"] for manifest in emitted(chart)] == ["HelmChart"]


def test_consequences_of_a_broken_bridge_are_not_reported() -> None:
    chart = new_chart("lab")
    with pytest.raises(PlatformError) as caught, collecting():
        make_airflow(chart, database=make_cluster(chart).connection(bridge="metadata"))  # type: ignore[arg-type]
    assert [(finding.path, finding.at) for finding in caught.value] == [("lab/db", "connection.bridge")]


def test_two_clusters_of_one_name_are_refused_in_one_namespace_and_taken_in_two() -> None:
    chart = new_chart("lab")
    make_cluster(chart, "one")
    with pytest.raises(PlatformError, match=r"^lab/two: .* another Cluster in namespace airflow-data, from lab/one"):
        make_cluster(chart, "two")
    make_cluster(chart, "three", namespace=Namespace.existing("other"))
    assert len(emitted(chart)) == 2


def test_all_settings_of_one_cluster_are_accepted() -> None:
    chart = new_chart()
    login = BasicAuthSecret("dbt-login")
    cluster = make_cluster(
        chart,
        instances=3,
        size=PostgresSize.medium(),
        parameters={"work_mem": "16MB"},
        wal_storage=Volume("8Gi"),
        catalog=ImageCatalog(name="postgresql"),
        pull_policy="IfNotPresent",
        synchronous=SynchronousReplication(failover_quorum=True),
        anti_affinity=PostgresAntiAffinity(required=True),
        spread=[TopologySpread(across="topology.kubernetes.io/zone")],
        placement=Placement(node_selector={"disk": "fast"}, tolerations=[Toleration(key="db")]),
        disruption_budget=False,
        priority_class="platform",
        labels={"team": "data"},
        annotations={"example.com/owner": "data"},
        service_account=ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/pg"}),
        extensions=["pg_trgm"],
        preload=["pg_stat_statements"],
        pg_hba=["hostssl all all 10.42.0.0/16 scram-sha-256"],
        initdb=InitDb(checksums=True),
        certificates=PostgresCertificates(names=["pg.acme.lab"]),
        updates=PostgresUpdates(by="switchover"),
        databases=[
            PostgresDatabase(name="warehouse", owner=DatabaseRole(name="dbt", credentials=login), schemas=["marts"])
        ],
        monitoring=PostgresMonitoring(labels={"release": "prometheus"}, queries=[ConfigMapKey("queries", "pg.yaml")]),
        facts=ClusterFacts(cnpg="1.30.0", nodes=3),
    )
    manifests = {manifest["kind"]: manifest for manifest in emitted(chart)}
    assert_accepted(emitted(chart))
    assert sorted(manifest["kind"] for manifest in emitted(chart)) == [
        "Cluster",
        "Database",
        "Database",
        "DatabaseRole",
        "PodMonitor",
    ]
    spec = manifests["Cluster"]["spec"]
    assert spec["enablePDB"] is False
    assert spec["postgresql"]["parameters"]["work_mem"] == "16MB"
    assert spec["postgresql"]["parameters"]["shared_buffers"] == "1024MB"
    assert spec["resources"] == {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}}
    assert cluster.max_connections == 200
    assert (cluster.name, cluster.reading_host) == ("airflow-pg", "airflow-pg-ro.airflow-data.svc")
    assert registry_of(chart).crds == {
        "clusters.postgresql.cnpg.io",
        "databases.postgresql.cnpg.io",
        "databaseroles.postgresql.cnpg.io",
        "podmonitors.monitoring.coreos.com",
    }
    assert {name for _, name in registry_of(chart).secrets} == {"dbt-login"}
    assert any("from ConfigMap airflow-data/queries, key" in note for note in registry_of(chart).notes)


def test_roles_are_in_the_cluster_if_the_operators_release_is_not_set() -> None:
    chart = new_chart()
    make_cluster(chart, roles=[DatabaseRole(name="readers")])
    (manifest,) = emitted(chart)
    assert manifest["spec"]["managed"]["roles"] == [
        {
            "name": "readers",
            "login": False,
            "disablePassword": True,
            "ensure": "present",
            "inherit": True,
            "connectionLimit": -1,
        }
    ]


def test_the_authority_is_the_operators_own_where_nobody_names_one() -> None:
    for certificates, name in (
        (None, "airflow-pg-ca"),
        (PostgresCertificates(server=TlsSecret("tls"), server_ca=ExistingSecret("ours")), "ours"),
    ):
        connection = make_cluster(new_chart(), certificates=certificates).connection(tls="verify-full")
        assert (connection.ca, connection.ca_namespace) == (SecretKey(name, "ca.crt"), "airflow-data")


def test_a_copy_of_the_ca_certificate_in_airflows_namespace_is_used() -> None:
    copy = ConfigMapKey("database-ca", "ca.crt")
    connection = make_cluster(new_chart()).connection(bridge=ExistingSecret("m"), tls="verify-ca", ca=copy)
    assert (connection.tls, connection.ca, connection.ca_namespace) == ("verify-ca", copy, None)


def test_airflow_in_another_namespace_cannot_read_the_operators_authority() -> None:
    chart = new_chart()
    cluster = make_cluster(chart)
    with pytest.raises(PlatformError, match=r"airflow-pg-ca.*copy in the namespace of Airflow.*database/authority"):
        make_airflow(chart, database=cluster.connection(bridge=ExistingSecret("m"), tls="verify-full"))


def test_with_own_credentials_in_airflows_namespace_only_the_password_is_read() -> None:
    connection = make_cluster(new_chart(), credentials=BasicAuthSecret("login")).connection()
    assert (connection.secret, connection.secret_key, connection.secret_namespace) == (
        "login",
        "password",
        "airflow-data",
    )
    assert connection.address == DatabaseAddress(
        host="airflow-pg-rw.airflow-data.svc", port=5432, database="airflow", user="airflow"
    )


def test_a_further_database_has_a_connection_of_its_own() -> None:
    role = DatabaseRole(name="second_team", credentials=BasicAuthSecret("second-login"))
    cluster = make_cluster(new_chart(), databases=[PostgresDatabase(name="second", owner=role)])
    bridged = cluster.connection(database="second", bridge=ExistingSecret("second-url"))
    assert bridged.url == ("postgresql://second_team:", "@airflow-pg-rw.airflow-data.svc:5432/second")
    assert bridged.password == ("airflow-data", "second-login")
    near = cluster.connection(database="second")
    assert (near.secret, near.secret_key) == ("second-login", "password")
    assert near.address is not None
    assert near.address.url() == "postgresql://second_team@airflow-pg-rw.airflow-data.svc:5432/second"
    assert cluster.connection(database="airflow") == cluster.connection()


def test_a_further_database_of_the_first_owner_is_reached_with_the_operators_password() -> None:
    cluster = make_cluster(new_chart(), databases=[PostgresDatabase(name="second")])
    near = cluster.connection(database="second")
    assert (near.secret, near.secret_key) == ("airflow-pg-app", "password")


@pytest.mark.parametrize(("database", "rule"), [("third", "database/database"), ("second", "database/role")])
def test_no_connection_where_there_is_no_database_or_nobody_logs_in(database: str, rule: str) -> None:
    cluster = make_cluster(new_chart(), databases=[PostgresDatabase(name="second", owner=DatabaseRole(name="group"))])
    with pytest.raises(PlatformError) as caught:
        cluster.connection(database=database)
    assert [(finding.rule, finding.at) for finding in caught.value] == [(rule, "connection.database")]


def test_a_cluster_that_takes_the_catalogs_image_has_no_image_of_its_own() -> None:
    with pytest.raises(PlatformError) as caught:
        make_cluster(
            new_chart(),
            catalog=ImageCatalog(name="c"),
            image="registry.lab/pg:16",
            mirror=RegistryMirror("registry.lab/mirror"),
        )
    assert [(finding.rule, finding.at) for finding in caught.value] == [
        ("database/catalog", "image"),
        ("database/catalog", "mirror"),
    ]


def test_a_cluster_takes_as_many_sessions_as_its_parameters_say() -> None:
    assert make_cluster(new_chart()).max_connections == 100
    assert make_cluster(new_chart(), parameters={"max_connections": "250"}).max_connections == 250


@pytest.mark.parametrize(
    ("operator", "kubernetes", "reported"),
    [("1.30.0", "1.34", False), ("1.30.0", "1.33", True), ("1.28.1", "1.35", True)],
)
def test_a_kubernetes_version_that_the_operator_does_not_support_is_a_note(
    operator: str, kubernetes: str, reported: bool
) -> None:
    chart = new_chart()
    make_cluster(chart, facts=ClusterFacts(cnpg=operator, kubernetes=kubernetes))
    assert any(f"CloudNativePG {operator} supports" in note for note in registry_of(chart).notes) is reported


def test_instances_and_jobs_reach_the_store_of_backups() -> None:
    bucket = ObjectStorage.s3(endpoint="https://s3.acme.lab", credentials=S3Credentials("backups")).bucket("backups")
    plain = make_cluster(new_chart()).traffic
    backed = make_cluster(new_chart(), backup=CnpgBackup(bucket=bucket)).traffic
    more = [flow for flow in backed.flows if flow not in plain.flows]
    assert backed.workloads == plain.workloads
    assert [(flow.source, flow.target, flow.port) for flow in more] == [
        (pods, bucket.peer, 443) for pods in plain.workloads
    ]


def test_the_secret_that_the_operator_makes_is_known() -> None:
    chart = new_chart()
    make_cluster(chart)
    (source,) = registry_of(chart).provided.values()
    assert (source.namespace, source.name, source.type) == (
        "airflow-data",
        "airflow-pg-app",
        "kubernetes.io/basic-auth",
    )
    assert source.keys is not None
    assert {"uri", "password", "username"} < source.keys
    assert source.by == "CloudNativePG, for Cluster airflow-data/airflow-pg"


def test_with_credentials_of_ones_own_the_operator_makes_none() -> None:
    chart = new_chart()
    make_cluster(chart, credentials=BasicAuthSecret("login"))
    assert registry_of(chart).provided == {}

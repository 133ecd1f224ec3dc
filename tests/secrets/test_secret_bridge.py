"""``SecretBridge``: an account that can read one Secret, in a namespace without task pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    CnpgPooler,
    DatabaseRole,
    DsnSecret,
    ExternalDatabase,
    LabDatabase,
    Namespace,
    PlatformError,
    PostgresDatabase,
    SecretBridge,
    SecretKey,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.truth import assert_accepted

AIRFLOW, DATA = Namespace.existing("airflow"), Namespace.existing("airflow-data")
URL = DsnSecret("airflow-metadata")


WRITTEN = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
"""The fields that definitions of External Secrets before 2.9 have defaults for."""


def bridge(chart: Any, database: Any, **changes: Any) -> SecretBridge:
    given: dict[str, Any] = {"database": database, "namespace": AIRFLOW, "secret": URL}
    return SecretBridge(chart, "bridge", **{**given, **changes})


def made(**changes: Any) -> dict[str, dict[str, Any]]:
    """The objects of a bridge, by kind."""
    chart = new_chart()
    made = bridge(chart, make_cluster(chart), **changes)
    assert made.sound
    assert_accepted(emitted(chart))
    return {manifest["kind"]: manifest for manifest in emitted(chart) if manifest["kind"] != "Cluster"}


def test_account_can_get_one_secret_and_nothing_else() -> None:
    objects = made()
    assert objects["Role"]["metadata"] == {"name": "airflow-airflow-metadata", "namespace": "airflow-data"}
    assert objects["Role"]["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["airflow-pg-app"], "verbs": ["get"]}
    ]
    assert objects["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "airflow-airflow-metadata", "namespace": "airflow-data"}
    ]
    assert objects["RoleBinding"]["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "airflow-airflow-metadata",
    }
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert "ClusterRole" not in objects


def test_store_can_be_used_only_by_the_namespace_of_airflow() -> None:
    spec = made()["ClusterSecretStore"]["spec"]
    assert spec == {
        "conditions": [{"namespaces": ["airflow"]}],
        "provider": {
            "kubernetes": {
                "remoteNamespace": "airflow-data",
                "server": {
                    "caProvider": {
                        "type": "ConfigMap",
                        "name": "kube-root-ca.crt",
                        "key": "ca.crt",
                        "namespace": "airflow-data",
                    }
                },
                "auth": {"serviceAccount": {"name": "airflow-airflow-metadata", "namespace": "airflow-data"}},
            }
        },
    }


def test_url_of_the_operator_is_copied() -> None:
    spec = made()["ExternalSecret"]["spec"]
    assert spec["data"] == [
        {"secretKey": "connection", "remoteRef": {"key": "airflow-pg-app", "property": "uri", **WRITTEN}}
    ]
    assert "data" not in spec["target"]["template"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "airflow-airflow-metadata"}


def test_url_is_composed_from_the_password_for_own_credentials() -> None:
    chart = new_chart()
    database = make_cluster(chart, credentials=BasicAuthSecret("login"), database="meta")
    bridge(chart, database)
    objects = {manifest["kind"]: manifest for manifest in emitted(chart)}
    assert objects["Role"]["rules"][0]["resourceNames"] == ["login"]
    spec = objects["ExternalSecret"]["spec"]
    assert spec["data"] == [{"secretKey": "password", "remoteRef": {"key": "login", "property": "password", **WRITTEN}}]
    assert spec["target"]["template"]["data"] == {
        "connection": 'postgresql://meta:{{ .password | urlquery | replace "+" "%20" }}'
        "@airflow-pg-rw.airflow-data.svc:5432/meta"
    }


def test_pooler_url_uses_the_password_of_its_cluster() -> None:
    chart = new_chart()
    pooler = CnpgPooler(chart, "pool", cluster=make_cluster(chart), name="airflow-pool")
    made = bridge(chart, pooler)
    assert make_airflow(chart, database=pooler.connection(bridge=made.secret)).sound
    objects = {manifest["kind"]: manifest for manifest in emitted(chart)}
    assert objects["Role"]["rules"][0]["resourceNames"] == ["airflow-pg-app"]
    assert objects["ExternalSecret"]["spec"]["target"]["template"]["data"] == {
        "connection": 'postgresql://airflow:{{ .password | urlquery | replace "+" "%20" }}'
        "@airflow-pool.airflow-data.svc:5432/airflow"
    }


def test_named_database_uses_its_own_login() -> None:
    chart = new_chart()
    role = DatabaseRole(name="team", credentials=BasicAuthSecret("team-login"))
    database = make_cluster(
        chart, databases=[PostgresDatabase(name="second", owner=role), PostgresDatabase(name="third")]
    )
    bridge(chart, database, database_name="second")
    SecretBridge(chart, "b3", database=database, database_name="third", namespace=AIRFLOW, secret=DsnSecret("third"))
    roles = [manifest for manifest in emitted(chart) if manifest["kind"] == "Role"]
    assert [each["rules"][0]["resourceNames"] for each in roles] == [["team-login"], ["airflow-pg-app"]]
    texts = [
        manifest["spec"]["target"]["template"]["data"]["connection"]
        for manifest in emitted(chart)
        if manifest["kind"] == "ExternalSecret"
    ]
    password = '{{ .password | urlquery | replace "+" "%20" }}'
    assert texts == [
        f"postgresql://team:{password}@airflow-pg-rw.airflow-data.svc:5432/second",
        f"postgresql://airflow:{password}@airflow-pg-rw.airflow-data.svc:5432/third",
    ]
    found = database.connection(bridge=URL, database="second")
    assert make_airflow(chart, database=found).sound


@pytest.mark.parametrize(
    ("database_name", "found"),
    [("other", ("database/database", "connection.database")), ("No Name", ("argument/name", "database_name"))],
)
def test_unknown_database_name_is_rejected(database_name: str, found: tuple[str, str]) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as caught, collecting():
        bridge(chart, make_cluster(chart), database_name=database_name)
    assert [(finding.rule, finding.at) for finding in caught.value] == [found]


def test_database_name_is_rejected_for_a_pooler() -> None:
    chart = new_chart()
    pooler = CnpgPooler(chart, "pool", cluster=make_cluster(chart), name="airflow-pool")
    with pytest.raises(PlatformError) as caught:
        bridge(chart, pooler, database_name="second")
    assert [(finding.rule, finding.at) for finding in caught.value] == [("secrets/database", "database_name")]


def test_ca_certificate_is_copied() -> None:
    chart = new_chart()
    database = make_cluster(chart)
    made = bridge(chart, database, ca=SecretKey("airflow-pg-ca", "authority.crt"))
    (role,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "Role")
    assert role["rules"][0]["resourceNames"] == ["airflow-pg-app", "airflow-pg-ca"]
    copied = [manifest for manifest in emitted(chart) if manifest["kind"] == "ExternalSecret"][1]
    assert copied["metadata"] == {"name": "airflow-pg-ca", "namespace": "airflow"}
    assert copied["spec"]["data"] == [
        {"secretKey": "authority.crt", "remoteRef": {"key": "airflow-pg-ca", "property": "ca.crt", **WRITTEN}}
    ]
    connection = database.connection(bridge=made.secret, tls="verify-full", ca=made.ca)
    assert make_airflow(chart, database=connection).sound
    missing = [need.name for need in registry_of(chart).missing]
    assert not {"airflow-pg-ca", "airflow-metadata"} & set(missing)
    assert_accepted(emitted(chart))


def test_private_key_of_the_ca_is_not_copied() -> None:
    chart = new_chart()
    bridge(chart, make_cluster(chart), ca=SecretKey("airflow-pg-ca", "ca.crt"))
    taken = [
        each["remoteRef"].get("property")
        for manifest in emitted(chart)
        if manifest["kind"] == "ExternalSecret"
        for each in manifest["spec"]["data"]
    ]
    assert taken == ["uri", "ca.crt"]


def test_lab_database_is_copied_without_a_ca_certificate() -> None:
    chart = new_chart()
    login = BasicAuthSecret("lab-login")
    lab = LabDatabase(chart, "lab", name="lab", namespace=DATA, credentials=login, storage=Volume("1Gi"))
    made = bridge(chart, lab)
    assert make_airflow(chart, database=lab.connection(bridge=made.secret)).sound
    (role,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "Role")
    assert role["rules"][0]["resourceNames"] == ["lab-login"]
    with pytest.raises(PlatformError) as caught:
        SecretBridge(chart, "b2", database=lab, namespace=AIRFLOW, secret=DsnSecret("b"), ca=SecretKey("ca", "ca.crt"))
    assert [(finding.rule, finding.at) for finding in caught.value] == [("secrets/database", "ca")]


def test_reader_namespace_is_the_namespace_of_the_account() -> None:
    objects = made(reader_namespace=Namespace.existing("secret-readers"), name="metadata", interval="10m")
    assert objects["ServiceAccount"]["metadata"] == {"name": "metadata", "namespace": "secret-readers"}
    assert objects["Role"]["metadata"] == {"name": "metadata", "namespace": "airflow-data"}
    assert objects["RoleBinding"]["subjects"][0]["namespace"] == "secret-readers"
    kubernetes = objects["ClusterSecretStore"]["spec"]["provider"]["kubernetes"]
    assert kubernetes["remoteNamespace"] == "airflow-data"
    assert kubernetes["auth"]["serviceAccount"]["namespace"] == "secret-readers"
    assert kubernetes["server"]["caProvider"]["namespace"] == "secret-readers"
    assert objects["ExternalSecret"]["spec"]["refreshInterval"] == "10m0s"


def test_bridge_in_the_database_namespace_requires_a_reader_namespace() -> None:
    """With own credentials the operator writes no URL, so a bridge is useful in the same namespace too."""
    chart = new_chart()
    database = make_cluster(chart, namespace=AIRFLOW, credentials=BasicAuthSecret("login"))
    with pytest.raises(PlatformError) as caught:
        SecretBridge(chart, "exposed", database=database, namespace=AIRFLOW, secret=URL)
    assert [(finding.rule, finding.at) for finding in caught.value] == [("secrets/exposed-account", "namespace")]
    bridge(chart, database, reader_namespace=Namespace.existing("secret-readers"))
    assert make_airflow(chart, database=database.connection(bridge=URL)).sound


def test_bridge_secret_satisfies_the_need_of_the_release() -> None:
    chart = new_chart()
    database = make_cluster(chart)
    made = bridge(chart, database)
    release = make_airflow(chart, database=database.connection(bridge=made.secret))
    assert release.sound
    assert made.secret == URL
    registry = registry_of(chart)
    assert "airflow-metadata" not in [need.name for need in registry.missing]
    assert registry.provided["airflow", "airflow-metadata"].by == (
        "ExternalSecret airflow/airflow-metadata, from Secret airflow-data/airflow-pg-app"
    )


@pytest.mark.parametrize("bridge_first", [True, False])
def test_release_in_the_namespace_of_the_account_is_rejected_in_either_order(bridge_first: bool) -> None:
    chart = new_chart()
    database = make_cluster(chart)

    def release() -> object:
        return make_airflow(chart, release="second", namespace=DATA)

    steps = [lambda: bridge(chart, database), release]
    first, second = steps if bridge_first else reversed(steps)
    first()
    with pytest.raises(PlatformError) as caught:
        second()
    assert [finding.rule for finding in caught.value] == ["secrets/exposed-account"]
    assert "airflow-pg-app" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"namespace": DATA}, [("secrets/bridge", "namespace")]),
        ({"reader_namespace": AIRFLOW}, [("secrets/exposed-account", "reader_namespace")]),
        ({"secret": "airflow-metadata"}, [("argument/type", "secret")]),
        ({"secret": BasicAuthSecret("airflow-metadata")}, [("argument/type", "secret")]),
        ({"database": ExternalDatabase(url=URL)}, [("secrets/database", "database")]),
        ({"database": None}, [("argument/type", "database")]),
        ({"interval": "often"}, [("argument/duration", "interval")]),
        ({"ca": "ca.crt"}, [("argument/type", "ca")]),
        ({"ca": SecretKey("airflow-metadata", "ca.crt")}, [("object/taken", "name")]),
        ({"name": "Not A Name"}, [("argument/name", "name")]),
    ],
)
def test_invalid_argument_is_rejected(changes: Mapping[str, Any], found: list[tuple[str, str]]) -> None:
    chart = new_chart()
    database = make_cluster(chart)
    with pytest.raises(PlatformError) as caught:
        bridge(chart, **{"database": database, **changes})
    assert [(finding.rule, finding.at) for finding in caught.value] == found


def test_connection_is_rejected_as_database() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as caught:
        bridge(chart, make_cluster(chart).connection())
    (finding,) = caught.value
    assert finding.at == "database"


def test_invalid_database_causes_no_further_findings() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as caught, collecting():
        bridge(chart, make_cluster(chart, database="postgres", owner="airflow"))
    assert [finding.rule for finding in caught.value] == ["database/database"]

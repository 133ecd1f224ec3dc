"""``ExternalSecret``: the Secret it creates, and rejected arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk8s_airflow import (
    AirflowKeys,
    AwsSecretsManager,
    BasicAuthSecret,
    ClusterSecretStore,
    CnpgPooler,
    DatabaseUrl,
    DsnSecret,
    ExistingSecret,
    ExternalDatabase,
    ExternalSecret,
    FernetKeySecret,
    HashicorpVault,
    LiteralValue,
    Namespace,
    PlatformError,
    PostgresDatabase,
    RemoteKey,
    RemoteTemplate,
    SecretKey,
    SecretStore,
    TlsSecret,
    collecting,
    not_secret,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.truth import assert_accepted

AIRFLOW, DATA = Namespace.existing("airflow"), Namespace.existing("airflow-data")
VAULT = ClusterSecretStore.existing("vault")
KEY = RemoteKey("airflow", property="fernet-key")


def make(chart: Any, **changes: Any) -> ExternalSecret:
    given: dict[str, Any] = {
        "namespace": AIRFLOW,
        "secret": FernetKeySecret("airflow-fernet-key"),
        "store": VAULT,
        "data": {"fernet-key": KEY},
    }
    return ExternalSecret(chart, "external", **{**given, **changes})


def refused(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), **changes)
    return [(finding.rule, finding.at) for finding in caught.value]


def test_external_secret_creates_the_secret_of_the_reference_and_satisfies_its_need() -> None:
    chart = new_chart()
    keys = AirflowKeys.existing(prefix="airflow")
    for ref in (keys.fernet, keys.api, keys.jwt):
        assert ref is not None
        ExternalSecret(
            chart,
            ref.name,
            namespace=AIRFLOW,
            secret=ref,
            store=VAULT,
            data={key: RemoteKey("airflow", property=key) for key in ref.keys},
        )
    make_airflow(chart, keys=keys)
    registry = registry_of(chart)
    assert [need.name for need in registry.missing] == ["airflow-metadata"]
    assert [(source.namespace, source.name, source.by) for source in registry.provided.values()] == [
        ("airflow", name, f"ExternalSecret airflow/{name}")
        for name in ("airflow-fernet-key", "airflow-api-secret-key", "airflow-jwt-secret")
    ]
    assert_accepted(emitted(chart))


def test_login_has_its_type_and_the_reload_label() -> None:
    chart = new_chart()
    credentials = BasicAuthSecret("airflow-pg-credentials")
    make_cluster(chart, credentials=credentials)
    make(
        chart,
        namespace=DATA,
        secret=credentials,
        data={"username": RemoteKey("db", property="user"), "password": RemoteKey("db", property="password")},
        labels={"team": "data"},
    )
    template = emitted(chart)[-1]["spec"]["target"]["template"]
    assert template["type"] == "kubernetes.io/basic-auth"
    assert template["metadata"]["labels"] == {"cnpg.io/reload": "true", "team": "data"}
    assert registry_of(chart).missing == []


def test_existing_secret_has_the_given_keys() -> None:
    chart = new_chart()
    make(chart, secret=ExistingSecret("free"), data={"A": KEY, "B": KEY})
    assert [source.keys for source in registry_of(chart).provided.values()] == [frozenset({"A", "B"})]


@pytest.mark.parametrize(
    "secret",
    [SecretKey("smtp", "password"), [SecretKey("smtp", "password"), SecretKey("smtp", "user")]],
    ids=["one", "several"],
)
def test_list_of_secret_keys_creates_one_secret(secret: object) -> None:
    chart = new_chart()
    make(chart, secret=secret, data={"password": KEY, "user": KEY})
    (manifest,) = emitted(chart)
    assert manifest["metadata"]["name"] == "smtp"
    assert [each["secretKey"] for each in manifest["spec"]["data"]] == ["password", "user"]


def test_database_url_follows_the_database() -> None:
    chart = new_chart()
    database = make_cluster(chart, credentials=BasicAuthSecret("login"), database="meta", owner="meta_owner")
    make(
        chart,
        secret=DsnSecret("airflow-metadata"),
        data={"connection": DatabaseUrl(database=database, password=RemoteKey("db", property="password"))},
    )
    template = emitted(chart)[-1]["spec"]["target"]["template"]
    assert template["data"] == {
        "connection": 'postgresql://meta_owner:{{ .password | urlquery | replace "+" "%20" }}'
        "@airflow-pg-rw.airflow-data.svc:5432/meta"
    }


def test_database_url_with_a_database_name() -> None:
    chart = new_chart()
    database = make_cluster(chart, databases=[PostgresDatabase(name="second")])
    url = DatabaseUrl(database=database, password=KEY, database_name="second")
    make(chart, secret=DsnSecret("a"), data={"connection": url})
    text = emitted(chart)[-1]["spec"]["target"]["template"]["data"]["connection"]
    assert text.endswith("@airflow-pg-rw.airflow-data.svc:5432/second")


def test_database_url_of_a_pooler_uses_its_host() -> None:
    chart = new_chart()
    pooler = CnpgPooler(chart, "pool", cluster=make_cluster(chart), name="airflow-pool")
    make(chart, secret=DsnSecret("a"), data={"connection": DatabaseUrl(database=pooler, password=KEY)})
    text = emitted(chart)[-1]["spec"]["target"]["template"]["data"]["connection"]
    assert text.endswith("@airflow-pool.airflow-data.svc:5432/airflow")


def test_invalid_database_causes_no_further_findings() -> None:
    chart = new_chart()

    def build() -> None:
        database = make_cluster(chart, database="postgres", owner="airflow")
        make(chart, secret=DsnSecret("a"), data={"connection": DatabaseUrl(database=database, password=KEY)})

    with pytest.raises(PlatformError) as caught, collecting():
        build()
    assert [finding.rule for finding in caught.value] == ["database/database"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"secret": "airflow-fernet-key"}, [("secrets/reference", "secret")]),
        ({"secret": FernetKeySecret}, [("secrets/reference", "secret")]),
        ({"secret": []}, [("secrets/reference", "secret")]),
        ({"secret": [SecretKey("a", "b"), "c"]}, [("secrets/reference", "secret")]),
        ({"secret": FernetKeySecret("Not A Name")}, [("argument/name", "secret.name")]),
        ({"secret": [SecretKey("a", "k"), SecretKey("b", "k")]}, [("secrets/several", "secret")]),
        ({"data": {}}, [("secrets/keys", "data"), ("secrets/keys", "data")]),
        ({"data": {"fernet_key": KEY}}, [("secrets/keys", "data")]),
        ({"secret": TlsSecret("tls"), "data": {"tls.crt": KEY}}, [("secrets/keys", "data")]),
        ({"data": {"fernet key": KEY}}, [("argument/name", "data (key)")]),
        ({"data": {"fernet-key": "hunter2"}}, [("argument/type", "data.fernet-key")]),
        ({"data": {"fernet-key": RemoteTemplate(template="x", parts={})}}, [("secrets/part", "data.fernet-key.parts")]),
        ({"data": ["fernet-key"]}, [("argument/type", "data")]),
        ({"store": "vault"}, [("argument/type", "store")]),
        ({"store": SecretStore.existing("Vault")}, [("argument/name", "store.name")]),
        ({"interval": "hourly"}, [("argument/duration", "interval")]),
        ({"interval": 0}, [("argument/type", "interval")]),
        ({"labels": {"a b": "c"}}, [("argument/name", "labels (key)")]),
        ({"namespace": "airflow"}, [("argument/type", "namespace")]),
        (
            {"data": {"fernet-key": DatabaseUrl(database="db", password=KEY)}},
            [("argument/type", "data.fernet-key.database")],
        ),
        (
            {
                "data": {
                    "fernet-key": DatabaseUrl(database=ExternalDatabase(url=DsnSecret("x")), password=KEY)  # type: ignore[arg-type]
                }
            },
            [("secrets/database", "data.fernet-key.database")],
        ),
    ],
)
def test_invalid_argument_is_rejected(changes: Mapping[str, Any], found: list[tuple[str, str]]) -> None:
    assert refused(**changes) == found


LOGIN = {"username": LiteralValue("airflow"), "password": RemoteKey("db", property="password")}


def test_user_name_is_accepted_as_literal() -> None:
    chart = new_chart()
    make(chart, secret=BasicAuthSecret("login"), data=LOGIN)
    assert emitted(chart)[0]["spec"]["target"]["template"]["data"]["username"] == "airflow"
    assert [source.keys for source in registry_of(chart).provided.values()] == [frozenset({"username", "password"})]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({**LOGIN, "password": LiteralValue("hunter2")}, [("secrets/literal", "data.password")]),
        ({**LOGIN, "more": LiteralValue("postgresql://u:hunter2@h/d")}, [("secrets/literal", "data.more")]),
        ({**LOGIN, "more": LiteralValue("glpat-hunter2hunter2hunter2")}, [("secrets/literal", "data.more")]),
        ({**LOGIN, "gitSshKey": LiteralValue("hunter2Qx9+hunter2Zp4/")}, [("secrets/literal", "data.gitSshKey")]),
        ({**LOGIN, "username": LiteralValue("")}, [("argument/empty", "data.username.value")]),
        (
            {"username": LiteralValue("a"), "password": LiteralValue(not_secret("an-example-of-none"))},
            [("secrets/keys", "data")],
        ),
    ],
)
def test_secret_in_plain_text_is_rejected_and_never_shown(data: Any, found: list[tuple[str, str]]) -> None:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), secret=BasicAuthSecret("login"), data=data)
    assert [(finding.rule, finding.at) for finding in caught.value] == found
    assert "hunter2" not in str(caught.value)


def test_literal_can_be_exempt_but_one_value_must_come_from_the_store() -> None:
    word = not_secret("an-example-of-none")
    chart = new_chart()
    make(chart, secret=ExistingSecret("a"), data={"password": LiteralValue(word), "token": KEY})
    assert emitted(chart)[0]["spec"]["target"]["template"]["data"]["password"] == word
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), secret=ExistingSecret("a"), data={"password": LiteralValue(word)})
    assert [(finding.rule, finding.at) for finding in caught.value] == [("secrets/keys", "data")]


def test_invalid_remote_name_is_reported_at_its_part() -> None:
    chart = new_chart()
    vault = SecretStore(
        chart,
        "vault",
        namespace=AIRFLOW,
        provider=HashicorpVault(server="https://vault.acme.lab", credentials=SecretKey("vault", "token")),
    )
    whole = RemoteTemplate(template="a://u:{p}@h", parts={"p": RemoteKey("db")})
    with pytest.raises(PlatformError) as caught:
        make(chart, store=vault, secret=ExistingSecret("a"), data={"a": RemoteKey("airflow"), "b": whole})
    assert [(finding.rule, finding.at) for finding in caught.value] == [
        ("secrets/remote-name", "data.a"),
        ("secrets/remote-name", "data.b.p"),
    ]


def test_invalid_store_causes_no_further_findings() -> None:
    chart = new_chart()

    def build() -> None:
        store = SecretStore(chart, "Vault", namespace=DATA, provider=AwsSecretsManager(region="eu-central-1"))
        make(chart, store=store, data={"fernet-key": RemoteKey("no name")})

    with pytest.raises(PlatformError) as caught, collecting():
        build()
    assert [(finding.rule, finding.at) for finding in caught.value] == [("argument/name", "name")]


def test_secret_with_two_sources_is_rejected() -> None:
    chart = new_chart()
    make(chart)
    with pytest.raises(PlatformError) as caught:
        ExternalSecret(
            chart,
            "again",
            namespace=AIRFLOW,
            secret=FernetKeySecret("airflow-fernet-key"),
            store=VAULT,
            data={"fernet-key": KEY},
        )
    assert [finding.rule for finding in caught.value] == ["object/taken"]


def test_missing_key_of_a_reader_is_reported_in_either_order() -> None:
    chart = new_chart()
    make_airflow(chart)
    with pytest.raises(PlatformError) as caught:
        make(chart, secret=ExistingSecret("airflow-fernet-key"), data={"fernet_key": KEY})
    assert [finding.rule for finding in caught.value] == ["secrets/key-not-made"]

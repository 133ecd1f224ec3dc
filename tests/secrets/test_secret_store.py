"""``SecretStore`` and ``ClusterSecretStore``: their objects, the location of credentials, and rejected arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AwsSecretsManager,
    ClusterFacts,
    ClusterSecretStore,
    ConfigMapKey,
    ExistingServiceAccount,
    ExternalSecret,
    FernetKeySecret,
    HashicorpVault,
    Namespace,
    PlatformError,
    RemoteKey,
    SecretKey,
    SecretStore,
    VaultKubernetes,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, new_chart

AIRFLOW, VAULT_SPACE = Namespace.existing("airflow"), Namespace.existing("external-secrets")
AWS = AwsSecretsManager(region="eu-central-1")
TOKEN = HashicorpVault(server="https://vault.acme.lab:8200", credentials=SecretKey("vault", "token"))
ACCOUNT = HashicorpVault(
    server="https://vault.acme.lab:8200",
    credentials=VaultKubernetes(role="airflow", account=ExistingServiceAccount("airflow-secrets")),
)
FERNET = FernetKeySecret("airflow-fernet-key")


def test_name_defaults_to_the_construct_id() -> None:
    chart = new_chart()
    SecretStore(chart, "aws", namespace=AIRFLOW, provider=AWS)
    ClusterSecretStore(chart, "every", name="shared", namespaces=[AIRFLOW, AIRFLOW], provider=AWS)
    assert [(m["kind"], m["metadata"]) for m in emitted(chart)] == [
        ("SecretStore", {"name": "aws", "namespace": "airflow"}),
        ("ClusterSecretStore", {"name": "shared"}),
    ]
    assert emitted(chart)[1]["spec"]["conditions"] == [{"namespaces": ["airflow"]}]


def test_secrets_of_the_credentials_are_needed() -> None:
    chart = new_chart()
    store = ClusterSecretStore(chart, "vault", namespaces=[AIRFLOW], provider=TOKEN, credentials_namespace=VAULT_SPACE)
    assert [(need.namespace, need.name, list(need.keys)) for need in store.secret_needs] == [
        ("external-secrets", "vault", ["token"])
    ]
    assert registry_of(chart).missing == list(store.secret_needs)


def test_ca_config_map_is_noted() -> None:
    chart = new_chart()
    provider = HashicorpVault(
        server="https://vault.acme.lab:8200",
        credentials=SecretKey("vault", "token"),
        ca=ConfigMapKey("vault-ca", "ca.crt"),
    )
    ClusterSecretStore(chart, "vault", namespaces=[AIRFLOW], provider=provider, credentials_namespace=VAULT_SPACE)
    assert registry_of(chart).notes == [
        "ClusterSecretStore vault reads a CA certificate from ConfigMap external-secrets/vault-ca, key ca.crt:\n"
        "  kubectl -n external-secrets get configmap vault-ca"
    ]


def test_service_account_is_noted() -> None:
    chart = new_chart()
    ClusterSecretStore(chart, "vault", namespaces=[AIRFLOW], provider=ACCOUNT, credentials_namespace=VAULT_SPACE)
    (note,) = registry_of(chart).notes
    assert "ClusterSecretStore vault logs in as service account external-secrets/airflow-secrets" in note


@pytest.mark.parametrize("provider", [TOKEN, ACCOUNT], ids=["token", "account"])
@pytest.mark.parametrize("store_first", [True, False])
def test_store_in_a_namespace_with_task_pods_is_rejected_in_either_order(
    provider: HashicorpVault, store_first: bool
) -> None:
    chart = new_chart()
    steps: list[Callable[[], Any]] = [
        lambda: SecretStore(chart, "vault", namespace=AIRFLOW, provider=provider),
        lambda: make_airflow(chart),
    ]
    first, second = steps if store_first else reversed(steps)
    first()
    with pytest.raises(PlatformError) as caught:
        second()
    (finding,) = caught.value
    assert (finding.rule, finding.at) == ("secrets/exposed-account", "namespace")
    assert "the credentials of SecretStore 'vault'" in finding.problem


def test_shared_with_dags_allows_a_namespace_with_task_pods() -> None:
    chart = new_chart()
    SecretStore(chart, "vault", namespace=AIRFLOW, provider=ACCOUNT, shared_with_dags=True)
    assert make_airflow(chart).sound


def test_store_without_credentials_can_be_in_any_namespace() -> None:
    chart = new_chart()
    SecretStore(chart, "aws", namespace=AIRFLOW, provider=AWS)
    assert make_airflow(chart).sound


def test_cluster_store_credentials_in_a_namespace_with_task_pods_are_rejected() -> None:
    chart = new_chart()
    make_airflow(chart)
    with pytest.raises(PlatformError) as caught:
        ClusterSecretStore(chart, "vault", namespaces=[AIRFLOW], provider=ACCOUNT, credentials_namespace=AIRFLOW)
    assert [(finding.rule, finding.at) for finding in caught.value] == [
        ("secrets/exposed-account", "credentials_namespace")
    ]


def spoiled(make: Callable[[cdk8s.Chart], object]) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as caught:
        make(new_chart())
    return [(finding.rule, finding.at) for finding in caught.value]


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (
            lambda chart: SecretStore(chart, "Vault", namespace=AIRFLOW, provider=AWS),
            [("argument/name", "name")],
        ),
        (
            lambda chart: SecretStore(chart, "vault", namespace="airflow", provider=AWS),
            [("argument/type", "namespace")],
        ),
        (
            lambda chart: SecretStore(chart, "vault", namespace=AIRFLOW, provider="aws"),
            [("argument/type", "provider")],
        ),
        (
            lambda chart: SecretStore(chart, "vault", namespace=AIRFLOW, provider=AwsSecretsManager(region="x")),
            [("secrets/region", "provider.region")],
        ),
        (
            lambda chart: ClusterSecretStore(chart, "vault", namespaces=[], provider=AWS),
            [("secrets/store-namespaces", "namespaces")],
        ),
        (
            lambda chart: ClusterSecretStore(chart, "vault", namespaces=[AIRFLOW], provider=ACCOUNT),
            [("secrets/login-namespace", "credentials_namespace")],
        ),
        (
            lambda chart: SecretStore(
                chart, "a", namespace=AIRFLOW, provider=AWS, facts=ClusterFacts(crds={"helmcharts.helm.cattle.io"})
            ),
            [("facts/crd-missing", "facts.crds")],
        ),
    ],
)
def test_invalid_argument_is_rejected(make: Callable[[cdk8s.Chart], object], found: list[tuple[str, str]]) -> None:
    assert spoiled(make) == found


def use(chart: cdk8s.Chart, store: Any) -> object:
    return ExternalSecret(
        chart,
        "fernet",
        namespace=AIRFLOW,
        secret=FERNET,
        store=store,
        data={"fernet-key": RemoteKey("airflow", property="fernet-key")},
    )


@pytest.mark.parametrize(
    "store",
    [
        lambda chart: SecretStore(chart, "store", namespace=Namespace.existing("other"), provider=AWS),
        lambda chart: ClusterSecretStore(chart, "store", namespaces=[Namespace.existing("other")], provider=AWS),
    ],
    ids=["SecretStore", "ClusterSecretStore"],
)
def test_store_that_the_namespace_cannot_use_is_rejected(store: Callable[[cdk8s.Chart], object]) -> None:
    assert spoiled(lambda chart: use(chart, store(chart))) == [("secrets/store-reach", "store")]


@pytest.mark.parametrize(
    ("store", "reference"),
    [
        (lambda chart: SecretStore(chart, "store", namespace=AIRFLOW, provider=AWS), ("SecretStore", "store")),
        (
            lambda chart: ClusterSecretStore(chart, "store", namespaces=[VAULT_SPACE, AIRFLOW], provider=AWS),
            ("ClusterSecretStore", "store"),
        ),
        (lambda chart: SecretStore.existing("vault"), ("SecretStore", "vault")),
        (lambda chart: ClusterSecretStore.existing("vault"), ("ClusterSecretStore", "vault")),
    ],
)
def test_every_kind_of_store_can_be_used(store: Callable[[cdk8s.Chart], Any], reference: tuple[str, str]) -> None:
    chart = new_chart()
    use(chart, store(chart))
    made = emitted(chart)[-1]["spec"]["secretStoreRef"]
    assert (made["kind"], made["name"]) == reference

"""Manifests of SecretStores and ClusterSecretStores: every provider with every authentication."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    AwsAccessKeys,
    AwsParameterStore,
    AwsSecretsManager,
    AzureKeyVault,
    AzureManagedIdentity,
    AzureServicePrincipal,
    AzureWorkloadIdentity,
    ConfigMapKey,
    ExistingNamespace,
    ExistingServiceAccount,
    GcpSecretManager,
    HashicorpVault,
    KubernetesSecrets,
    SecretKey,
    VaultAppRole,
    VaultKubernetes,
)
from cdk8s_airflow.schemas import check_manifest
from cdk8s_airflow.secrets.providers import SecretProvider
from cdk8s_airflow.secrets.wire import secret_store as stores
from cdk8s_airflow.validation import check_value
from tests.truth import crds

ACCOUNT = ExistingServiceAccount("reader")
ID, KEY = SecretKey("login", "id"), SecretKey("login", "key")
TENANT = "00000000-0000-0000-0000-00000000000a"
ROLE = "arn:aws:iam::111122223333:role/airflow"
DATA = ExistingNamespace("airflow-data")

PLACED = {"namespace": "there"}
"""Fields of a reference that only a ClusterSecretStore has."""

CASES: list[tuple[str, SecretProvider, dict[str, Any]]] = [
    (
        "AWS by the operator's own identity",
        AwsSecretsManager(region="eu-central-1"),
        {"aws": {"service": "SecretsManager", "region": "eu-central-1"}},
    ),
    (
        "AWS parameters by a role",
        AwsParameterStore(region="us-gov-west-1", role=ROLE),
        {"aws": {"service": "ParameterStore", "region": "us-gov-west-1", "role": ROLE}},
    ),
    (
        "AWS by a service account",
        AwsSecretsManager(region="eu-central-1", credentials=ACCOUNT),
        {
            "aws": {
                "service": "SecretsManager",
                "region": "eu-central-1",
                "auth": {"jwt": {"serviceAccountRef": {"name": "reader", **PLACED}}},
            }
        },
    ),
    (
        "AWS by access keys",
        AwsSecretsManager(region="eu-central-1", credentials=AwsAccessKeys(access_key_id=ID, secret_access_key=KEY)),
        {
            "aws": {
                "service": "SecretsManager",
                "region": "eu-central-1",
                "auth": {
                    "secretRef": {
                        "accessKeyIDSecretRef": {"name": "login", "key": "id", **PLACED},
                        "secretAccessKeySecretRef": {"name": "login", "key": "key", **PLACED},
                    }
                },
            }
        },
    ),
    (
        "Google by the operator's own identity",
        GcpSecretManager(project="acme-data"),
        {"gcpsm": {"projectID": "acme-data"}},
    ),
    (
        "Google by a service account, in one region",
        GcpSecretManager(project="acme-data", location="europe-west3", credentials=ACCOUNT),
        {
            "gcpsm": {
                "projectID": "acme-data",
                "location": "europe-west3",
                "auth": {"workloadIdentity": {"serviceAccountRef": {"name": "reader", **PLACED}}},
            }
        },
    ),
    (
        "Google by a key",
        GcpSecretManager(project="acme-data", credentials=KEY),
        {
            "gcpsm": {
                "projectID": "acme-data",
                "auth": {"secretRef": {"secretAccessKeySecretRef": {"name": "login", "key": "key", **PLACED}}},
            }
        },
    ),
    (
        "Azure by a service account",
        AzureKeyVault(
            url="https://acme.vault.azure.net", credentials=AzureWorkloadIdentity(account=ACCOUNT, tenant=TENANT)
        ),
        {
            "azurekv": {
                "vaultUrl": "https://acme.vault.azure.net",
                "environmentType": "PublicCloud",
                "authType": "WorkloadIdentity",
                "tenantId": TENANT,
                "serviceAccountRef": {"name": "reader", **PLACED},
            }
        },
    ),
    (
        "Azure by the operator's own federated identity",
        AzureKeyVault(url="https://acme.vault.azure.net", credentials=AzureWorkloadIdentity()),
        {
            "azurekv": {
                "vaultUrl": "https://acme.vault.azure.net",
                "environmentType": "PublicCloud",
                "authType": "WorkloadIdentity",
            }
        },
    ),
    (
        "Azure by the identity of nodes",
        AzureKeyVault(
            url="https://acme.vault.azure.cn",
            credentials=AzureManagedIdentity(client_id=TENANT),
            environment="ChinaCloud",
        ),
        {
            "azurekv": {
                "vaultUrl": "https://acme.vault.azure.cn",
                "environmentType": "ChinaCloud",
                "authType": "ManagedIdentity",
                "identityId": TENANT,
            }
        },
    ),
    (
        "Azure by a password",
        AzureKeyVault(
            url="https://acme.vault.azure.net",
            credentials=AzureServicePrincipal(tenant=TENANT, client_id=ID, client_secret=KEY),
        ),
        {
            "azurekv": {
                "vaultUrl": "https://acme.vault.azure.net",
                "environmentType": "PublicCloud",
                "authType": "ServicePrincipal",
                "tenantId": TENANT,
                "authSecretRef": {
                    "clientId": {"name": "login", "key": "id", **PLACED},
                    "clientSecret": {"name": "login", "key": "key", **PLACED},
                },
            }
        },
    ),
    (
        "Vault by a service account, with an authority of its own",
        HashicorpVault(
            server="https://vault.acme.lab:8200",
            credentials=VaultKubernetes(role="airflow", account=ACCOUNT, mount="k3s"),
            path="teams/data",
            vault_namespace="acme",
            ca=ConfigMapKey("homelab-ca", "ca.crt"),
        ),
        {
            "vault": {
                "server": "https://vault.acme.lab:8200",
                "path": "teams/data",
                "version": "v2",
                "namespace": "acme",
                "auth": {
                    "kubernetes": {
                        "mountPath": "k3s",
                        "role": "airflow",
                        "serviceAccountRef": {"name": "reader", **PLACED},
                    }
                },
                "caProvider": {"type": "ConfigMap", "name": "homelab-ca", "key": "ca.crt", **PLACED},
            }
        },
    ),
    (
        "Vault by an AppRole",
        HashicorpVault(
            server="http://vault.vault.svc:8200", version="v1", credentials=VaultAppRole(role_id=ID, secret_id=KEY)
        ),
        {
            "vault": {
                "server": "http://vault.vault.svc:8200",
                "path": "secret",
                "version": "v1",
                "auth": {
                    "appRole": {
                        "path": "approle",
                        "roleRef": {"name": "login", "key": "id", **PLACED},
                        "secretRef": {"name": "login", "key": "key", **PLACED},
                    }
                },
            }
        },
    ),
    (
        "Vault by a token, with a certificate in a Secret",
        HashicorpVault(server="https://vault.acme.lab", credentials=KEY, ca=SecretKey("ca", "ca.crt")),
        {
            "vault": {
                "server": "https://vault.acme.lab",
                "path": "secret",
                "version": "v2",
                "auth": {"tokenSecretRef": {"name": "login", "key": "key", **PLACED}},
                "caProvider": {"type": "Secret", "name": "ca", "key": "ca.crt", **PLACED},
            }
        },
    ),
    (
        "this cluster by a service account",
        KubernetesSecrets(namespace=DATA, credentials=ACCOUNT),
        {
            "kubernetes": {
                "remoteNamespace": "airflow-data",
                "server": {"caProvider": {"type": "ConfigMap", "name": "kube-root-ca.crt", "key": "ca.crt", **PLACED}},
                "auth": {"serviceAccount": {"name": "reader", **PLACED}},
            }
        },
    ),
    (
        "another cluster by a token",
        KubernetesSecrets(namespace=DATA, credentials=KEY, server="https://k8s.acme.lab:6443"),
        {
            "kubernetes": {
                "remoteNamespace": "airflow-data",
                "server": {"url": "https://k8s.acme.lab:6443"},
                "auth": {"token": {"bearerToken": {"name": "login", "key": "key", **PLACED}}},
            }
        },
    ),
]
every = pytest.mark.parametrize(("provider", "part"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])


def unplaced(part: Any) -> Any:
    """The provider without the namespace of references."""
    if isinstance(part, dict):
        return {key: unplaced(value) for key, value in part.items() if (key, value) != ("namespace", "there")}
    return part


@every
def test_provider_is_valid(provider: SecretProvider, part: dict[str, Any]) -> None:
    assert check_value(provider, type(provider), "provider") == []


@every
def test_secret_store_references_have_no_namespace(provider: SecretProvider, part: dict[str, Any]) -> None:
    manifest = stores.store_manifest("store", "airflow", provider)
    assert manifest == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": "store", "namespace": "airflow"},
        "spec": {"provider": unplaced(part)},
    }
    assert check_manifest(manifest) == []
    crds.assert_accepted(manifest)


@every
def test_cluster_secret_store_lists_its_namespaces_and_the_namespace_of_its_credentials(
    provider: SecretProvider, part: dict[str, Any]
) -> None:
    manifest = stores.cluster_store_manifest(
        "store", provider, credentials_namespace="there", namespaces=["airflow", "tasks"]
    )
    assert manifest == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ClusterSecretStore",
        "metadata": {"name": "store"},
        "spec": {"conditions": [{"namespaces": ["airflow", "tasks"]}], "provider": part},
    }
    assert check_manifest(manifest) == []
    crds.assert_accepted(manifest)


@every
def test_needs_namespace_if_the_provider_refers_to_an_object(provider: SecretProvider, part: dict[str, Any]) -> None:
    assert stores.needs_namespace(provider) is (unplaced(part) != part)


@pytest.mark.parametrize(
    ("provider", "logs_in", "secrets"),
    [
        (AwsSecretsManager(region="eu-central-1"), False, []),
        (AwsSecretsManager(region="eu-central-1", credentials=ACCOUNT), True, []),
        (
            AwsSecretsManager(
                region="eu-central-1", credentials=AwsAccessKeys(access_key_id=ID, secret_access_key=KEY)
            ),
            True,
            [("login", "id"), ("login", "key")],
        ),
        (GcpSecretManager(project="acme-data", credentials=KEY), True, [("login", "key")]),
        (AzureKeyVault(url="https://a.vault.azure.net", credentials=AzureWorkloadIdentity()), False, []),
        (AzureKeyVault(url="https://a.vault.azure.net", credentials=AzureWorkloadIdentity(account=ACCOUNT)), True, []),
        (AzureKeyVault(url="https://a.vault.azure.net", credentials=AzureManagedIdentity()), False, []),
        (
            HashicorpVault(server="https://v.acme.lab", credentials=KEY, ca=SecretKey("ca", "ca.crt")),
            True,
            [("login", "key"), ("ca", "ca.crt")],
        ),
        (HashicorpVault(server="https://v.acme.lab", credentials=VaultKubernetes(role="a", account=ACCOUNT)), True, []),
        (KubernetesSecrets(namespace=DATA, credentials=ACCOUNT), True, []),
    ],
)
def test_store_needs_are_not_awaited(provider: SecretProvider, logs_in: bool, secrets: list[tuple[str, str]]) -> None:
    needs = list(stores.store_needs(provider, "there", "SecretStore store logs in with it"))
    assert [(need.name, key) for need in needs for key in need.keys] == secrets
    assert {need.namespace for need in needs} <= {"there"}
    assert not any(need.awaited for need in needs)
    assert stores.logs_in(provider) is logs_in


VAULT = HashicorpVault(server="https://v.acme.lab", credentials=KEY)
AZURE = AzureKeyVault(url="https://a.vault.azure.net", credentials=AzureManagedIdentity())


@pytest.mark.parametrize(
    ("provider", "name", "property", "version"),
    [
        (AwsSecretsManager(region="eu-central-1"), "prod/airflow", None, "AWSPREVIOUS"),
        (
            AwsSecretsManager(region="eu-central-1"),
            "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-Xy12Zz",
            "k",
            None,
        ),
        (AwsParameterStore(region="eu-central-1"), "/prod/airflow/fernet", None, None),
        (GcpSecretManager(project="acme-data"), "airflow_fernet-key", None, "3"),
        (GcpSecretManager(project="acme-data"), "projects/other/secrets/fernet", None, None),
        (AZURE, "airflow-fernet-key", None, None),
        (AZURE, "secret/airflow-fernet-key", None, None),
        (AZURE, "cert/airflow-tls", None, None),
        (VAULT, "prod/airflow", "fernet-key", "4"),
        (KubernetesSecrets(namespace=DATA, credentials=ACCOUNT), "airflow-pg-app", "uri", None),
    ],
)
def test_remote_name_is_accepted(
    provider: SecretProvider, name: str, property: str | None, version: str | None
) -> None:
    assert stores.remote_problem(provider, name, property, version) is None


@pytest.mark.parametrize(
    ("provider", "name", "property", "version", "problem"),
    [
        (AwsSecretsManager(region="eu-central-1"), "prod airflow", None, None, "must be a name that AWS supports"),
        (GcpSecretManager(project="acme-data"), "prod/airflow", None, None, "must be the name of a secret in Secret"),
        (AZURE, "prod/airflow", None, None, "must be the name of a secret in a Key Vault"),
        (AZURE, "airflow_fernet", None, None, "must be the name of a secret in a Key Vault"),
        (VAULT, "prod/airflow", None, None, "so property= is required"),
        (VAULT, "/prod/airflow", "k", None, "must be a path below 'secret'"),
        (VAULT, "data/prod", "k", None, "must be a path below 'secret'"),
        (KubernetesSecrets(namespace=DATA, credentials=ACCOUNT), "a", None, None, "so property= is required"),
        (
            KubernetesSecrets(namespace=DATA, credentials=ACCOUNT),
            "a",
            "uri",
            "2",
            "which Kubernetes Secrets do not have",
        ),
    ],
)
def test_remote_name_that_the_store_does_not_support_is_rejected(
    provider: SecretProvider, name: str, property: str | None, version: str | None, problem: str
) -> None:
    found = stores.remote_problem(provider, name, property, version)
    assert found is not None
    assert problem in found[0]


def test_vault_v1_accepts_a_path_that_starts_with_data() -> None:
    older = HashicorpVault(server="https://v.acme.lab", credentials=KEY, version="v1")
    assert stores.remote_problem(older, "data/prod", "k", None) is None


@pytest.mark.parametrize(
    ("provider", "rule", "at"),
    [
        (AwsSecretsManager(region="Frankfurt"), "secrets/region", "provider.region"),
        (AwsSecretsManager(region="eu-central-1", role="airflow"), "secrets/role", "provider.role"),
        (GcpSecretManager(project="Acme"), "secrets/project", "provider.project"),
        (GcpSecretManager(project="acme-data", location="Frankfurt"), "secrets/region", "provider.location"),
        (
            AzureKeyVault(url="https://a.vault.azure.net", credentials=AzureManagedIdentity(client_id="me")),
            "secrets/azure-id",
            "provider.credentials.client_id",
        ),
        (
            AzureKeyVault(url="http://a.vault.azure.net", credentials=AZURE.credentials),
            "secrets/plain-http",
            "provider.url",
        ),
        (HashicorpVault(server="http://vault.acme.lab", credentials=KEY), "secrets/plain-http", "provider.server"),
        (HashicorpVault(server="https://vault.acme.lab/", credentials=KEY), "argument/url", "provider.server"),
        (
            HashicorpVault(server="https://vault.acme.lab", credentials=KEY, path="/secret/"),
            "secrets/mount",
            "provider.path",
        ),
        (
            KubernetesSecrets(namespace=DATA, credentials=ACCOUNT, server="http://k8s.acme.lab"),
            "secrets/plain-http",
            "provider.server",
        ),
        (HashicorpVault(server="https://v.acme.lab", credentials="hvs.AAAA"), "argument/type", "provider.credentials"),  # type: ignore[arg-type]
    ],
)
def test_invalid_provider_is_rejected(provider: SecretProvider, rule: str, at: str) -> None:
    (finding,) = check_value(provider, type(provider), "provider")
    assert (finding.rule, finding.at) == (rule, at)
    assert "hvs." not in str(finding)

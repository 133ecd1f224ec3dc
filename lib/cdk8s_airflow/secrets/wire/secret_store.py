"""Stores of secrets as External Secrets 2.9 reads them (external-secrets.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.secrets.providers import (
    AwsAccessKeys,
    AwsParameterStore,
    AwsSecretsManager,
    AzureKeyVault,
    AzureServicePrincipal,
    AzureWorkloadIdentity,
    GcpSecretManager,
    HashicorpVault,
    KubernetesSecrets,
    SecretProvider,
    VaultAppRole,
    VaultKubernetes,
)

API_VERSION = "external-secrets.io/v1"
"""Served since External Secrets 0.16 (April 2025); what was there before is not served any more."""

_CLUSTER_CA = ConfigMapKey("kube-root-ca.crt", "ca.crt")
_AZURE_NAME = regex(r"(?:(?:secret|cert|key)/)?[0-9A-Za-z-]{1,127}")
_GCP_NAME = regex(r"[A-Za-z0-9_-]{1,255}|projects/[a-z0-9-]+/secrets/[A-Za-z0-9_-]{1,255}")
_AWS_NAME = regex(r"[A-Za-z0-9/_+=.@:-]+")


def store_manifest(name: str, namespace: str, provider: SecretProvider) -> dict[str, Any]:
    """A store for ExternalSecrets of its own namespace. What it logs in with is there, too."""
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"provider": provider_part(provider, None)},
    }


def cluster_store_manifest(
    name: str, provider: SecretProvider, *, credentials_namespace: str | None, namespaces: Sequence[str]
) -> dict[str, Any]:
    """A store for ExternalSecrets of some namespaces.

    Args:
        name: its name.
        provider: where the secrets are.
        credentials_namespace: where it finds what it logs in with. References without a namespace would be looked up beside each
            ExternalSecret.
        namespaces: whose ExternalSecrets may use it.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "ClusterSecretStore",
        "metadata": {"name": name},
        "spec": {
            "conditions": [{"namespaces": list(namespaces)}],
            "provider": provider_part(provider, credentials_namespace),
        },
    }


def provider_part(provider: SecretProvider, namespace: str | None) -> dict[str, Any]:
    """The one provider of a store.

    Args:
        provider: where the secrets are.
        namespace: what references name as theirs; None in a store of one namespace, which may name none.
    """
    if isinstance(provider, AwsSecretsManager | AwsParameterStore):
        return {"aws": _aws(provider, namespace)}
    if isinstance(provider, GcpSecretManager):
        return {"gcpsm": _gcp(provider, namespace)}
    if isinstance(provider, AzureKeyVault):
        return {"azurekv": _azure(provider, namespace)}
    if isinstance(provider, HashicorpVault):
        return {"vault": _vault(provider, namespace)}
    return {"kubernetes": _kubernetes(provider, namespace)}


def _aws(provider: AwsSecretsManager | AwsParameterStore, namespace: str | None) -> dict[str, Any]:
    part: dict[str, Any] = {"service": provider.service, "region": provider.region}
    if provider.role is not None:
        part["role"] = provider.role
    if isinstance(provider.credentials, ExistingServiceAccount):
        part["auth"] = {"jwt": {"serviceAccountRef": _account(provider.credentials, namespace)}}
    elif provider.credentials is not None:
        part["auth"] = {
            "secretRef": {
                "accessKeyIDSecretRef": _key(provider.credentials.access_key_id, namespace),
                "secretAccessKeySecretRef": _key(provider.credentials.secret_access_key, namespace),
            }
        }
    return part


def _gcp(provider: GcpSecretManager, namespace: str | None) -> dict[str, Any]:
    part: dict[str, Any] = {"projectID": provider.project}
    if provider.location is not None:
        part["location"] = provider.location
    if isinstance(provider.credentials, ExistingServiceAccount):
        part["auth"] = {"workloadIdentity": {"serviceAccountRef": _account(provider.credentials, namespace)}}
    elif provider.credentials is not None:
        part["auth"] = {"secretRef": {"secretAccessKeySecretRef": _key(provider.credentials, namespace)}}
    return part


def _azure(provider: AzureKeyVault, namespace: str | None) -> dict[str, Any]:
    part: dict[str, Any] = {"vaultUrl": provider.url, "environmentType": provider.environment}
    credentials = provider.credentials
    if isinstance(credentials, AzureServicePrincipal):
        part |= {
            "authType": "ServicePrincipal",
            "tenantId": credentials.tenant,
            "authSecretRef": {
                "clientId": _key(credentials.client_id, namespace),
                "clientSecret": _key(credentials.client_secret, namespace),
            },
        }
    elif isinstance(credentials, AzureWorkloadIdentity):
        part["authType"] = "WorkloadIdentity"
        if credentials.tenant is not None:
            part["tenantId"] = credentials.tenant
        if credentials.account is not None:
            part["serviceAccountRef"] = _account(credentials.account, namespace)
    else:
        part["authType"] = "ManagedIdentity"
        if credentials.client_id is not None:
            part["identityId"] = credentials.client_id
    return part


def _vault(provider: HashicorpVault, namespace: str | None) -> dict[str, Any]:
    credentials = provider.credentials
    auth: dict[str, Any]
    if isinstance(credentials, VaultKubernetes):
        auth = {
            "kubernetes": {
                "mountPath": credentials.mount,
                "role": credentials.role,
                "serviceAccountRef": _account(credentials.account, namespace),
            }
        }
    elif isinstance(credentials, VaultAppRole):
        auth = {
            "appRole": {
                "path": credentials.mount,
                "roleRef": _key(credentials.role_id, namespace),
                "secretRef": _key(credentials.secret_id, namespace),
            }
        }
    else:
        auth = {"tokenSecretRef": _key(credentials, namespace)}
    part = {"server": provider.server, "path": provider.path, "version": provider.version, "auth": auth}
    if provider.vault_namespace is not None:
        part["namespace"] = provider.vault_namespace
    if provider.ca is not None:
        part["caProvider"] = _authority(provider.ca, namespace)
    return part


def _kubernetes(provider: KubernetesSecrets, namespace: str | None) -> dict[str, Any]:
    credentials = provider.credentials
    auth: dict[str, Any]
    if isinstance(credentials, ExistingServiceAccount):
        auth = {"serviceAccount": _account(credentials, namespace)}
    else:
        auth = {"token": {"bearerToken": _key(credentials, namespace)}}
    server: dict[str, Any] = {} if provider.server is None else {"url": provider.server}
    ca = provider.ca or (_CLUSTER_CA if provider.server is None else None)
    if ca is not None:
        server["caProvider"] = _authority(ca, namespace)
    return {"remoteNamespace": provider.namespace.name, "server": server, "auth": auth}


def _account(account: ExistingServiceAccount, namespace: str | None) -> dict[str, str]:
    return _placed({"name": account.name}, namespace)


def _key(key: SecretKey, namespace: str | None) -> dict[str, str]:
    return _placed({"name": key.name, "key": key.key}, namespace)


def _authority(ca: SecretKey | ConfigMapKey, namespace: str | None) -> dict[str, str]:
    kind = "Secret" if isinstance(ca, SecretKey) else "ConfigMap"
    return _placed({"type": kind, "name": ca.name, "key": ca.key}, namespace)


def _placed(reference: dict[str, str], namespace: str | None) -> dict[str, str]:
    return reference if namespace is None else {**reference, "namespace": namespace}


def logs_in(provider: SecretProvider) -> bool:
    """Whether the store logs in with something that is in a namespace, and that pods there could use, too."""
    return login_account(provider) is not None or bool(login_keys(provider))


def needs_namespace(provider: SecretProvider) -> bool:
    """Whether the store refers to anything in a namespace."""
    return logs_in(provider) or isinstance(provider, KubernetesSecrets) or getattr(provider, "ca", None) is not None


def login_account(provider: SecretProvider) -> ExistingServiceAccount | None:
    """The service account that a store logs in as; None where it is the operator's own, or none."""
    credentials: object = provider.credentials
    if isinstance(credentials, AzureWorkloadIdentity | VaultKubernetes):
        return credentials.account
    return credentials if isinstance(credentials, ExistingServiceAccount) else None


def login_keys(provider: SecretProvider) -> Mapping[str, SecretKey]:
    """The keys of Secrets that a store logs in with, by what they must hold."""
    credentials = provider.credentials
    if isinstance(credentials, AwsAccessKeys):
        return {
            "the id of an access key": credentials.access_key_id,
            "the secret of the access key": credentials.secret_access_key,
        }
    if isinstance(credentials, AzureServicePrincipal):
        return {"the id of the application": credentials.client_id, "its password": credentials.client_secret}
    if isinstance(credentials, VaultAppRole):
        return {"the id of the AppRole": credentials.role_id, "its secret id": credentials.secret_id}
    if isinstance(credentials, SecretKey):
        return {
            "the JSON of a service account's key" if isinstance(provider, GcpSecretManager) else "a token": credentials
        }
    return {}


def store_needs(provider: SecretProvider, namespace: str, purpose: str) -> Iterator[needs.SecretNeed]:
    """The Secrets that a store logs in with. No pod waits for them."""
    for content, key in login_keys(provider).items():
        yield replace(needs.free_key(key, namespace, purpose, content=content), awaited=False)
    ca = getattr(provider, "ca", None)
    if isinstance(ca, SecretKey):
        yield needs.authority(ca, namespace, f"{purpose}: the certificate of its authority")


def remote_problem(
    provider: SecretProvider, name: str, property: str | None, version: str | None
) -> tuple[str, str] | None:
    """What is wrong with the name of a secret in a store, and what to write; None where nothing is known to be.

    Sources: how each provider of External Secrets looks secrets up, and the forms of names that the stores themselves take.
    """
    if isinstance(provider, KubernetesSecrets):
        if property is None:
            return (
                "is a whole Secret; without property= all its keys would come as one JSON text",
                "name the key: property=",
            )
        if version is not None:
            return "has a version, and Secrets of Kubernetes have none", "leave version= out"
    if isinstance(provider, HashicorpVault):
        if property is None:
            return (
                "is a path; without property= all its fields would come as one JSON text",
                "name the field: property=",
            )
        if name.startswith("/") or name.endswith("/") or (provider.version == "v2" and name.startswith("data/")):
            return (
                "is not the path of a secret below the engine's",
                f"write the path below {provider.path!r}, without data/ and without slashes at its ends",
            )
    if isinstance(provider, AzureKeyVault) and _AZURE_NAME.fullmatch(name) is None:
        return "is not the name of a secret in a Key Vault", "use letters, digits and dashes"
    if isinstance(provider, GcpSecretManager) and _GCP_NAME.fullmatch(name) is None:
        return "is not the name of a secret in Secret Manager", "use letters, digits, dashes and underscores"
    if isinstance(provider, AwsSecretsManager | AwsParameterStore) and _AWS_NAME.fullmatch(name) is None:
        return "is not a name that AWS takes", "use letters, digits and /_+=.@-"
    return None

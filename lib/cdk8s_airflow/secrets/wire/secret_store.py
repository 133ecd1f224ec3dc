"""Secret stores in the form of External Secrets 2.9 (external-secrets.io/v1)."""

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
"""Served since External Secrets 0.16 (April 2025). Older API versions are no longer served."""

_CLUSTER_CA = ConfigMapKey("kube-root-ca.crt", "ca.crt")
_AZURE_NAME = regex(r"(?:(?:secret|cert|key)/)?[0-9A-Za-z-]{1,127}")
_GCP_NAME = regex(r"[A-Za-z0-9_-]{1,255}|projects/[a-z0-9-]+/secrets/[A-Za-z0-9_-]{1,255}")
_AWS_NAME = regex(r"[A-Za-z0-9/_+=.@:-]+")


def store_manifest(name: str, namespace: str, provider: SecretProvider) -> dict[str, Any]:
    """A store for the ExternalSecrets of its namespace. Its credentials are in the same namespace."""
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"provider": provider_part(provider, None)},
    }


def cluster_store_manifest(
    name: str, provider: SecretProvider, *, credentials_namespace: str | None, namespaces: Sequence[str]
) -> dict[str, Any]:
    """A store for the ExternalSecrets of several namespaces.

    Args:
        name: its name.
        provider: where the secrets are stored.
        credentials_namespace: the namespace of its credentials. References without a namespace would be resolved in the
            namespace of each ExternalSecret.
        namespaces: the namespaces whose ExternalSecrets can use it.
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
    """The field ``spec.provider`` of a store.

    Args:
        provider: where the secrets are stored.
        namespace: the namespace of references; None in a SecretStore, where references must not have a namespace.
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
    """Whether the store has credentials in a namespace, which pods there could use too."""
    return login_account(provider) is not None or bool(login_keys(provider))


def needs_namespace(provider: SecretProvider) -> bool:
    """Whether the store refers to an object in a namespace."""
    return logs_in(provider) or isinstance(provider, KubernetesSecrets) or getattr(provider, "ca", None) is not None


def login_account(provider: SecretProvider) -> ExistingServiceAccount | None:
    """The service account of a store; None if it uses the identity of the operator or other credentials."""
    credentials: object = provider.credentials
    if isinstance(credentials, AzureWorkloadIdentity | VaultKubernetes):
        return credentials.account
    return credentials if isinstance(credentials, ExistingServiceAccount) else None


def login_keys(provider: SecretProvider) -> Mapping[str, SecretKey]:
    """Description of the content -> Secret key, for the credentials of a store."""
    credentials = provider.credentials
    if isinstance(credentials, AwsAccessKeys):
        return {
            "the access key id": credentials.access_key_id,
            "the secret access key": credentials.secret_access_key,
        }
    if isinstance(credentials, AzureServicePrincipal):
        return {
            "the client id of the application": credentials.client_id,
            "its client secret": credentials.client_secret,
        }
    if isinstance(credentials, VaultAppRole):
        return {"the id of the AppRole": credentials.role_id, "its secret id": credentials.secret_id}
    if isinstance(credentials, SecretKey):
        return {
            "the JSON key of a service account" if isinstance(provider, GcpSecretManager) else "a token": credentials
        }
    return {}


def store_needs(provider: SecretProvider, namespace: str, purpose: str) -> Iterator[needs.SecretNeed]:
    """The Secrets with the credentials of a store. No pod waits for them."""
    for content, key in login_keys(provider).items():
        yield replace(needs.free_key(key, namespace, purpose, content=content), awaited=False)
    ca = getattr(provider, "ca", None)
    if isinstance(ca, SecretKey):
        yield needs.authority(ca, namespace, f"{purpose}: CA certificate")


def remote_problem(
    provider: SecretProvider, name: str, property: str | None, version: str | None
) -> tuple[str, str] | None:
    """Why the name of a secret is invalid in a store, and a fix; None if no problem is known.

    Sources: how each provider of External Secrets looks up secrets, and the name formats of the stores.
    """
    if isinstance(provider, KubernetesSecrets):
        if property is None:
            return (
                "is a Secret with several keys, so property= is required",
                "Set property= to the key of the Secret",
            )
        if version is not None:
            return "has a version, which Kubernetes Secrets do not have", "Remove version="
    if isinstance(provider, HashicorpVault):
        if property is None:
            return (
                "is a path with several fields, so property= is required",
                "Set property= to the name of the field",
            )
        if name.startswith("/") or name.endswith("/") or (provider.version == "v2" and name.startswith("data/")):
            return (
                f"must be a path below {provider.path!r}, without data/ and without slashes at its ends",
                "Use the path that `vault kv get` shows, without the mount path",
            )
    if isinstance(provider, AzureKeyVault) and _AZURE_NAME.fullmatch(name) is None:
        return "must be the name of a secret in a Key Vault", "Use letters, digits and dashes"
    if isinstance(provider, GcpSecretManager) and _GCP_NAME.fullmatch(name) is None:
        return "must be the name of a secret in Secret Manager", "Use letters, digits, dashes and underscores"
    if isinstance(provider, AwsSecretsManager | AwsParameterStore) and _AWS_NAME.fullmatch(name) is None:
        return "must be a name that AWS supports", "Use letters, digits and /_+=.@-"

    return None

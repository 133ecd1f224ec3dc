"""Secret stores and their authentication. Credentials are references to Secrets; no argument accepts a secret value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.namespace import NamespaceHandle
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, NonEmpty, WebUrl
from cdk8s_airflow.validation.frozen import frozen

_REGION = regex(r"[a-z]{2}(?:-[a-z]+)+-\d", re.ASCII)
_ROLE = regex(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_PROJECT = regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_LOCATION = regex(r"[a-z]+(?:-[a-z]+)+\d{1,2}")
_TENANT = regex(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOUNT = regex(r"[\w.-]+(?:/[\w.-]+)*", re.ASCII)

_Region = Annotated[
    str,
    Must(
        lambda text: _REGION.fullmatch(text) is not None,
        "must be an AWS region",
        'Use a region such as "eu-central-1"',
        "secrets/region",
    ),
]
_RoleArn = Annotated[
    str,
    Must(
        lambda text: _ROLE.fullmatch(text) is not None,
        "must be the ARN of an IAM role",
        'Use an ARN such as "arn:aws:iam::111122223333:role/airflow-secrets"',
        "secrets/role",
    ),
]
_Project = Annotated[
    str,
    Must(
        lambda text: _PROJECT.fullmatch(text) is not None,
        "must be a Google Cloud project id",
        "Use the id, not the name or number: 6 to 30 lower-case letters, digits and dashes",
        "secrets/project",
    ),
]
_Location = Annotated[
    str,
    Must(
        lambda text: _LOCATION.fullmatch(text) is not None,
        "must be a Google Cloud region",
        'Use a region such as "europe-west3"',
        "secrets/region",
    ),
]
_Uuid = Annotated[
    str,
    Must(
        lambda text: _TENANT.fullmatch(text) is not None,
        "must be an Azure id (UUID)",
        'Use an id such as "00000000-0000-0000-0000-000000000000"; it is not secret',
        "secrets/azure-id",
        hides=True,
    ),
]
_Mount = Annotated[
    str,
    Must(
        lambda text: _MOUNT.fullmatch(text) is not None,
        "must be a mount path in Vault",
        'Use a path without slashes at its ends, such as "secret" or "teams/data"',
        "secrets/mount",
    ),
]


@frozen
class AwsAccessKeys:
    """Long-lived AWS access keys. With a service account (IRSA) no Secret is required.

    Attributes:
        access_key_id: the Secret key with the access key id.
        secret_access_key: the Secret key with the secret access key.
    """

    how_to_write: ClassVar[str] = (
        'AwsAccessKeys(access_key_id=SecretKey("aws", "id"), secret_access_key=SecretKey("aws", "key"))'
    )

    access_key_id: SecretKey
    secret_access_key: SecretKey


@frozen
class _Aws:
    """A secret store of AWS.

    Attributes:
        region: the region, such as ``"eu-central-1"``.
        role: the ARN of an IAM role to assume. Default: None.
        credentials: a service account with IRSA, or access keys. Default: None, the identity of the operator.
    """

    service: ClassVar[str] = ""

    region: _Region
    role: _RoleArn | None = None
    credentials: ExistingServiceAccount | AwsAccessKeys | None = None


class AwsSecretsManager(_Aws):
    """AWS Secrets Manager. The value of a secret is a string, or JSON with a field that ``property`` selects.

    Attributes:
        region: the region, such as ``"eu-central-1"``.
        role: the ARN of an IAM role to assume. Default: None.
        credentials: a service account with IRSA, or access keys. Default: None, the identity of the operator.
    """

    how_to_write: ClassVar[str] = 'AwsSecretsManager(region="eu-central-1")'
    service = "SecretsManager"


class AwsParameterStore(_Aws):
    """The Parameter Store of AWS Systems Manager. A value is a string, or JSON with a field that ``property`` selects.

    Attributes:
        region: the region, such as ``"eu-central-1"``.
        role: the ARN of an IAM role to assume. Default: None.
        credentials: a service account with IRSA, or access keys. Default: None, the identity of the operator.
    """

    how_to_write: ClassVar[str] = 'AwsParameterStore(region="eu-central-1")'
    service = "ParameterStore"


@frozen
class GcpSecretManager:
    """Google Cloud Secret Manager.

    Attributes:
        project: the id of the project with the secrets.
        location: the region of regional secrets, such as ``"europe-west3"``. Default: None, global secrets.
        credentials: a service account with Workload Identity, or a Secret key with the JSON key of a Google service
            account. Default: None, the identity of the operator.
    """

    how_to_write: ClassVar[str] = 'GcpSecretManager(project="acme-data")'

    project: _Project
    location: _Location | None = None
    credentials: ExistingServiceAccount | SecretKey | None = None


@frozen
class AzureWorkloadIdentity:
    """A federated identity of Microsoft Entra ID.

    Attributes:
        account: a service account with the annotation ``azure.workload.identity/client-id``. Default: None, the account
            of the operator.
        tenant: the id (UUID) of the tenant of Microsoft Entra ID, ``tenantId``. Default: None; from the annotation of the account, or from the environment of the
            operator.
    """

    how_to_write: ClassVar[str] = 'AzureWorkloadIdentity(account=ExistingServiceAccount("airflow-secrets"))'

    account: ExistingServiceAccount | None = None
    tenant: _Uuid | None = None


@frozen
class AzureManagedIdentity:
    """A managed identity of the nodes where the operator runs.

    Attributes:
        client_id: the client id, if the nodes have several identities. Default: None, the only identity.
    """

    how_to_write: ClassVar[str] = "AzureManagedIdentity()"

    client_id: _Uuid | None = None


@frozen
class AzureServicePrincipal:
    """An application of Microsoft Entra ID with a client secret.

    Attributes:
        tenant: the id (UUID) of the tenant of Microsoft Entra ID, ``tenantId``.
        client_id: the Secret key with the client id.
        client_secret: the Secret key with the client secret.
    """

    how_to_write: ClassVar[str] = (
        "AzureServicePrincipal(tenant=..., "
        'client_id=SecretKey("azure", "client-id"), client_secret=SecretKey("azure", "client-secret"))'
    )

    tenant: _Uuid
    client_id: SecretKey
    client_secret: SecretKey


@frozen
class AzureKeyVault:
    """Azure Key Vault. Names of its secrets consist of letters, digits and dashes.

    Attributes:
        url: the address, such as ``"https://acme-data.vault.azure.net"``.
        credentials: how the operator authenticates.
        environment: the Azure cloud. Default: ``"PublicCloud"``.
    """

    how_to_write: ClassVar[str] = (
        'AzureKeyVault(url="https://acme.vault.azure.net", credentials=AzureWorkloadIdentity())'
    )

    url: WebUrl
    credentials: AzureWorkloadIdentity | AzureManagedIdentity | AzureServicePrincipal
    environment: Literal["PublicCloud", "USGovernmentCloud", "ChinaCloud", "GermanCloud"] = "PublicCloud"

    def _rules(self) -> Iterator[Finding]:
        yield from _plain_http(self.url)


@frozen
class VaultKubernetes:
    """Vault authentication with a Kubernetes service account.

    Attributes:
        role: the Vault role.
        account: the service account whose token is sent to Vault.
        mount: the mount path of the auth method. Default: ``"kubernetes"``.
    """

    how_to_write: ClassVar[str] = 'VaultKubernetes(role="airflow", account=ExistingServiceAccount("airflow-secrets"))'

    role: NonEmpty
    account: ExistingServiceAccount
    mount: _Mount = "kubernetes"


@frozen
class VaultAppRole:
    """Vault authentication with an AppRole.

    Attributes:
        role_id: the Secret key with the role id.
        secret_id: the Secret key with the secret id.
        mount: the mount path of the auth method. Default: ``"approle"``.
    """

    how_to_write: ClassVar[str] = (
        'VaultAppRole(role_id=SecretKey("vault", "role-id"), secret_id=SecretKey("vault", "secret-id"))'
    )

    role_id: SecretKey
    secret_id: SecretKey
    mount: _Mount = "approle"


@frozen
class HashicorpVault:
    """The key-value engine of HashiCorp Vault or OpenBao. A path contains several fields, so ``property`` is required.

    Attributes:
        server: the address, such as ``"https://vault.acme.lab:8200"``. Must be https, unless the host is in the
            cluster.
        credentials: how the operator authenticates: a service account, an AppRole, or a Secret key with a token.
        path: the mount path of the engine. Default: ``"secret"``.
        version: the version of the engine, ``"v1"`` or ``"v2"``. Default: ``"v2"``.
        vault_namespace: the namespace in Vault Enterprise. Default: None.
        ca: the certificate of the CA that issued Vault's certificate. Default: None, the public CAs.
    """

    how_to_write: ClassVar[str] = (
        'HashicorpVault(server="https://vault.acme.lab:8200", credentials=VaultKubernetes(...))'
    )

    server: WebUrl
    credentials: VaultKubernetes | VaultAppRole | SecretKey
    path: _Mount = "secret"
    version: Literal["v1", "v2"] = "v2"
    vault_namespace: NonEmpty | None = None
    ca: SecretKey | ConfigMapKey | None = None

    def _rules(self) -> Iterator[Finding]:
        for finding in _plain_http(self.server, "server"):
            if not (urlsplit(self.server).hostname or "").endswith((".svc", ".svc.cluster.local")):
                yield finding


@frozen
class KubernetesSecrets:
    """Secrets in one namespace of this or another cluster. ``property`` selects a key of a Secret.

    :class:`SecretBridge` creates all objects that are required for a database URL.

    Attributes:
        namespace: the namespace of the Secrets.
        credentials: a service account with only the verb ``get`` on these Secrets, or a Secret key with a token.
        server: the API server of another cluster. Default: None, this cluster.
        ca: the certificate of the CA that issued the certificate of the API server. Default: None; for this cluster the
            ConfigMap ``kube-root-ca.crt`` that every namespace has, for another one the public CAs.
    """

    how_to_write: ClassVar[str] = (
        'KubernetesSecrets(namespace=Namespace.existing("data"), credentials=ExistingServiceAccount("secret-reader"))'
    )

    namespace: NamespaceHandle
    credentials: ExistingServiceAccount | SecretKey
    server: WebUrl | None = None
    ca: SecretKey | ConfigMapKey | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.server is not None:
            yield from _plain_http(self.server, "server")


SecretProvider = (
    AwsSecretsManager | AwsParameterStore | GcpSecretManager | AzureKeyVault | HashicorpVault | KubernetesSecrets
)
"""The supported secret stores."""


def _plain_http(url: str, at: str = "url") -> Iterator[Finding]:
    if url.startswith("http://"):
        yield Finding(
            rule="secrets/plain-http",
            at=at,
            problem="must use https, otherwise secrets are sent unencrypted",
            seen=repr(url),
            fix=f"Use {url.replace('http://', 'https://', 1)!r}",
        )

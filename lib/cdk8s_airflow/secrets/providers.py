"""Where secrets are kept, and who External Secrets is there. Nothing here takes a secret: logins are references, too."""

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
        "is not a region of AWS",
        'write it like "eu-central-1"',
        "secrets/region",
    ),
]
_RoleArn = Annotated[
    str,
    Must(
        lambda text: _ROLE.fullmatch(text) is not None,
        "is not the ARN of a role",
        'write it like "arn:aws:iam::111122223333:role/airflow-secrets"',
        "secrets/role",
    ),
]
_Project = Annotated[
    str,
    Must(
        lambda text: _PROJECT.fullmatch(text) is not None,
        "is not the id of a project of Google Cloud",
        "use its id, not its name or number: 6 to 30 lower-case letters, digits and dashes",
        "secrets/project",
    ),
]
_Location = Annotated[
    str,
    Must(
        lambda text: _LOCATION.fullmatch(text) is not None,
        "is not a region of Google Cloud",
        'write it like "europe-west3"',
        "secrets/region",
    ),
]
_Uuid = Annotated[
    str,
    Must(
        lambda text: _TENANT.fullmatch(text) is not None,
        "is not an id as Azure has them",
        'write it like "00000000-0000-0000-0000-000000000000"; it is no secret',
        "secrets/azure-id",
        hides=True,
    ),
]
_Mount = Annotated[
    str,
    Must(
        lambda text: _MOUNT.fullmatch(text) is not None,
        "is not where something is mounted in Vault",
        'write the path without slashes at its ends, like "secret" or "teams/data"',
        "secrets/mount",
    ),
]


@frozen
class AwsAccessKeys:
    """A long-lived login to AWS. An identity of its own, by a service account, needs no Secret at all.

    Attributes:
        access_key_id: the key with the access key's id.
        secret_access_key: the key with the access key itself.
    """

    how_to_write: ClassVar[str] = (
        'AwsAccessKeys(access_key_id=SecretKey("aws", "id"), secret_access_key=SecretKey("aws", "key"))'
    )

    access_key_id: SecretKey
    secret_access_key: SecretKey


@frozen
class _Aws:
    """A store of AWS.

    Attributes:
        region: the region, like ``"eu-central-1"``.
        role: a role to take on before anything is read, by its ARN. Default: none.
        credentials: a service account that IAM knows (IRSA), or access keys. Default: the operator's own identity.
    """

    service: ClassVar[str] = ""

    region: _Region
    role: _RoleArn | None = None
    credentials: ExistingServiceAccount | AwsAccessKeys | None = None


class AwsSecretsManager(_Aws):
    """AWS Secrets Manager. A secret of it is a text, or JSON one of whose fields is read as ``property``.

    Attributes:
        region: the region, like ``"eu-central-1"``.
        role: a role to take on before anything is read, by its ARN. Default: none.
        credentials: a service account that IAM knows (IRSA), or access keys. Default: the operator's own identity.
    """

    how_to_write: ClassVar[str] = 'AwsSecretsManager(region="eu-central-1")'
    service = "SecretsManager"


class AwsParameterStore(_Aws):
    """The Parameter Store of AWS Systems Manager. A parameter is a text, or JSON one of whose fields is read as ``property``.

    Attributes:
        region: the region, like ``"eu-central-1"``.
        role: a role to take on before anything is read, by its ARN. Default: none.
        credentials: a service account that IAM knows (IRSA), or access keys. Default: the operator's own identity.
    """

    how_to_write: ClassVar[str] = 'AwsParameterStore(region="eu-central-1")'
    service = "ParameterStore"


@frozen
class GcpSecretManager:
    """Google Cloud's Secret Manager.

    Attributes:
        project: the id of the project with the secrets.
        location: the region of regional secrets, like ``"europe-west3"``. Default: global ones.
        credentials: a service account that IAM knows (Workload Identity of GKE), or a key with the JSON of an account's key.
            Default: the operator's own identity.
    """

    how_to_write: ClassVar[str] = 'GcpSecretManager(project="acme-data")'

    project: _Project
    location: _Location | None = None
    credentials: ExistingServiceAccount | SecretKey | None = None


@frozen
class AzureWorkloadIdentity:
    """A federated identity of Entra ID.

    Attributes:
        account: a service account with the annotation ``azure.workload.identity/client-id``. Default: the operator's own.
        tenant: the id of the tenant. Default: what the account's annotation or the operator's environment says.
    """

    how_to_write: ClassVar[str] = 'AzureWorkloadIdentity(account=ExistingServiceAccount("airflow-secrets"))'

    account: ExistingServiceAccount | None = None
    tenant: _Uuid | None = None


@frozen
class AzureManagedIdentity:
    """A managed identity of the nodes that the operator runs on.

    Attributes:
        client_id: which one, where there are several. Default: the only one.
    """

    how_to_write: ClassVar[str] = "AzureManagedIdentity()"

    client_id: _Uuid | None = None


@frozen
class AzureServicePrincipal:
    """An application of Entra ID with a password.

    Attributes:
        tenant: the id of the tenant.
        client_id: the key with the id of the application.
        client_secret: the key with its password.
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
    """A Key Vault of Azure. Its secrets have names of letters, digits and dashes.

    Attributes:
        url: its address, like ``"https://acme-data.vault.azure.net"``.
        credentials: who the operator is there.
        environment: which cloud. Default: ``"PublicCloud"``.
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
    """A login to Vault by a service account of Kubernetes.

    Attributes:
        role: the role in Vault.
        account: the service account whose token is shown to Vault.
        mount: where the auth method is mounted. Default: ``"kubernetes"``.
    """

    how_to_write: ClassVar[str] = 'VaultKubernetes(role="airflow", account=ExistingServiceAccount("airflow-secrets"))'

    role: NonEmpty
    account: ExistingServiceAccount
    mount: _Mount = "kubernetes"


@frozen
class VaultAppRole:
    """A login to Vault by an AppRole.

    Attributes:
        role_id: the key with the role's id.
        secret_id: the key with its secret id.
        mount: where the auth method is mounted. Default: ``"approle"``.
    """

    how_to_write: ClassVar[str] = (
        'VaultAppRole(role_id=SecretKey("vault", "role-id"), secret_id=SecretKey("vault", "secret-id"))'
    )

    role_id: SecretKey
    secret_id: SecretKey
    mount: _Mount = "approle"


@frozen
class HashicorpVault:
    """The key-value engine of HashiCorp Vault or OpenBao. What is kept at a path has fields, so ``property`` is needed.

    Attributes:
        server: its address, like ``"https://vault.acme.lab:8200"``. Without TLS only inside the cluster.
        credentials: who the operator is there: a service account, an AppRole, or a key with a token.
        path: where the engine is mounted. Default: ``"secret"``.
        version: of the engine. Default: ``"v2"``.
        vault_namespace: the namespace in Vault Enterprise. Default: none.
        ca: the certificate of the authority that signed Vault's. Default: those that everybody trusts.
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
    """Secrets of one namespace, of this cluster or another. Their keys are read as ``property``.

    :class:`SecretBridge` makes all that it takes for the URL of a database.

    Attributes:
        namespace: where the Secrets are.
        credentials: a service account that may ``get`` them there and nothing else, or a key with a token.
        server: the API server of another cluster. Default: this cluster's.
        ca: the certificate of the authority that signed the API server's. Default: this cluster's, from the ConfigMap
            ``kube-root-ca.crt`` that every namespace has; for a server elsewhere, those that everybody trusts.
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
"""Where secrets are kept."""


def _plain_http(url: str, at: str = "url") -> Iterator[Finding]:
    if url.startswith("http://"):
        yield Finding(
            rule="secrets/plain-http",
            at=at,
            problem="has no TLS, so that everybody on the way reads the secrets",
            seen=repr(url),
            fix="use https://",
        )

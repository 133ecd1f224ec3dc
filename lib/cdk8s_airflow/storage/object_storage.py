"""Object stores and buckets: handles for logs, backups, tasks and Jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from cdk8s_airflow.model.traffic import ExternalPeer, Peer, PodGroup, TrafficFlow
from cdk8s_airflow.model.url_host import peer_of
from cdk8s_airflow.storage.names import BucketName, StorageAccount, StorageEndpoint, StorageRegion, is_container
from cdk8s_airflow.validation import Finding, check_setting, report, show
from cdk8s_airflow.validation.constraints import Label, PortNumber, SecretKeyName, SecretName
from cdk8s_airflow.validation.frozen import frozen

StorageScheme = Literal["s3", "gs", "azure"]
"""The protocol of a store: S3, Google Cloud Storage or Azure Blob Storage."""


@frozen(kw_only=False)
class S3Credentials:
    """A Secret with the credentials of an S3 store, in the namespace of its reader.

    The first two keys have the names of the environment variables that AWS libraries read. The third key holds the same
    credentials as an Airflow connection in JSON; only Airflow pods read it.

    Args:
        secret: the name of the Secret.
        access_key_id: the key with the access key id. Default: ``"AWS_ACCESS_KEY_ID"``.
        secret_access_key: the key with the secret access key. Default: ``"AWS_SECRET_ACCESS_KEY"``.
        connection: the key with the Airflow connection. Default: ``"connection"``.
    """

    how_to_write: ClassVar[str] = 'S3Credentials("data-lake")'
    names_a_secret: ClassVar[bool] = True

    secret: SecretName
    access_key_id: SecretKeyName = "AWS_ACCESS_KEY_ID"
    secret_access_key: SecretKeyName = "AWS_SECRET_ACCESS_KEY"
    connection: SecretKeyName = "connection"

    def _rules(self) -> Iterator[Finding]:
        yield from _same_key(self.access_key_id, self.secret_access_key, self.connection)


@frozen(kw_only=False)
class GcsCredentials:
    """A Secret with the key file of a Google Cloud service account, in the namespace of its reader.

    Args:
        secret: the name of the Secret.
        key_file: the key with the JSON key file. Default: ``"key.json"``.
        connection: the key with the same credentials as an Airflow connection. Default: ``"connection"``.
    """

    how_to_write: ClassVar[str] = 'GcsCredentials("data-lake")'
    names_a_secret: ClassVar[bool] = True

    secret: SecretName
    key_file: SecretKeyName = "key.json"
    connection: SecretKeyName = "connection"

    def _rules(self) -> Iterator[Finding]:
        yield from _same_key(self.key_file, self.connection)


@frozen(kw_only=False)
class AzureCredentials:
    """A Secret with the access key of an Azure storage account, in the namespace of its reader.

    Args:
        secret: the name of the Secret.
        account: the key with the name of the storage account, which backups read too. Default:
            ``"AZURE_STORAGE_ACCOUNT"``.
        account_key: the key with the access key of the account. Default: ``"AZURE_STORAGE_KEY"``.
        connection: the key with the same credentials as an Airflow connection. Default: ``"connection"``.
    """

    how_to_write: ClassVar[str] = 'AzureCredentials("data-lake")'
    names_a_secret: ClassVar[bool] = True

    secret: SecretName
    account: SecretKeyName = "AZURE_STORAGE_ACCOUNT"
    account_key: SecretKeyName = "AZURE_STORAGE_KEY"
    connection: SecretKeyName = "connection"

    def _rules(self) -> Iterator[Finding]:
        yield from _same_key(self.account, self.account_key, self.connection)


StorageCredentials = S3Credentials | GcsCredentials | AzureCredentials
"""Credentials for a store, by reference to a Secret."""

_CREDENTIALS: Mapping[str, type] = {"s3": S3Credentials, "gs": GcsCredentials, "azure": AzureCredentials}


def _same_key(*keys: str) -> Iterator[Finding]:
    if len(set(keys)) < len(keys):
        yield Finding(
            rule="storage/same-key",
            at="secret",
            problem="must use a different key for each value",
            seen=", ".join(keys),
            fix="Use different key names",
        )


@frozen
class ObjectStorage:
    """An object store: its address, protocol and credentials. It emits no object; :meth:`bucket` returns a handle for a
    bucket.

    Use :meth:`s3`, :meth:`gcs` or :meth:`azure` for an external store. For a store in the cluster, use
    ``SeaweedFs(...).storage``.

    Attributes:
        scheme: ``"s3"``, ``"gs"`` or ``"azure"``.
        endpoint: scheme, host and port of an S3-compatible store. Default: None, for AWS, Google Cloud and Azure.
        region: the region of the buckets. Default: None.
        path_style: whether the bucket name is in the path of a URL instead of the host name. Default: None; True with
            an ``endpoint``, because few S3-compatible stores have a host name for each bucket, and False for AWS.
        account: the Azure storage account. Required for ``"azure"``. Default: None.
        project: the Google Cloud project of new buckets. Default: None.
        credentials: the credentials for all buckets that have none of their own. Default: None; pods use their cloud
            identity.
        peer: the pods or servers of the store, for network policies. Default: None, derived from the host of the
            endpoint, otherwise outside the cluster at unknown addresses.
        port: the port of those pods or servers. Default: None, the port of the endpoint, or 443.
        credentials_namespace: the namespace where the credentials are generated, for a store that the platform runs.
            Default: None; the operator of the store provides them.
        ids_are_names: whether the access key id is the name of the Secret, for a store with named users. Default:
            False.
    """

    how_to_write: ClassVar[str] = (
        'ObjectStorage.s3(endpoint="https://s3.example.com", credentials=S3Credentials("data-lake"))'
    )

    scheme: StorageScheme
    endpoint: StorageEndpoint | None = None
    region: StorageRegion | None = None
    path_style: bool | None = None
    account: StorageAccount | None = None
    project: str | None = None
    credentials: StorageCredentials | None = None
    peer: Peer | None = None
    port: PortNumber | None = None
    credentials_namespace: Label | None = None
    ids_are_names: bool = False

    @staticmethod
    def s3(
        *,
        endpoint: str | None = None,
        region: str | None = None,
        path_style: bool | None = None,
        credentials: S3Credentials | None = None,
        peer: Peer | None = None,
    ) -> ObjectStorage:
        """AWS S3, or an S3-compatible store.

        Args:
            endpoint: the address of an S3-compatible store, such as ``"https://s3.example.com"``. Default: None, AWS.
            region: the region of the buckets. Default: None; the environment of the pods determines it. S3-compatible
                stores usually ignore it.
            path_style: whether the bucket name is in the path of a URL. Default: None; True with an ``endpoint``,
                otherwise False.
            credentials: the credentials. Default: None; pods use their cloud identity.
            peer: the location of the store, for network policies. Default: None, derived from the host of the endpoint.
        """
        return ObjectStorage(
            scheme="s3", endpoint=endpoint, region=region, path_style=path_style, credentials=credentials, peer=peer
        )

    @staticmethod
    def gcs(
        *, project: str | None = None, region: str | None = None, credentials: GcsCredentials | None = None
    ) -> ObjectStorage:
        """Google Cloud Storage.

        Args:
            project: the project of new buckets; only a Job that creates buckets uses it. Default: None, that of the
                credentials.
            region: the location of new buckets. Default: None, Google's default (the United States).
            credentials: the credentials. Default: None; pods use Workload Identity.
        """
        return ObjectStorage(scheme="gs", project=project, region=region, credentials=credentials)

    @staticmethod
    def azure(account: str, *, credentials: AzureCredentials | None = None) -> ObjectStorage:
        """Azure Blob Storage, where buckets are called containers.

        Args:
            account: the storage account.
            credentials: the credentials. Default: None; pods use Workload Identity.
        """
        return ObjectStorage(scheme="azure", account=account, credentials=credentials)

    def bucket(self, name: str, *, credentials: StorageCredentials | None = None) -> Bucket:
        """A bucket in this store. It exists already, or a ``BucketJob`` creates it.

        Args:
            name: the name of the bucket.
            credentials: the credentials of its users. Default: None, the credentials of the store.

        Raises:
            PlatformError: if the name or the store is invalid.
        """
        bucket = Bucket(name=name, storage=self, own_credentials=credentials)
        return UNSOUND if report(check_setting(bucket, "bucket")) else bucket

    def _rules(self) -> Iterator[Finding]:
        yield from credentials_rules(self, self.credentials, "credentials")
        misplaced = {
            "endpoint": ("s3", self.endpoint),
            "path_style": ("s3", self.path_style),
            "account": ("azure", self.account),
            "project": ("gs", self.project),
        }
        for at, (scheme, given) in misplaced.items():
            if given is not None and self.scheme != scheme:
                yield Finding(
                    rule="storage/not-of-this-store",
                    at=at,
                    problem=f"is ignored by a store with the scheme {self.scheme!r}",
                    seen=show(given),
                    fix=f"Remove {at}=, or use ObjectStorage.s3(...), .gcs(...) or .azure(...)",
                )
        if self.scheme == "azure" and self.account is None:
            yield Finding(
                rule="storage/account",
                at="account",
                problem="is required for Azure",
                seen="None",
                fix='Use ObjectStorage.azure("acmedata")',
            )

    @property
    def host(self) -> str:
        """The host that clients connect to, or the name of the service if there are many hosts."""
        if self.scheme == "gs":
            return "storage.googleapis.com"
        if self.scheme == "azure":
            return f"{self.account}.blob.core.windows.net"
        if self.endpoint is None:
            return f"s3.{self.region}.amazonaws.com" if self.region else "s3.amazonaws.com"
        return self.endpoint.partition("://")[2].partition(":")[0]

    @property
    def where(self) -> Peer:
        """The location for network policies: ``peer``, or the location derived from the host name."""
        if self.peer is not None:
            return self.peer
        if self.endpoint is None:
            return ExternalPeer(name=self.host)
        return peer_of(self.host, self.listens_on, "cluster.local")

    @property
    def listens_on(self) -> int:
        """The port of the pods or servers of the store."""
        if self.port is not None:
            return self.port
        if self.endpoint is None:
            return 443
        scheme, _, rest = self.endpoint.partition("://")
        port = rest.partition(":")[2]
        return int(port) if port else {"http": 80, "https": 443}[scheme]

    @property
    def uses_path_style(self) -> bool:
        """Whether the bucket name is in the path of a URL."""
        return self.endpoint is not None if self.path_style is None else self.path_style


def credentials_rules(storage: ObjectStorage, given: StorageCredentials | None, at: str) -> Iterator[Finding]:
    """Check that the credentials have the type that the store requires."""
    wanted = _CREDENTIALS[storage.scheme]
    if given is not None and not isinstance(given, wanted):
        yield Finding(
            rule="storage/credentials",
            at=at,
            problem=f"must be {wanted.__name__} for this store",
            seen=type(given).__name__,
            fix=f"Pass {getattr(wanted, 'how_to_write', wanted.__name__)}",
        )


@frozen
class Bucket:
    """A bucket of an object store. Create it with :meth:`ObjectStorage.bucket`.

    Attributes:
        name: the name of the bucket, or of the container in Azure.
        storage: the object store that the bucket is in.
        own_credentials: credentials for this bucket. Default: None, the credentials of the store.
    """

    how_to_write: ClassVar[str] = 'ObjectStorage.s3(credentials=S3Credentials("data-lake")).bucket("data-raw")'

    name: BucketName
    storage: ObjectStorage
    own_credentials: StorageCredentials | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from credentials_rules(self.storage, self.own_credentials, "credentials")
        if self.scheme == "azure" and not is_container(self.name):
            yield Finding(
                rule="storage/container",
                at="name",
                problem="must be the name of an Azure Blob Storage container",
                seen=repr(self.name),
                fix="Use 3 to 63 lower-case letters, digits and single dashes",
            )

    @property
    def scheme(self) -> StorageScheme:
        """The protocol of its store."""
        return self.storage.scheme

    @property
    def endpoint(self) -> str | None:
        """Scheme, host and port of its store; None for AWS, Google Cloud and Azure."""
        return self.storage.endpoint

    @property
    def region(self) -> str | None:
        """Its region; None if unknown."""
        return self.storage.region

    @property
    def path_style(self) -> bool:
        """Whether the bucket name is in the path of a URL."""
        return self.storage.uses_path_style

    @property
    def credentials(self) -> StorageCredentials | None:
        """The credentials of its users; None if they use their cloud identity."""
        return self.storage.credentials if self.own_credentials is None else self.own_credentials

    @property
    def peer(self) -> Peer:
        """The location of its store, for network policies."""
        return self.storage.where

    @property
    def port(self) -> int:
        """The port of its store."""
        return self.storage.listens_on

    @property
    def url(self) -> str:
        """The URL of the bucket as most libraries expect it: ``s3://NAME``, ``gs://NAME``, or the address of the
        container.
        """
        if self.scheme == "azure":
            return f"https://{self.storage.host}/{self.name}"
        return f"{self.scheme}://{self.name}"

    def flow(self, source: PodGroup, purpose: str) -> TrafficFlow:
        """The connections from pods to the store, for network policies.

        Args:
            source: the pods.
            purpose: the purpose in a few words.
        """
        return TrafficFlow(source=source, target=self.peer, port=self.port, purpose=purpose)

    def connection(self) -> dict[str, Any]:
        """The Airflow connection as a mapping. Secret values are placeholders in capitals; without credentials there
        are none.
        """
        return airflow_connection(self.storage, self.credentials)


UNSOUND = Bucket(name="unsound", storage=ObjectStorage(scheme="s3"))
"""Replaces an invalid bucket, so that its findings are not followed by others."""

CHECKSUMS: Mapping[str, str] = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
"""Stops AWS libraries (botocore 1.36 and newer) from sending checksums that many S3-compatible stores reject."""


def airflow_connection(storage: ObjectStorage, credentials: StorageCredentials | None) -> dict[str, Any]:
    """The Airflow connection to a store. Secret values are placeholders in capitals."""
    if storage.scheme == "gs":
        extra = {"keyfile_dict": "KEY_FILE"} if credentials is not None else {}
        return {"conn_type": "google_cloud_platform", **({"extra": extra} if extra else {})}
    if storage.scheme == "azure":
        login = {"conn_type": "wasb", "login": storage.account}
        return {**login, "password": "ACCOUNT_KEY"} if credentials is not None else login
    made: dict[str, Any] = {"conn_type": "aws"}
    if credentials is not None:
        made |= {"login": "ACCESS_KEY", "password": "SECRET_KEY"}
    extra_s3: dict[str, Any] = {}
    if storage.endpoint is not None:
        extra_s3["endpoint_url"] = storage.endpoint
    if storage.region is not None:
        extra_s3["region_name"] = storage.region
    style = addressing_style(storage)
    if style is not None:
        extra_s3["config_kwargs"] = {"s3": {"addressing_style": style}}
    return {**made, "extra": extra_s3} if extra_s3 else made


def addressing_style(storage: ObjectStorage) -> str | None:
    """The option ``addressing_style`` of AWS libraries for ``path_style``; None if it matches their default.

    By default they put the bucket name into the path if an endpoint is set, and into the host name for AWS.
    """
    if storage.uses_path_style == (storage.endpoint is not None):
        return None
    return "path" if storage.uses_path_style else "virtual"

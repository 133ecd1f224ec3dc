"""Object stores and the buckets in them, whoever makes them: what logs, backups, tasks and Jobs are handed."""

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
"""What a store speaks: S3, Google Cloud Storage or Azure Blob Storage."""


@frozen(kw_only=False)
class S3Credentials:
    """A Secret with a login to a store that speaks S3, in the namespace of whoever reads it.

    The two first keys are named like the variables that the AWS libraries read. The third holds the same login as an Airflow
    connection in JSON, because nothing may splice a connection from its parts; only pods of Airflow read it.

    Args:
        secret: the Secret's name.
        access_key_id: the key with the access key's id.
        secret_access_key: the key with its secret.
        connection: the key with the Airflow connection.
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
    """A Secret with the key file of a service account of Google Cloud, in the namespace of whoever reads it.

    Args:
        secret: the Secret's name.
        key_file: the key with the JSON of the key file.
        connection: the key with the same login as an Airflow connection.
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
    """A Secret with the access key of a storage account of Azure, in the namespace of whoever reads it.

    Args:
        secret: the Secret's name.
        account: the key with the account's name, which backups read from the Secret too.
        account_key: the key with the account's key.
        connection: the key with the same login as an Airflow connection.
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
"""A login to a store, by reference."""

_CREDENTIALS: Mapping[str, type] = {"s3": S3Credentials, "gs": GcsCredentials, "azure": AzureCredentials}


def _same_key(*keys: str) -> Iterator[Finding]:
    if len(set(keys)) < len(keys):
        yield Finding(
            rule="storage/same-key",
            at="secret",
            problem="would hold two things under one key",
            seen=", ".join(keys),
            fix="give each its own key",
        )


@frozen
class ObjectStorage:
    """An object store: where it is, what it speaks, and who logs in. It makes no object; :meth:`bucket` names what is in it.

    Write :meth:`s3`, :meth:`gcs` or :meth:`azure` for one that somebody else runs. One in the cluster comes from
    ``SeaweedFs(...).storage``.

    Attributes:
        scheme: ``"s3"``, ``"gs"`` or ``"azure"``.
        endpoint: scheme, host and port of an S3-compatible store; None for AWS, and for the other two.
        region: the region of its buckets.
        path_style: whether the bucket stands in the path of a URL and not in the host. Default: yes with an ``endpoint``, since
            few such stores have a name for each bucket; no with AWS.
        account: the storage account, with Azure.
        project: the project that new buckets belong to, with Google Cloud.
        credentials: the login of all its buckets, unless one has its own. Default: none; then pods log in by their identity in
            the cloud.
        peer: where its pods or servers are, for network policies. Default: what the endpoint's host looks like; else outside the cluster, at an unknown address.
        port: the port they listen on. Default: the endpoint's, or 443.
        credentials_namespace: the namespace in which its logins are made up, for a store that the platform runs itself. Default: none;
            whoever runs the store gives them out.
        ids_are_names: whether the id of an access key is the name of its Secret, for a store that has users by name.
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
        """S3 of AWS, or anything that speaks it.

        Args:
            endpoint: where an S3-compatible store listens, like ``"https://s3.example.com"``. Default: AWS.
            region: the buckets' region. Default: as the environment of the pods says; S3-compatible stores seldom care.
            path_style: whether the bucket stands in the path of a URL. Default: yes with an ``endpoint``, else no.
            credentials: the login. Default: none, and pods log in by their identity in the cloud.
            peer: where it is, for network policies.
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
            project: the project that new buckets belong to; only a Job that makes buckets needs it. Default: that of the login.
            region: where new buckets are. Default: Google's own, the United States.
            credentials: the login. Default: none, and pods log in by Workload Identity.
        """
        return ObjectStorage(scheme="gs", project=project, region=region, credentials=credentials)

    @staticmethod
    def azure(account: str, *, credentials: AzureCredentials | None = None) -> ObjectStorage:
        """Azure Blob Storage, whose buckets are called containers.

        Args:
            account: the storage account.
            credentials: the login. Default: none, and pods log in by Workload Identity.
        """
        return ObjectStorage(scheme="azure", account=account, credentials=credentials)

    def bucket(self, name: str, *, credentials: StorageCredentials | None = None) -> Bucket:
        """A bucket in this store, which exists or is made by a ``BucketJob``.

        Args:
            name: its name.
            credentials: the login of those who use it. Default: the store's.

        Raises:
            PlatformError: when the name, or the store, is not sound.
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
                    problem=f"means nothing to a store that speaks {self.scheme!r}",
                    seen=show(given),
                    fix="leave it out, and write ObjectStorage.s3(...), .gcs(...) or .azure(...)",
                )
        if self.scheme == "azure" and self.account is None:
            yield Finding(
                rule="storage/account",
                at="account",
                problem="is missing, and containers are found by the account they are in",
                seen="None",
                fix='write ObjectStorage.azure("acmedata")',
            )

    @property
    def host(self) -> str:
        """The host that clients connect to, or the name of the service where there are many."""
        if self.scheme == "gs":
            return "storage.googleapis.com"
        if self.scheme == "azure":
            return f"{self.account}.blob.core.windows.net"
        if self.endpoint is None:
            return f"s3.{self.region}.amazonaws.com" if self.region else "s3.amazonaws.com"
        return self.endpoint.partition("://")[2].partition(":")[0]

    @property
    def where(self) -> Peer:
        """Where it is, for network policies: what was said, or what its name looks like."""
        if self.peer is not None:
            return self.peer
        if self.endpoint is None:
            return ExternalPeer(name=self.host)
        return peer_of(self.host, self.listens_on, "cluster.local")

    @property
    def listens_on(self) -> int:
        """The port of its pods or servers."""
        if self.port is not None:
            return self.port
        if self.endpoint is None:
            return 443
        scheme, _, rest = self.endpoint.partition("://")
        port = rest.partition(":")[2]
        return int(port) if port else {"http": 80, "https": 443}[scheme]

    @property
    def uses_path_style(self) -> bool:
        """Whether the bucket stands in the path of a URL."""
        return self.endpoint is not None if self.path_style is None else self.path_style


def credentials_rules(storage: ObjectStorage, given: StorageCredentials | None, at: str) -> Iterator[Finding]:
    """Whether a login is of the kind that a store takes."""
    wanted = _CREDENTIALS[storage.scheme]
    if given is not None and not isinstance(given, wanted):
        yield Finding(
            rule="storage/credentials",
            at=at,
            problem=f"are not of the kind that this store takes, {wanted.__name__}",
            seen=type(given).__name__,
            fix=f"write {getattr(wanted, 'how_to_write', wanted.__name__)}",
        )


@frozen
class Bucket:
    """A bucket of an object store. Made by :meth:`ObjectStorage.bucket`, not by hand.

    Attributes:
        name: its name; with Azure, that of the container.
        storage: the store it is in.
        own_credentials: the login of those who use it, where it is not the store's.
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
                problem="is not the name of a container of Azure Blob Storage",
                seen=repr(self.name),
                fix="use 3 to 63 lower-case letters, digits and single dashes",
            )

    @property
    def scheme(self) -> StorageScheme:
        """What its store speaks."""
        return self.storage.scheme

    @property
    def endpoint(self) -> str | None:
        """Scheme, host and port of its store, where that is S3-compatible and not AWS."""
        return self.storage.endpoint

    @property
    def region(self) -> str | None:
        """Its region, where it is known."""
        return self.storage.region

    @property
    def path_style(self) -> bool:
        """Whether the bucket stands in the path of a URL."""
        return self.storage.uses_path_style

    @property
    def credentials(self) -> StorageCredentials | None:
        """The login of those who use it; None where they have an identity in the cloud."""
        return self.storage.credentials if self.own_credentials is None else self.own_credentials

    @property
    def peer(self) -> Peer:
        """Where its store is, for network policies."""
        return self.storage.where

    @property
    def port(self) -> int:
        """The port its store listens on."""
        return self.storage.listens_on

    @property
    def url(self) -> str:
        """The bucket as most libraries write it: ``s3://NAME``, ``gs://NAME``, or the address of the container."""
        if self.scheme == "azure":
            return f"https://{self.storage.host}/{self.name}"
        return f"{self.scheme}://{self.name}"

    def flow(self, source: PodGroup, purpose: str) -> TrafficFlow:
        """The connections that pods open to it, for network policies.

        Args:
            source: the pods.
            purpose: what for, in a few words.
        """
        return TrafficFlow(source=source, target=self.peer, port=self.port, purpose=purpose)

    def connection(self) -> dict[str, Any]:
        """The Airflow connection, with words in capitals where a secret stands; without a login where there is none."""
        return airflow_connection(self.storage, self.credentials)


UNSOUND = Bucket(name="unsound", storage=ObjectStorage(scheme="s3"))
"""Stands for a bucket whose faults have been reported, so that nobody reports what follows from them."""

CHECKSUMS: Mapping[str, str] = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
"""Keeps newer AWS libraries (botocore 1.36 on) from sending checksums that many S3-compatible stores refuse."""


def airflow_connection(storage: ObjectStorage, credentials: StorageCredentials | None) -> dict[str, Any]:
    """An Airflow connection to a store; words in capitals stand for what is secret."""
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
    """What the AWS libraries have to be told of ``path_style``; None where they do so anyway.

    With an endpoint they put the bucket into the path unless told otherwise, and with AWS into the host.
    """
    if storage.uses_path_style == (storage.endpoint is not None):
        return None
    return "path" if storage.uses_path_style else "virtual"

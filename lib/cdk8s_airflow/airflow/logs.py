"""Where task logs are kept: a volume, an object store, a search engine, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar

from cdk8s_airflow.model.secret_reference import NamedObject, SearchUrlSecret, SecretKey, name_of
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.storage.names import (
    BucketName,
    BucketPrefix,
    Container,
    StorageAccount,
    StorageEndpoint,
    StorageRegion,
)
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, ObjectName
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    from cdk8s_airflow.storage.object_storage import Bucket

Port = Annotated[
    int,
    Must(lambda value: 1 <= value <= 65535, "must be a port", "use a number from 1 to 65535", "argument/range"),
]
"""A TCP port."""


@frozen(kw_only=False)
class Logs:
    """Where task logs are kept.

    On a volume: :meth:`claim`, :meth:`existing_claim`. In an object store: :meth:`in_bucket` for a bucket of an
    :class:`ObjectStorage`, or :meth:`s3`, :meth:`gcs` or :meth:`azure_blob` for a bucket that you name; Airflow uploads a
    task's log when the task has ended. In a search engine: :meth:`elasticsearch`, :meth:`opensearch`. Nowhere:
    :meth:`ephemeral`.

    Retention: on volumes the log groomer sidecars delete old files. In an object store or search engine
    Airflow deletes nothing: add a lifecycle rule to the bucket, or a retention policy to the index.
    """

    how_to_write: ClassVar[str] = 'Logs.claim(Volume("20Gi", storage_class="longhorn"))'

    def _rules(self) -> Iterator[Finding]:
        if type(self) is Logs:
            yield Finding(
                rule="logs/no-choice",
                at="",
                problem="must be one of the methods of Logs",
                seen="Logs()",
                fix="use Logs.claim(...), Logs.s3(...), another method of Logs, or Logs.ephemeral()",
            )

    @staticmethod
    def claim(volume: Volume) -> Logs:
        """A volume that all pods of the release mount. This library creates the claim ``<release>-logs``.

        The claim is not part of the Helm release, so ``helm uninstall`` keeps the logs. Its access mode is one that the storage
        class supports. The chart's own claim is always ReadWriteMany, and stays pending if the class does not support that.

        Args:
            volume: size and storage class. Several nodes write to it, so the class must be in ``ClusterFacts.rwx_classes``,
                unless the cluster has one node.
        """
        return ClaimLogs(volume)

    @staticmethod
    def existing_claim(name: str | NamedObject) -> Logs:
        """An existing claim in the release's namespace that all pods can mount.

        Args:
            name: the name of the claim, or a cdk8s-plus object that has one.
        """
        return ExistingClaimLogs(name_of(name, "PersistentVolumeClaim"))

    @staticmethod
    def in_bucket(bucket: Bucket, *, prefix: str = "", encrypt: bool = False) -> Logs:
        """A bucket of an :class:`ObjectStorage`, which determines address, region and credentials.

        Args:
            bucket: the bucket, as ``storage.bucket("airflow-logs")`` returns it; it must exist, or a ``BucketJob`` creates it.
            prefix: the prefix of object names.
            encrypt: whether each object is written with server-side encryption (AES256), with S3.
        """
        return _logs_in(bucket, prefix, encrypt)

    @staticmethod
    def s3(
        bucket: str,
        *,
        prefix: str = "",
        connection: SecretKey | None = None,
        endpoint: str | None = None,
        region: str | None = None,
        encrypt: bool = False,
    ) -> Logs:
        """A bucket of S3, or of an S3-compatible store.

        Args:
            bucket: the name of the bucket; it must exist.
            prefix: the prefix of object names.
            connection: the key of a Secret with an Airflow connection of type ``aws`` (JSON or URL) that has access key and secret
                key. Default: None; pods log in with their cloud identity, which their service accounts set.
            endpoint: the URL of an S3-compatible store. With ``connection`` it must be in the Secret, as ``endpoint_url``
                in the extras; the command that creates the Secret includes it. Default: AWS.
            region: the region of the bucket, also in the Secret. Default: the region of the pods' environment.
            encrypt: whether each object is written with server-side encryption (AES256). Most S3-compatible stores refuse that.
        """
        return S3Logs(
            bucket=bucket, prefix=prefix, connection=connection, endpoint=endpoint, region=region, encrypt=encrypt
        )

    @staticmethod
    def gcs(bucket: str, *, prefix: str = "", connection: SecretKey | None = None) -> Logs:
        """A bucket of Google Cloud Storage.

        Args:
            bucket: the name of the bucket; it must exist.
            prefix: the prefix of object names.
            connection: the key of a Secret with an Airflow connection of type ``google_cloud_platform`` (JSON or URL). Default:
                None; pods log in with their cloud identity (Workload Identity).
        """
        return GcsLogs(bucket=bucket, prefix=prefix, connection=connection)

    @staticmethod
    def azure_blob(account: str, container: str, *, prefix: str = "", connection: SecretKey | None = None) -> Logs:
        """A container of Azure Blob Storage.

        Blob names start with ``wasb/``, followed by the prefix: Airflow recognizes Azure by this word and includes it in the
        name.

        Args:
            account: the storage account.
            container: the container; it must exist.
            prefix: the prefix of blob names, after ``wasb/``.
            connection: the key of a Secret with an Airflow connection of type ``wasb`` (JSON or URL) to that account. Default: None;
                pods log in with their cloud identity (Workload Identity).
        """
        return AzureBlobLogs(account=account, container=container, prefix=prefix, connection=connection)

    @staticmethod
    def elasticsearch(url: SearchUrlSecret, *, direct: bool = False) -> Logs:
        """Elasticsearch. The UI reads logs from it, and tasks write their logs as JSON.

        Args:
            url: the Secret with its URL.
            direct: whether Airflow itself sends a task's log when the task has ended, with Airflow 3.2 and later. Default: False;
                then tasks write to their standard output, and a log collector of the cluster must send it to Elasticsearch.
        """
        return ElasticsearchLogs(url=url, direct=direct)

    @staticmethod
    def opensearch(
        url: SearchUrlSecret,
        *,
        port: int = 9200,
        username: SecretKey | None = None,
        password: SecretKey | None = None,
        direct: bool = False,
    ) -> Logs:
        """OpenSearch. Requires Airflow 3 and an image with the OpenSearch provider, which the official image lacks.

        Args:
            url: the Secret with its URL. Airflow reads only the scheme and host from it, not the port or the credentials.
            port: the port of OpenSearch. Default: 9200.
            username: the key of a Secret with the user name. Default: None, no login.
            password: the key of a Secret with the password.
            direct: the same as for :meth:`elasticsearch`.
        """
        return OpensearchLogs(url=url, port=port, username=username, password=password, direct=direct)

    @staticmethod
    def ephemeral() -> Logs:
        """Logs are not kept: the log of a task is lost with its pod. For experiments."""
        return EphemeralLogs()


@frozen(kw_only=False)
class ClaimLogs(Logs):
    """The result of :meth:`Logs.claim`."""

    volume: Volume


@frozen(kw_only=False)
class ExistingClaimLogs(Logs):
    """The result of :meth:`Logs.existing_claim`."""

    name: ObjectName


@frozen(kw_only=False)
class EphemeralLogs(Logs):
    """The result of :meth:`Logs.ephemeral`."""


@frozen
class ObjectStoreLogs(Logs):
    """Settings that logs in all object stores have.

    Attributes:
        prefix: the prefix of object names.
        connection: the key of a Secret with an Airflow connection, or None for the identity of the pods.
        store: the bucket object, if the program has one.
    """

    prefix: BucketPrefix = ""
    connection: SecretKey | None = None
    store: Bucket | None = None

    def _below(self, root: str) -> str:
        return f"{root}/{self.prefix}" if self.prefix else root

    @property
    def folder(self) -> str:
        """``remote_base_log_folder``."""
        raise NotImplementedError

    @property
    def plain_connection(self) -> dict[str, object] | None:
        """The connection that is needed although nothing in it is secret; None if there is none."""
        return None

    @property
    def secret_connection(self) -> dict[str, object]:
        """The connection that the Secret must contain; words in capitals are placeholders for secrets."""
        raise NotImplementedError


@frozen
class S3Logs(ObjectStoreLogs):
    """The result of :meth:`Logs.s3`."""

    bucket: BucketName
    endpoint: StorageEndpoint | None = None
    region: StorageRegion | None = None
    encrypt: bool = False

    @property
    def folder(self) -> str:
        """``remote_base_log_folder``."""
        return self._below(f"s3://{self.bucket}")

    @property
    def _extra(self) -> dict[str, object]:
        said = {"endpoint_url": self.endpoint, "region_name": self.region}
        return {key: value for key, value in said.items() if value is not None}

    @property
    def plain_connection(self) -> dict[str, object] | None:
        """The address of the store, without a login."""
        if self.store is not None:
            said = self.store.connection()
            return said if "extra" in said else None
        return {"conn_type": "aws", "extra": self._extra} if self._extra else None

    @property
    def secret_connection(self) -> dict[str, object]:
        """Access key and secret key, and the address of the store."""
        keys = {"conn_type": "aws", "login": "ACCESS_KEY", "password": "SECRET_KEY"}
        return {**keys, "extra": self._extra} if self._extra else {**keys}


@frozen
class GcsLogs(ObjectStoreLogs):
    """The result of :meth:`Logs.gcs`."""

    bucket: BucketName

    @property
    def folder(self) -> str:
        """``remote_base_log_folder``."""
        return self._below(f"gs://{self.bucket}")

    @property
    def secret_connection(self) -> dict[str, object]:
        """The key file of a service account."""
        return {"conn_type": "google_cloud_platform", "extra": {"keyfile_dict": "KEY_FILE"}}


@frozen
class AzureBlobLogs(ObjectStoreLogs):
    """The result of :meth:`Logs.azure_blob`."""

    account: StorageAccount
    container: Container

    @property
    def folder(self) -> str:
        """``remote_base_log_folder``; not ``wasb://``, which Airflow 3.2 removes and other versions do not."""
        return self._below("wasb")

    @property
    def plain_connection(self) -> dict[str, object] | None:
        """The account, without a login."""
        return {"conn_type": "wasb", "login": self.account}

    @property
    def secret_connection(self) -> dict[str, object]:
        """The account and its key."""
        return {"conn_type": "wasb", "login": self.account, "password": "ACCOUNT_KEY"}


@frozen
class SearchLogs(Logs):
    """Settings that logs in all search engines have.

    Attributes:
        url: the Secret with its URL.
        direct: whether Airflow sends logs itself.
    """

    how_to_write: ClassVar[str] = 'Logs.elasticsearch(SearchUrlSecret("airflow-elasticsearch"))'
    engine: ClassVar[str] = ""
    direct_option: ClassVar[str] = ""

    url: SearchUrlSecret
    direct: bool = False


@frozen
class ElasticsearchLogs(SearchLogs):
    """The result of :meth:`Logs.elasticsearch`."""

    engine: ClassVar[str] = "elasticsearch"
    direct_option: ClassVar[str] = "write_to_es"


@frozen
class OpensearchLogs(SearchLogs):
    """The result of :meth:`Logs.opensearch`."""

    engine: ClassVar[str] = "opensearch"
    direct_option: ClassVar[str] = "write_to_os"

    port: Port = 9200
    username: SecretKey | None = None
    password: SecretKey | None = None

    def _rules(self) -> Iterator[Finding]:
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            yield Finding(
                rule="logs/half-a-login",
                at=missing,
                problem="is required, because the other half of the login is set",
                fix=f'set {missing}=SecretKey("airflow-opensearch", "{missing}"), or remove both',
            )


@frozen
class _NoBucket(Logs):
    """The value that was passed as a bucket; its type is checked later."""

    bucket: Bucket


def _logs_in(bucket: Bucket, prefix: str, encrypt: bool) -> Logs:
    from cdk8s_airflow.storage.object_storage import Bucket as Handle

    if not isinstance(bucket, Handle):
        return _NoBucket(bucket=bucket)
    login = bucket.credentials
    connection = None if login is None else SecretKey(login.secret, login.connection)
    if bucket.scheme == "gs":
        return GcsLogs(bucket=bucket.name, prefix=prefix, connection=connection, store=bucket)
    if bucket.scheme == "azure":
        account = bucket.storage.account or ""
        return AzureBlobLogs(account=account, container=bucket.name, prefix=prefix, connection=connection, store=bucket)
    return S3Logs(
        bucket=bucket.name,
        prefix=prefix,
        connection=connection,
        endpoint=bucket.endpoint,
        region=bucket.region,
        encrypt=encrypt,
        store=bucket,
    )

"""Where task logs are kept once the pod that wrote them is gone."""

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
    Must(lambda value: 1 <= value <= 65535, "is not a port", "use a number from 1 to 65535", "argument/range"),
]
"""A TCP port."""


@frozen(kw_only=False)
class Logs:
    """A choice of where task logs are kept.

    On a volume: :meth:`claim`, :meth:`existing_claim`. In an object store: :meth:`in_bucket`, or :meth:`s3`, :meth:`gcs`,
    :meth:`azure_blob` for one without a handle; a task's log goes there when the task has ended. In a search engine: :meth:`elasticsearch`, :meth:`opensearch`. Nowhere:
    :meth:`ephemeral`.

    How long logs are kept: on volumes the log groomer sidecars delete old files. In a store or search engine
    Airflow deletes nothing: give the bucket a lifecycle rule, or the index a policy.
    """

    how_to_write: ClassVar[str] = 'Logs.claim(Volume("20Gi", storage_class="longhorn"))'

    def _rules(self) -> Iterator[Finding]:
        if type(self) is Logs:
            yield Finding(
                rule="logs/no-choice",
                at="",
                problem="says nothing about where logs are kept",
                seen="Logs()",
                fix="choose Logs.claim(...), Logs.s3(...), another of its methods, or Logs.ephemeral()",
            )

    @staticmethod
    def claim(volume: Volume) -> Logs:
        """A volume that all pods of the release mount. The platform makes the claim itself, named ``<release>-logs``.

        It belongs to no Helm release, so that uninstalling one keeps the logs, and its access mode is one that the storage
        class can do; the chart's own claim is always ReadWriteMany, and waits for ever on a class that cannot.

        Args:
            volume: its size and class. Several nodes write it, so the class must be among ``ClusterFacts.rwx_classes``,
                unless the cluster has one node.
        """
        return ClaimLogs(volume)

    @staticmethod
    def existing_claim(name: str | NamedObject) -> Logs:
        """A claim that exists in the release's namespace and that all pods can mount.

        Args:
            name: the claim's name, or an object of cdk8s-plus that has one.
        """
        return ExistingClaimLogs(name_of(name, "PersistentVolumeClaim"))

    @staticmethod
    def in_bucket(bucket: Bucket, *, prefix: str = "", encrypt: bool = False) -> Logs:
        """A bucket that the platform knows: address, region and login are the bucket's own.

        Args:
            bucket: the bucket, as ``storage.bucket("airflow-logs")`` gives it; it must exist, or a ``BucketJob`` makes it.
            prefix: what the names of objects start with.
            encrypt: whether each object asks for server-side encryption (AES256), with S3.
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
        """A bucket of S3, or of anything that speaks S3.

        Args:
            bucket: its name; it must exist.
            prefix: what the names of objects start with.
            connection: the key of a Secret with an Airflow connection of type ``aws`` (JSON or URL) that has access key and secret
                key. Default: none; then pods log in by their identity in the cloud, as their service accounts say.
            endpoint: where an S3-compatible store listens. With ``connection`` it has to stand in the Secret, as ``endpoint_url``
                among the extras; the command that makes the Secret writes it there. Default: AWS.
            region: the bucket's region, likewise. Default: as the environment of the pods says.
            encrypt: whether each object asks for server-side encryption (AES256). Most S3-compatible stores refuse that.
        """
        return S3Logs(
            bucket=bucket, prefix=prefix, connection=connection, endpoint=endpoint, region=region, encrypt=encrypt
        )

    @staticmethod
    def gcs(bucket: str, *, prefix: str = "", connection: SecretKey | None = None) -> Logs:
        """A bucket of Google Cloud Storage.

        Args:
            bucket: its name; it must exist.
            prefix: what the names of objects start with.
            connection: the key of a Secret with an Airflow connection of type ``google_cloud_platform`` (JSON or URL). Default:
                none; then pods log in by their identity in the cloud (Workload Identity).
        """
        return GcsLogs(bucket=bucket, prefix=prefix, connection=connection)

    @staticmethod
    def azure_blob(account: str, container: str, *, prefix: str = "", connection: SecretKey | None = None) -> Logs:
        """A container of Azure Blob Storage.

        The names of blobs start with ``wasb/``, before the prefix: Airflow knows by that word that it is Azure, and takes it
        for a part of the name.

        Args:
            account: the storage account.
            container: the container; it must exist.
            prefix: what the names of blobs go on with.
            connection: the key of a Secret with an Airflow connection of type ``wasb`` (JSON or URL) to that account. Default: none;
                then pods log in by their identity in the cloud (Workload Identity).
        """
        return AzureBlobLogs(account=account, container=container, prefix=prefix, connection=connection)

    @staticmethod
    def elasticsearch(url: SearchUrlSecret, *, direct: bool = False) -> Logs:
        """Elasticsearch. The UI reads logs from it, and tasks write theirs as JSON.

        Args:
            url: the Secret with its URL.
            direct: whether Airflow itself sends a task's log to it when the task has ended; Airflow 3.2 and later can. Default: no;
                then tasks write to their standard output, and a log collector of the cluster has to bring that to
                Elasticsearch.
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
        """OpenSearch, with Airflow 3 and an image that has its provider, which the official image lacks.

        Args:
            url: the Secret with its URL. Airflow takes scheme and host from it, and neither port nor login.
            port: where it listens.
            username: the key of a Secret with the user. Default: none, no login.
            password: the key of a Secret with the password.
            direct: as with :meth:`elasticsearch`.
        """
        return OpensearchLogs(url=url, port=port, username=username, password=password, direct=direct)

    @staticmethod
    def ephemeral() -> Logs:
        """No place: the log of a task is lost with its pod. For trying things out."""
        return EphemeralLogs()


@frozen(kw_only=False)
class ClaimLogs(Logs):
    """What :meth:`Logs.claim` returns."""

    volume: Volume


@frozen(kw_only=False)
class ExistingClaimLogs(Logs):
    """What :meth:`Logs.existing_claim` returns."""

    name: ObjectName


@frozen(kw_only=False)
class EphemeralLogs(Logs):
    """What :meth:`Logs.ephemeral` returns."""


@frozen
class ObjectStoreLogs(Logs):
    """What logs in an object store have in common.

    Attributes:
        prefix: what the names of objects start with.
        connection: the key of a Secret with an Airflow connection, or None for the identity of the pods.
        store: the handle of the bucket, where there is one.
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
        """The connection that is needed even where nothing of it is secret; None where there is none."""
        return None

    @property
    def secret_connection(self) -> dict[str, object]:
        """The connection that the Secret has to hold; words in capitals stand for what is secret."""
        raise NotImplementedError


@frozen
class S3Logs(ObjectStoreLogs):
    """What :meth:`Logs.s3` returns."""

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
        """Where the store is, without a login."""
        if self.store is not None:
            said = self.store.connection()
            return said if "extra" in said else None
        return {"conn_type": "aws", "extra": self._extra} if self._extra else None

    @property
    def secret_connection(self) -> dict[str, object]:
        """Access key and secret key, and where the store is."""
        keys = {"conn_type": "aws", "login": "ACCESS_KEY", "password": "SECRET_KEY"}
        return {**keys, "extra": self._extra} if self._extra else {**keys}


@frozen
class GcsLogs(ObjectStoreLogs):
    """What :meth:`Logs.gcs` returns."""

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
    """What :meth:`Logs.azure_blob` returns."""

    account: StorageAccount
    container: Container

    @property
    def folder(self) -> str:
        """``remote_base_log_folder``; not ``wasb://``, which Airflow 3.2 takes away and others do not."""
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
    """What logs in a search engine have in common.

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
    """What :meth:`Logs.elasticsearch` returns."""

    engine: ClassVar[str] = "elasticsearch"
    direct_option: ClassVar[str] = "write_to_es"


@frozen
class OpensearchLogs(SearchLogs):
    """What :meth:`Logs.opensearch` returns."""

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
                problem="is missing, and the other half of the login is given",
                fix=f'name its Secret: {missing}=SecretKey("airflow-opensearch", "{missing}"), or leave both out',
            )


@frozen
class _NoBucket(Logs):
    """What was given in the place of a bucket; the check of its type tells."""

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

"""Creates missing buckets in an object store. The script runs unchanged in a Job, in an image of Airflow.

It only adds: it does not change existing buckets or their content, deletes nothing and disables nothing. So it can run
again, run several times at once, and be interrupted at any point. Its input is the JSON in the variable ``BUCKETS``:
``{"scheme": "s3" | "gs" | "azure", "endpoint", "region", "addressing", "account", "project", "patience": seconds, "buckets":
[{"name", "versioning"}]}``. The client libraries of the stores read logins from their usual variables and files. The script
must run with every Python version of Airflow's images, including 3.8, and uses nothing of this library.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

_LATER = {
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "XMinioServerNotInitialized",
}
"""S3 error codes that are temporary, like all answers from 500 on."""

_NO_LOGIN = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "ParamValidationError",
    "NoRegionError",
}
"""Errors of the client libraries for which a retry does not help."""


class Refused(Exception):
    """The store refused the request, and a retry does not help."""


class NotYet(Exception):
    """The store cannot be reached at the moment."""


class S3Store:
    """An S3-compatible store. Library: boto3, which images of Airflow have with the provider ``amazon``."""

    def __init__(self, settings: dict[str, Any], client: Any = None) -> None:
        self._own = bool(settings.get("endpoint"))
        told = settings.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        self._region = told or "us-east-1"
        if client is None:
            config = importlib.import_module("botocore.config").Config
            style = settings.get("addressing")
            client = importlib.import_module("boto3").client(
                "s3",
                endpoint_url=settings.get("endpoint"),
                region_name=self._region,
                config=config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=10,
                    read_timeout=30,
                    **({"s3": {"addressing_style": style}} if style else {}),
                ),
            )
        self._client = client

    def has(self, name: str) -> bool:
        """Whether the bucket exists. One without read permission counts as missing: creating it reports the reason."""
        status, _ = self._ask(lambda: self._client.head_bucket(Bucket=name), allowed=(301, 403, 404))
        if status == 301:
            raise Refused("is in another region")
        return status == 200

    def make(self, name: str) -> bool:
        """Creates the bucket; returns whether this call created it."""
        request: dict[str, Any] = {"Bucket": name}
        # AWS requires the location for other regions than this one; other stores rarely support it.
        if self._region != "us-east-1" and not self._own:
            request["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        status, code = self._ask(lambda: self._client.create_bucket(**request), allowed=(409,))
        if code == "BucketAlreadyExists":
            raise Refused("belongs to another account, and bucket names are globally unique; choose another name")
        return status == 200

    def keeps_versions(self, name: str) -> bool:
        """Whether versioning is enabled."""
        answer: dict[str, Any] = {}
        self._ask(lambda: answer.update(self._client.get_bucket_versioning(Bucket=name)))
        return answer.get("Status") == "Enabled"

    def keep_versions(self, name: str) -> None:
        """Enables versioning."""
        enabled = {"Status": "Enabled"}
        self._ask(lambda: self._client.put_bucket_versioning(Bucket=name, VersioningConfiguration=enabled))

    def _ask(self, request: Callable[[], Any], allowed: tuple[int, ...] = ()) -> tuple[int, str]:
        """Status and code of the response, if the caller can handle them."""
        try:
            request()
        except Exception as error:
            answer = getattr(error, "response", None)
            if not isinstance(answer, dict):
                raise _trouble(error) from error
            status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            code = str(answer.get("Error", {}).get("Code", ""))
            if code in _LATER or status >= 500:
                raise NotYet(_one_line(error)) from error
            if status not in allowed:
                raise Refused(_one_line(error)) from error
            return status, code
        return 200, ""


class GcsStore:
    """Google Cloud Storage. Library: google-cloud-storage, which images of Airflow have with the provider ``google``."""

    def __init__(self, settings: dict[str, Any], client: Any = None) -> None:
        self._settings = settings
        if client is None:
            storage = importlib.import_module("google.cloud.storage")
            project = settings.get("project")
            client = storage.Client(project=project) if project else storage.Client()
        self._client = client

    def has(self, name: str) -> bool:
        """Whether the bucket exists."""
        return bool(_of_cloud(lambda: self._client.lookup_bucket(name, timeout=30)))

    def make(self, name: str) -> bool:
        """Creates the bucket without public access; returns whether this call created it."""
        bucket = self._client.bucket(name)
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        bucket.iam_configuration.public_access_prevention = "enforced"

        def create() -> None:
            self._client.create_bucket(bucket, location=self._settings.get("region"), timeout=30)

        try:
            _of_cloud(create)
            return True
        except Refused as refused:
            if _status(refused.__cause__) == 409:
                if self.has(name):
                    return False
                raise Refused(
                    "belongs to another account, and bucket names are globally unique; choose another name"
                ) from refused
            raise

    def keeps_versions(self, name: str) -> bool:
        """Whether versioning is enabled."""
        return bool(_of_cloud(lambda: self._client.get_bucket(name, timeout=30).versioning_enabled))

    def keep_versions(self, name: str) -> None:
        """Enables versioning."""

        def patch() -> None:
            bucket = self._client.get_bucket(name, timeout=30)
            bucket.versioning_enabled = True
            bucket.patch(timeout=30)

        _of_cloud(patch)


class AzureStore:
    """Azure Blob Storage. Library: azure-storage-blob, which images of Airflow have with the provider ``microsoft.azure``."""

    def __init__(self, settings: dict[str, Any], client: Any = None) -> None:
        if client is None:
            key = os.environ.get("AZURE_STORAGE_KEY")
            login: Any = {"account_name": settings["account"], "account_key": key}
            if not key:
                login = importlib.import_module("azure.identity").DefaultAzureCredential()
            address = settings.get("endpoint") or "https://{}.blob.core.windows.net".format(settings["account"])
            client = importlib.import_module("azure.storage.blob").BlobServiceClient(
                address, credential=login, retry_total=0, connection_timeout=10, read_timeout=30
            )
        self._client = client

    def has(self, name: str) -> bool:
        """Whether the container exists."""
        return bool(_of_cloud(lambda: self._client.get_container_client(name).exists()))

    def make(self, name: str) -> bool:
        """Creates the container without public access; returns whether this call created it."""

        def create() -> None:
            self._client.create_container(name)

        try:
            _of_cloud(create)
            return True
        except Refused as refused:
            cause = refused.__cause__
            if _status(cause) == 409:
                if str(getattr(cause, "error_code", "")) == "ContainerBeingDeleted":
                    raise NotYet("is still being deleted") from refused
                return False
            raise

    def keeps_versions(self, name: str) -> bool:
        """Versioning is a setting of the account, not of a container."""
        return True

    def keep_versions(self, name: str) -> None:
        """Versioning is a setting of the account, not of a container."""


def _of_cloud(request: Callable[[], Any]) -> Any:
    """The response of a library that has the HTTP status in its errors."""
    try:
        return request()
    except Exception as error:
        status = _status(error)
        if status == 0:
            raise _trouble(error) from error
        if status in (408, 429) or status >= 500:
            raise NotYet(_one_line(error)) from error
        raise Refused(_one_line(error)) from error


def _status(error: Any) -> int:
    """The HTTP status in an error of Google's or Azure's library; 0 if it is not a response."""
    status = getattr(error, "code", None) or getattr(error, "status_code", None)
    return int(status) if isinstance(status, int) else 0


def _trouble(error: Exception) -> Exception:
    """The exception for an error that is not a response of the store."""
    if isinstance(error, (ImportError, KeyError, TypeError, ValueError)) or type(error).__name__ in _NO_LOGIN:
        return Refused(_one_line(error))
    return NotYet(_one_line(error))


def _one_line(error: Exception) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


STORES = {"s3": S3Store, "gs": GcsStore, "azure": AzureStore}
"""URL scheme of a store -> its client."""


def _connected(settings: dict[str, Any]) -> Any:
    try:
        return STORES[settings["scheme"]](settings)
    except ImportError as missing:
        raise Refused(f"the image lacks a library: {missing}") from missing
    except Exception as error:
        raise _trouble(error) from error


def ensure(store: Any, wanted: dict[str, Any]) -> str:
    """Creates and configures one bucket; returns a description of what was done."""
    name = wanted["name"]
    done: list[str] = []
    if not store.has(name):
        done.append("created" if store.make(name) else "created by another process meanwhile")
    if wanted.get("versioning") and not store.keeps_versions(name):
        store.keep_versions(name)
        done.append("versioning enabled")
    return ", ".join(done) or "is there"


def run(
    settings: dict[str, Any],
    store: Any = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Creates and configures all buckets; returns how many failed.

    Requests that fail temporarily are repeated until ``patience`` is over; refused ones are not.
    """
    end = clock() + float(settings.get("patience", 900))
    failed = 0
    for wanted in settings["buckets"]:
        pause = 1.0
        while True:
            try:
                store = store or _connected(settings)
                print("{}: {}".format(wanted["name"], ensure(store, wanted)), flush=True)
                break
            except NotYet as trouble:
                if clock() + pause > end:
                    print("{}: failed: {}".format(wanted["name"], trouble), flush=True)
                    failed += 1
                    break
                print("{}: trying again in {:.0f} s: {}".format(wanted["name"], pause, trouble), flush=True)
                sleep(pause)
                pause = min(pause * 2, 30.0)
            except Refused as refused:
                print("{}: {}".format(wanted["name"], refused), flush=True)
                failed += 1
                break
            except ImportError as missing:
                print(f"the image lacks a library: {missing}", flush=True)
                return len(settings["buckets"])
    return failed


def main() -> int:
    """Creates the buckets of the variable ``BUCKETS``."""
    return 1 if run(json.loads(os.environ["BUCKETS"])) else 0


if __name__ == "__main__":
    sys.exit(main())

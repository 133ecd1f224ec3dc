"""Names that every object store takes, and where a store is."""

from __future__ import annotations

from typing import Annotated

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation.constraints import Must

_BUCKET = regex(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_CONTAINER = regex(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_ACCOUNT = regex(r"[a-z0-9]{3,24}")
_REGION = regex(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX = regex(r"(?:[A-Za-z0-9][A-Za-z0-9._=-]*(?:/[A-Za-z0-9][A-Za-z0-9._=-]*)*)?")
_ENDPOINT = regex(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")

BucketName = Annotated[
    str,
    Must(
        lambda text: _BUCKET.fullmatch(text) is not None and ".." not in text,
        "is not the name of a bucket",
        "write the bare name: 3 to 63 lower-case letters, digits, dots and dashes; what comes after it is the prefix",
        "storage/bucket",
    ),
]
"""The name of a bucket of an object store."""

BucketPrefix = Annotated[
    str,
    Must(
        lambda text: _PREFIX.fullmatch(text) is not None,
        "is not a prefix of object names that is safe in every store",
        'write it like "airflow/prod": letters, digits, dots, dashes and underscores, without a slash at either end',
        "storage/prefix",
    ),
]
"""What object names start with; empty for nothing."""

StorageEndpoint = Annotated[
    str,
    Must(
        lambda text: _ENDPOINT.fullmatch(text) is not None,
        "is not the address of an object store",
        'write scheme, host and port, like "http://seaweedfs-s3.storage:8333"; user and password belong into the Secret',
        "storage/endpoint",
        hides=True,
    ),
]
"""Where an S3-compatible store listens."""


def is_container(text: str) -> bool:
    """Whether a container of Azure Blob Storage can be called so."""
    return len(text) <= 63 and _CONTAINER.fullmatch(text) is not None


Container = Annotated[
    str,
    Must(
        is_container,
        "is not the name of a container of Azure Blob Storage",
        "use 3 to 63 lower-case letters, digits and single dashes",
        "storage/container",
    ),
]
"""A container of Azure Blob Storage."""

StorageAccount = Annotated[
    str,
    Must(
        lambda text: _ACCOUNT.fullmatch(text) is not None,
        "is not the name of a storage account",
        "use its bare name: 3 to 24 lower-case letters and digits",
        "storage/account",
    ),
]
"""A storage account of Azure."""

StorageRegion = Annotated[
    str,
    Must(
        lambda text: _REGION.fullmatch(text) is not None,
        "is not the name of a region",
        'write it like "eu-central-1"',
        "storage/region",
    ),
]
"""A region of an object store."""

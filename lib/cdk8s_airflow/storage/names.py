"""Formats of bucket names, prefixes, endpoints, accounts and regions."""

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
        "must be the name of a bucket",
        "Use 3 to 63 lower-case letters, digits, dots and dashes, without a path; set the path with prefix=",
        "storage/bucket",
    ),
]
"""The name of a bucket of an object store."""

BucketPrefix = Annotated[
    str,
    Must(
        lambda text: _PREFIX.fullmatch(text) is not None,
        "must be a prefix of object names that every store supports",
        'Use letters, digits, dots, dashes and underscores, without a slash at either end, such as "airflow/prod"',
        "storage/prefix",
    ),
]
"""A prefix of object names. Empty for no prefix."""

StorageEndpoint = Annotated[
    str,
    Must(
        lambda text: _ENDPOINT.fullmatch(text) is not None,
        "must be the address of an object store, without user and password",
        'Use scheme, host and port, such as "http://seaweedfs-s3.storage:8333"; put the login into the Secret',
        "storage/endpoint",
        hides=True,
    ),
]
"""The address of an S3-compatible store."""


def is_container(text: str) -> bool:
    """Whether the text is a valid name of an Azure Blob Storage container."""
    return len(text) <= 63 and _CONTAINER.fullmatch(text) is not None


Container = Annotated[
    str,
    Must(
        is_container,
        "must be the name of an Azure Blob Storage container",
        "Use 3 to 63 lower-case letters, digits and single dashes",
        "storage/container",
    ),
]
"""An Azure Blob Storage container."""

StorageAccount = Annotated[
    str,
    Must(
        lambda text: _ACCOUNT.fullmatch(text) is not None,
        "must be the name of an Azure storage account",
        "Use 3 to 24 lower-case letters and digits",
        "storage/account",
    ),
]
"""An Azure storage account."""

StorageRegion = Annotated[
    str,
    Must(
        lambda text: _REGION.fullmatch(text) is not None,
        "must be the name of a region",
        'Use a region such as "eu-central-1"',
        "storage/region",
    ),
]
"""A region of an object store."""

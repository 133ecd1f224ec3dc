"""Object stores: buckets, credentials, and stores that run in the cluster.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.storage.minio_legacy import MinioLegacy as MinioLegacy
    from cdk8s_airflow.storage.object_storage import AzureCredentials as AzureCredentials
    from cdk8s_airflow.storage.object_storage import Bucket as Bucket
    from cdk8s_airflow.storage.object_storage import GcsCredentials as GcsCredentials
    from cdk8s_airflow.storage.object_storage import ObjectStorage as ObjectStorage
    from cdk8s_airflow.storage.object_storage import S3Credentials as S3Credentials
    from cdk8s_airflow.storage.seaweedfs import SeaweedFs as SeaweedFs
    from cdk8s_airflow.storage.store_users import StoreUser as StoreUser
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "AzureCredentials",
    "Bucket",
    "GcsCredentials",
    "MinioLegacy",
    "ObjectStorage",
    "S3Credentials",
    "SeaweedFs",
    "StoreUser",
]

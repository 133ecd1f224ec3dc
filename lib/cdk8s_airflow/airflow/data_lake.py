"""The object store that tasks work with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.storage.object_storage import Bucket
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.frozen import frozen

_ID = regex(r"[A-Za-z0-9_]+")

_ConnectionId = Annotated[
    str,
    Must(
        lambda text: _ID.fullmatch(text) is not None,
        "cannot be part of the name of an environment variable",
        'use letters, digits and underscores, like "data_lake"',
        "argument/name",
    ),
]


@frozen
class DataLake:
    """Buckets that tasks read and write, with the credentials for them.

    Tasks get an Airflow connection, for ``S3Hook(aws_conn_id="data_lake")`` and similar hooks. By default they also get the
    environment variables that boto3, s3fs and other libraries read. Both come from one Secret, which must be in the namespace
    of the release and in each of ``task_namespaces``. If the buckets have no credentials, pods use their cloud identity.

    Attributes:
        buckets: the buckets, all with the same store and credentials. Limit these credentials to reading and writing in the
            buckets, because every DAG author can use them.
        connection_id: the id of the connection in DAG files. Default: ``"data_lake"``.
        variables: whether tasks also get the environment variables. If True, every pod that runs Airflow has them. Default:
            True.
    """

    how_to_write: ClassVar[str] = 'DataLake(buckets=[storage.bucket("data-raw"), storage.bucket("data-warehouse")])'

    buckets: Sequence[Bucket]
    connection_id: _ConnectionId = "data_lake"
    variables: bool = True

    def _rules(self) -> Iterator[Finding]:
        if not self.buckets:
            yield Finding(
                rule="lake/no-buckets",
                at="buckets",
                problem="is empty",
                seen="[]",
                fix="list the buckets that tasks use, or do not pass data_lake=",
            )
            return
        first = self.buckets[0]
        for index, bucket in enumerate(self.buckets):
            if bucket.storage != first.storage or bucket.credentials != first.credentials:
                yield Finding(
                    rule="lake/several",
                    at=f"buckets[{index}]",
                    problem="must be in the same store as the first bucket and have the same login, because a connection has one of each",
                    seen=bucket.url,
                    fix="Use buckets of one store and login here, and pass another login with connections=",
                )

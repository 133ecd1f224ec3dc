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
    """Buckets that tasks read and write, and the login by which they do.

    Tasks get a connection of Airflow, so that ``S3Hook(aws_conn_id="data_lake")`` and its like find everything, and, unless told
    otherwise, the variables that boto3, s3fs and other libraries read by themselves. Both come from one Secret, which has to be
    in the namespace of the release and in each of ``task_namespaces``. Without a login pods have an identity in the cloud.

    Attributes:
        buckets: the buckets, all of one store and one login. That login should be able to read and write in these, and nothing
            else: every DAG author can use it.
        connection_id: the connection's id, as DAG files write it. Default: ``"data_lake"``.
        variables: whether tasks get the variables too. Every pod that runs Airflow then has them. Default: yes.
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

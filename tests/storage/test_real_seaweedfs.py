"""A real SeaweedFS, started as the chart starts it: each user can do exactly what the settings allow.

The program ``weed`` must be in the PATH or in the variable ``CDK8S_AIRFLOW_WEED``; otherwise these tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import Namespace, S3Credentials, Volume
from cdk8s_airflow.storage import SeaweedFs, StoreUser
from tests.making import emitted, new_chart
from tests.storage.s3_server import SCRIPT, WEED, WEED_MISSING, environment, seaweedfs

pytestmark = pytest.mark.skipif(WEED is None, reason=WEED_MISSING)

USERS = [
    StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"]),
    StoreUser(credentials=S3Credentials("pg-backups"), buckets=["backups"]),
    StoreUser(credentials=S3Credentials("reader"), buckets=["data-warehouse"], access="read"),
]
BUCKETS = ["data-raw", "data-warehouse", "backups"]


def key_of(variable: str) -> str:
    """The value of an environment variable of the server that comes from a Secret."""
    return variable.lower().replace("_", "x") + "0123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the users, file size and growth settings of the chart values."""
    pytest.importorskip("boto3")
    chart = new_chart()
    SeaweedFs(chart, "lake", namespace=Namespace.existing("storage"), storage=Volume("20Gi"), users=USERS)
    home = tmp_path_factory.mktemp("seaweedfs")
    with seaweedfs(home, emitted(chart), lambda variable, source: key_of(variable)) as address:
        yield address


def login(user: str) -> dict[str, str]:
    name = "S3_" + user.upper().replace("-", "_")
    return {"AWS_ACCESS_KEY_ID": key_of(f"{name}_ID"), "AWS_SECRET_ACCESS_KEY": key_of(f"{name}_KEY")}


def client(address: str, user: str) -> Any:
    import boto3
    from botocore.config import Config

    keys = login(user)
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 3}),
    )


def refused(call: Callable[[], object]) -> bool:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call()
    return bool(caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403)


@pytest.fixture(scope="module")
def with_buckets(server: str) -> str:
    """The server after the bucket Job has run."""
    settings = {
        "scheme": "s3",
        "endpoint": server,
        "patience": 60,
        "buckets": [{"name": name, "versioning": name == "data-raw"} for name in BUCKETS],
    }
    for expected in ("created", "is there"):
        ran = subprocess.run(
            [sys.executable, str(SCRIPT)],
            env=environment(json.dumps(settings), login("seaweedfs-admin")),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        lines = [line for line in ran.stdout.splitlines() if "trying again" not in line]
        assert [line.partition(":")[0] for line in lines] == BUCKETS
        assert all(expected in line for line in lines), ran.stdout
    return server


def test_each_user_can_use_their_own_buckets(with_buckets: str) -> None:
    for user, bucket in (("data-lake", "data-raw"), ("data-lake", "data-warehouse"), ("pg-backups", "backups")):
        s3 = client(with_buckets, user)
        s3.put_object(Bucket=bucket, Key="folder/one.csv", Body=b"1,2,3")
        assert s3.get_object(Bucket=bucket, Key="folder/one.csv")["Body"].read() == b"1,2,3"
        assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["folder/one.csv"]
        s3.delete_object(Bucket=bucket, Key="folder/one.csv")
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_large_objects_are_uploaded_in_parts(with_buckets: str, tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(17 * 2**20))
    s3 = client(with_buckets, "pg-backups")
    s3.upload_file(str(file), "backups", "base/large.bin")
    back = tmp_path / "back.bin"
    s3.download_file("backups", "base/large.bin", str(back))
    assert back.read_bytes() == file.read_bytes()


def test_user_cannot_use_the_buckets_of_others(with_buckets: str) -> None:
    for user, bucket in (("data-lake", "backups"), ("pg-backups", "data-raw"), ("reader", "data-raw")):
        s3 = client(with_buckets, user)
        assert refused(lambda s3=s3, bucket=bucket: s3.put_object(Bucket=bucket, Key="x", Body=b"x")), (user, bucket)  # type: ignore[misc]
        assert refused(lambda s3=s3, bucket=bucket: s3.get_object(Bucket=bucket, Key="x")), (user, bucket)  # type: ignore[misc]
        assert refused(lambda s3=s3, bucket=bucket: s3.list_objects_v2(Bucket=bucket)), (user, bucket)  # type: ignore[misc]


def test_read_only_user_can_only_read(with_buckets: str) -> None:
    client(with_buckets, "data-lake").put_object(Bucket="data-warehouse", Key="t.parquet", Body=b"rows")
    s3 = client(with_buckets, "reader")
    assert s3.get_object(Bucket="data-warehouse", Key="t.parquet")["Body"].read() == b"rows"
    assert refused(lambda: s3.put_object(Bucket="data-warehouse", Key="t.parquet", Body=b"x"))
    assert refused(lambda: s3.delete_object(Bucket="data-warehouse", Key="t.parquet"))


def test_users_cannot_create_or_delete_buckets(with_buckets: str) -> None:
    for user in ("data-lake", "pg-backups", "reader"):
        s3 = client(with_buckets, user)
        assert refused(lambda s3=s3: s3.create_bucket(Bucket="another"))  # type: ignore[misc]
        assert refused(lambda s3=s3: s3.delete_bucket(Bucket="data-warehouse"))  # type: ignore[misc]


def test_admin_can_create_only_its_buckets(with_buckets: str) -> None:
    assert refused(lambda: client(with_buckets, "seaweedfs-admin").create_bucket(Bucket="another"))


def test_missing_or_wrong_credentials_are_rejected(with_buckets: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{with_buckets}/data-raw/", timeout=10)
    assert caught.value.code == 403
    import boto3

    wrong = boto3.client(
        "s3",
        endpoint_url=with_buckets,
        region_name="us-east-1",
        aws_access_key_id=login("data-lake")["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="wrong",
    )
    assert refused(lambda: wrong.list_objects_v2(Bucket="data-raw"))


def test_bucket_job_enables_versioning(with_buckets: str) -> None:
    s3 = client(with_buckets, "data-lake")
    first = s3.put_object(Bucket="data-raw", Key="v.csv", Body=b"old")["VersionId"]
    s3.put_object(Bucket="data-raw", Key="v.csv", Body=b"new")
    assert s3.get_object(Bucket="data-raw", Key="v.csv", VersionId=first)["Body"].read() == b"old"
    assert "VersionId" not in s3.put_object(Bucket="data-warehouse", Key="v.csv", Body=b"x")

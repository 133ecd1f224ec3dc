"""Settings and users of object stores in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import RegistryMirror
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.storage.names import BucketName
from cdk8s_airflow.storage.object_storage import S3Credentials
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import short_label
from cdk8s_airflow.validation.frozen import frozen

LONGEST_NAME = 40
"""The longest name of a store. Its chart derives object names from it."""

StoreName = Annotated[
    str,
    short_label(
        LONGEST_NAME, f"must be a name of at most {LONGEST_NAME} characters that starts with a letter", "storage/name"
    ),
]
"""The name of a store in the cluster, and of its release."""


@frozen
class StoreUser:
    """A user of a store in the cluster, and the buckets that the user can access.

    Attributes:
        credentials: the Secret with the credentials. They are generated in the namespace of the store and copied to the
            namespaces of their readers.
        buckets: the buckets, at least one. The user cannot access other buckets.
        access: ``"write"`` for reading and writing, ``"read"`` for reading only. Default: ``"write"``.
    """

    how_to_write: ClassVar[str] = 'StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw"])'

    credentials: S3Credentials
    buckets: Sequence[BucketName]
    access: Literal["read", "write"] = "write"

    def _rules(self) -> Iterator[Finding]:
        if not self.buckets:
            yield Finding(
                rule="storage/no-buckets",
                at="buckets",
                problem="must contain at least one bucket",
                seen="[]",
                fix='Use a list of names, such as ["data-raw"]',
            )


@frozen
class StoreSettings:
    """The settings of a store in the cluster."""

    name: str
    namespace: str
    storage: Volume
    users: tuple[StoreUser, ...]
    admin_credentials: S3Credentials
    resources: Resources
    placement: NodePlacement
    mirror: RegistryMirror | None
    pull_secret: PullSecret | None
    facts: ClusterFacts
    own_policy: bool = True
    metrics: bool = False

    @property
    def buckets(self) -> tuple[str, ...]:
        """All buckets of all users, without duplicates."""
        return tuple(dict.fromkeys(bucket for user in self.users for bucket in user.buckets))


def variable_of(credentials: S3Credentials) -> str:
    """The prefix of the environment variables with the credentials."""
    return "S3_" + re.sub(r"[^A-Z0-9]", "_", credentials.secret.upper())


def user_rules(users: Sequence[StoreUser], admin: S3Credentials) -> Iterator[Finding]:
    """Check that no two users, and no user and the admin, have the same credentials."""
    seen: dict[str, str] = {variable_of(admin): "admin"}
    for index, user in enumerate(users):
        other = seen.setdefault(variable_of(user.credentials), f"users[{index}]")
        if other != f"users[{index}]":
            yield Finding(
                rule="storage/same-login",
                at=f"users[{index}].credentials",
                problem=f"must differ from the credentials of {other} in more than dashes and dots",
                seen=user.credentials.secret,
                fix="Use a separate Secret for each user; one user can have several buckets",
            )
    if not users:
        yield Finding(
            rule="storage/no-users",
            at="users",
            problem="must contain at least one user",
            seen="[]",
            fix='Use [StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"])]',
        )


def volume_rules(volume: Volume) -> list[Finding]:
    """Check that the volume is not shared between nodes."""
    if volume.access_mode != "ReadWriteMany":
        return []
    return [
        Finding(
            rule="storage/access-mode",
            at="storage.access_mode",
            problem="must not be ReadWriteMany, because one server uses the volume alone",
            seen="ReadWriteMany",
            fix="Remove access_mode=",
        )
    ]

"""What stores in the cluster are told: their users, and everything else, as the wire reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import RegistryMirror
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.storage.names import BucketName
from cdk8s_airflow.storage.object_storage import S3Credentials
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, is_label_1035
from cdk8s_airflow.validation.frozen import frozen

LONGEST_NAME = 40
"""The longest name of a store, from which its chart makes the names of its objects."""

StoreName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= LONGEST_NAME,
        "is not a name from which the chart can make the names of its objects",
        f"use at most {LONGEST_NAME} lower-case letters, digits and dashes, starting with a letter",
        "storage/name",
    ),
]
"""The name of a store in the cluster, and of its release."""


@frozen
class StoreUser:
    """Somebody who logs in to a store in the cluster, and the buckets that are open to them.

    Attributes:
        credentials: the Secret with the login. It is made up in the store's namespace, and copied to where it is read.
        buckets: the buckets, and no others.
        access: ``"write"`` reads too; ``"read"`` only reads. Default: ``"write"``.
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
                problem="is empty, so that the login would open nothing",
                seen="[]",
                fix='name some, like ["data-raw"]',
            )


@frozen
class StoreSettings:
    """What a store in the cluster was told, sound in itself."""

    name: str
    namespace: str
    storage: Volume
    users: tuple[StoreUser, ...]
    admin_credentials: S3Credentials
    resources: Resources
    placement: Placement
    mirror: RegistryMirror | None
    pull_secret: PullSecret | None
    facts: ClusterFacts
    own_policy: bool = True

    @property
    def buckets(self) -> tuple[str, ...]:
        """Every bucket that somebody uses, once."""
        return tuple(dict.fromkeys(bucket for user in self.users for bucket in user.buckets))


def variable_of(credentials: S3Credentials) -> str:
    """The first part of the names of variables that hold a login."""
    return "S3_" + re.sub(r"[^A-Z0-9]", "_", credentials.secret.upper())


def user_rules(users: Sequence[StoreUser], admin: S3Credentials) -> Iterator[Finding]:
    """Whether each login is one user's, and no user's is the one that may do everything."""
    seen: dict[str, str] = {variable_of(admin): "admin"}
    for index, user in enumerate(users):
        other = seen.setdefault(variable_of(user.credentials), f"users[{index}]")
        if other != f"users[{index}]":
            yield Finding(
                rule="storage/same-login",
                at=f"users[{index}].credentials",
                problem=f"is the login of {other} too, or the two names are too much alike",
                seen=user.credentials.secret,
                fix="give each a Secret of its own; one user may have several buckets",
            )
    if not users:
        yield Finding(
            rule="storage/no-users",
            at="users",
            problem="is empty, so that nobody could use the store",
            seen="[]",
            fix='write [StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw", "data-warehouse"])]',
        )


def volume_rules(volume: Volume) -> list[Finding]:
    """Whether one pod can have the volume for itself."""
    if volume.access_mode != "ReadWriteMany":
        return []
    return [
        Finding(
            rule="storage/access-mode",
            at="storage.access_mode",
            problem="is not for a store: one server writes its volume, alone",
            seen="ReadWriteMany",
            fix="leave it out",
        )
    ]

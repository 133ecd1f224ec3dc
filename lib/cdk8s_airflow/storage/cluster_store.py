"""Common parts of object stores in the cluster: users, a claim, a Helm release, and handles of buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.app.construct import PlatformConstruct, path_below
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.wire import Release, deliver
from cdk8s_airflow.delivery.wire.flux import flux_rules
from cdk8s_airflow.delivery.wire.k3s import k3s_rules, structured_rules
from cdk8s_airflow.delivery.wire.permissions import delivery_permissions, guard_delivery
from cdk8s_airflow.delivery.wire.source import source_needs, source_notes, source_rules
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import registry_and_path
from cdk8s_airflow.model.secret_need import registry_login
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.storage import store_credentials as needs
from cdk8s_airflow.storage.object_storage import UNSOUND, Bucket, ObjectStorage, S3Credentials
from cdk8s_airflow.storage.store_users import StoreSettings
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding, report, show

if TYPE_CHECKING:
    from cdk8s_airflow.model.permission import Permission


class ClusterStore(PlatformConstruct):
    """The handles of an object store in the cluster."""

    _given: StoreSettings | None = None
    _delivery: Delivery | None = None
    _traffic_of: Traffic = Traffic()
    _storage: ObjectStorage = ObjectStorage(scheme="s3")

    @property
    def storage(self) -> ObjectStorage:
        """The store without credentials, for logs, backups and Jobs."""
        return self._storage

    @property
    def admin_credentials(self) -> S3Credentials | None:
        """The credentials for creating buckets, for ``BucketJob(credentials=...)``; None if the construct has
        findings.
        """
        return None if self._given is None else self._given.admin_credentials

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """All buckets of all users, for ``BucketJob(buckets=...)``."""
        return () if self._given is None else tuple(self._storage.bucket(name) for name in self._given.buckets)

    def bucket(self, name: str, *, user: str | None = None) -> Bucket:
        """A bucket with the credentials of its user.

        Args:
            name: the name of the bucket.
            user: the name of the user's Secret, if several users have the bucket. Default: None, the user with write
                access.

        Raises:
            PlatformError: if no user has the bucket, or if several users have write access.
        """
        if self._given is None:
            return UNSOUND
        having = [each for each in self._given.users if name in each.buckets]
        if user is not None:
            having = [each for each in having if each.credentials.secret == user]
        writing = [each for each in having if each.access == "write"]
        chosen = writing if len(writing) == 1 else having
        if not chosen:
            return self._unsound(_no_such_bucket(name, self._given.buckets))
        if len(chosen) > 1:
            return self._unsound(_several_users(name))
        return self._storage.bucket(name, credentials=chosen[0].credentials)

    def _unsound(self, finding: Finding) -> Bucket:
        report([finding.within(path_below(self._scope, self._id))])
        return UNSOUND

    @property
    def traffic(self) -> Traffic:
        """The pods of the store and their connections, without those of its clients; empty if this construct has errors."""
        return self._traffic_of

    def _allow(self, traffic: Traffic) -> None:
        """Keep the pods of the store, which must have policies in an isolated namespace."""
        self._traffic_of = traffic
        name = self._given.name if self._given is not None else self._id
        require_policies(self, f"{type(self).__name__} {name!r}", lambda: traffic)

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The Kubernetes API permissions of the accounts that come with the store: only the account of the delivery has
        any.
        """
        return (
            ()
            if self._given is None or self._delivery is None
            else delivery_permissions(self._delivery, self._given.name)
        )

    def _install(
        self,
        settings: StoreSettings,
        delivery: Delivery,
        *,
        chart_version: str,
        values: Mapping[str, Any],
        objects: Mapping[str, Mapping[str, Any]],
        images: Iterable[str],
    ) -> None:
        """Emit the release and the objects next to it, and register their Secrets and permissions."""
        text = values_text(values)
        release = Release(
            name=settings.name, namespace=settings.namespace, chart_version=chart_version, text=text, values=values
        )
        delivered = deliver(delivery, release, settings.facts)
        self._emit({**objects, **delivered.objects}, facts=settings.facts, files=delivered.files)
        if not self._sound:
            return
        self._given, self._delivery = settings, delivery
        self._found_late(guard_delivery(self._registry, delivery, settings.name))
        self._registry.permissions.append(partial(delivery_permissions, delivery, settings.name))
        store = self._storage
        self._need(source_needs(delivery))
        self._need(
            needs.login(login, store, settings.namespace, purpose)
            for login, purpose in (
                (settings.admin_credentials, f"creates buckets in {settings.name}"),
                *((user.credentials, f"{user.access}s {', '.join(user.buckets)}") for user in settings.users),
            )
        )
        if settings.pull_secret is not None:
            registries = tuple(dict.fromkeys(registry_and_path(image)[0] for image in images))
            self._need([registry_login(settings.pull_secret, settings.namespace, registries=registries)])
        notes = self._registry.notes
        notes += source_notes(delivery)
        notes += delivered.notes
        self._registry.removals += delivered.removal


def with_source(delivery: Delivery, source: ChartSource) -> Delivery:
    """The delivery with the chart source of the store, unless the user set another source."""
    return replace(delivery, source=source) if delivery.source == ChartSource() else delivery


def delivery_rules(delivery: Delivery, values: Mapping[str, Any], facts: ClusterFacts) -> Iterator[Finding]:
    """Check that the controllers of the cluster support the delivery."""
    if isinstance(delivery, K3sHelmChart):
        yield from k3s_rules(delivery, facts)
    if isinstance(delivery, FluxRelease):
        yield from flux_rules(delivery, facts)
    yield from source_rules(delivery)
    yield from structured_rules(delivery, values)


def _no_such_bucket(name: str, buckets: Sequence[str]) -> Finding:
    return Finding(
        rule="storage/no-such-bucket",
        at="name",
        problem="must be a bucket of a user of the store",
        seen=show(name),
        fix=f"Use one of {', '.join(buckets)}",
    )


def _several_users(name: str) -> Finding:
    return Finding(
        rule="storage/several-users",
        at="user",
        problem=f"is required, because several users have the bucket {name!r}",
        seen="None",
        fix="Set user= to the name of the Secret of one of them",
    )

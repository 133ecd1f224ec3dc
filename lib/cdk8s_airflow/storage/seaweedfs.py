"""SeaweedFS: an S3-compatible object store in the cluster, installed by its Helm chart."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from cdk8s_airflow.app.construct import checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import RegistryMirror
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.storage.cluster_store import ClusterStore, delivery_rules, with_source
from cdk8s_airflow.storage.object_storage import ObjectStorage, S3Credentials
from cdk8s_airflow.storage.store_users import StoreName, StoreSettings, StoreUser, user_rules, volume_rules
from cdk8s_airflow.storage.wire.seaweedfs import (
    CHART_VERSION,
    IMAGE,
    REPOSITORY,
    S3_PORT,
    claim_name,
    metrics_rules,
    seaweedfs_objects,
    seaweedfs_values,
    service,
    store_pods,
    store_traffic,
)

_RESOURCES = Resources(cpu="250m", memory="512Mi", memory_limit="2Gi")


class SeaweedFs(ClusterStore):
    """SeaweedFS in the cluster: an S3-compatible object store, installed by its Helm chart, in one pod with one volume.

    Use it for labs and small platforms: the data is as durable as the volume, and the store is unavailable while its
    node is drained. The volume claim is not part of the Helm release, so it is kept when the release is uninstalled.
    (By default the chart stores data on the disk of the node.)

    Each user has credentials for their own buckets. The credentials are generated in the namespace of the store and
    copied to the namespaces of their readers. The server reads them from environment variables, so no object contains a
    key. Other pods can connect only to the S3 port, because the other ports require no login; the cluster must enforce
    network policies for this.

    A ``BucketJob`` with :attr:`buckets` and :attr:`admin_credentials` creates the buckets.
    """

    how_to_write = 'SeaweedFs(chart, "lake", namespace=..., storage=Volume("50Gi"), users=[...])'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        storage: Volume,
        users: Sequence[StoreUser],
        name: StoreName = "seaweedfs",
        admin_credentials: S3Credentials | None = None,
        resources: Resources = _RESOURCES,
        placement: NodePlacement = Placement(),
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        own_policy: bool = True,
        metrics: bool = False,
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the SeaweedFS store.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            namespace: the namespace of the store. Use one where Airflow starts no pods.
            storage: the volume claim for all data.
            users: the users and their buckets, at least one.
            name: the name of the store and of its release. Default: ``"seaweedfs"``.
            admin_credentials: the credentials for creating the buckets, with all permissions on them. Default: None,
                the Secret ``<name>-admin``.
            resources: requests and limits of the server. Default: 250m CPU, 512Mi memory, at most 2Gi.
            placement: the nodes on which it may run. Default: any node that can mount the volume.
            mirror: the registry mirror for the image. Default: None, the registry of the project.
            pull_secret: the Secret with the login of the registry, ``imagePullSecrets``. Default: None.
            own_policy: whether to create a network policy that denies the ports without login and allows every pod to
                connect to the S3 port. Set False if the store is in ``NetworkIsolation(traffic=...)``, which allows
                only its clients. Default: True.
            metrics: whether Prometheus may scrape the server, for ``Monitoring(stores=[...])``. Sets the port of the metrics,
                and allows the pods of ``ClusterFacts(monitoring=)`` to connect to it. Default: False.
            delivery: how the release is delivered. Its source defaults to the repository of SeaweedFS. Default:
                :class:`K3sHelmChart`.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if an argument is invalid, two users have the same credentials, the cluster does not support the
                delivery, or ``metrics=True`` and the pods of Prometheus are unknown.
        """
        found = checked(SeaweedFs.__init__, locals())
        facts = facts_of(scope, facts)
        settings: StoreSettings | None = None
        if not found:
            settings = StoreSettings(
                name=name,
                namespace=namespace.name,
                storage=storage,
                users=tuple(users),
                admin_credentials=S3Credentials(f"{name}-admin") if admin_credentials is None else admin_credentials,
                resources=resources,
                placement=placement,
                mirror=mirror,
                pull_secret=pull_secret,
                facts=facts,
                own_policy=own_policy,
                metrics=metrics,
            )
            delivery = with_source(delivery, ChartSource(url=REPOSITORY, name="seaweedfs"))
            found += user_rules(settings.users, settings.admin_credentials)
            found += volume_rules(storage)
            found += metrics_rules(settings)
            found += delivery_rules(delivery, seaweedfs_values(settings), facts)
        super().__init__(scope, id, found)
        if not self._sound or settings is None:
            return
        pods = store_pods(settings)
        self._storage = ObjectStorage(
            scheme="s3",
            endpoint=f"http://{service(name, settings.namespace)}:{S3_PORT}",
            peer=pods,
            port=S3_PORT,
            credentials_namespace=settings.namespace,
        )
        self._install(
            settings,
            delivery,
            chart_version=CHART_VERSION,
            values=seaweedfs_values(settings),
            objects=seaweedfs_objects(settings),
            images=[IMAGE if mirror is None else mirror.of(IMAGE)],
        )
        if not self._sound:
            return
        self._allow(store_traffic(settings))
        self._registry.notes.append(
            f"All data of SeaweedFs {name} is on volume claim {settings.namespace}/{claim_name(name)}. Back it up, or store only data "
            "there that you can create again."
        )

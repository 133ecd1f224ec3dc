"""SeaweedFS: an object store in the cluster, by its chart."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from cdk8s_airflow.app.construct import checked
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import RegistryMirror
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret
from cdk8s_airflow.model.traffic import Traffic
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
    seaweedfs_objects,
    seaweedfs_values,
    service,
    store_pods,
)

_RESOURCES = Resources(cpu="250m", memory="512Mi", memory_limit="2Gi")


class SeaweedFs(ClusterStore):
    """SeaweedFS in the cluster: a store that speaks S3, by its chart, all of it in one pod on one volume.

    It is for labs and small platforms: what is in it is as safe as its volume, and while its node is drained nobody reaches it.
    The volume is the platform's own claim and outlives the release; the chart's default would be the disk of the node.

    Each user has a login for their own buckets. The logins are made up in the store's namespace and copied to where they are
    read; the server reads them from its variables, so no key stands in any object. Only the S3 port can be reached from other
    pods, which takes a cluster that enforces network policies: the other ports ask nobody who they are.

    Buckets are made by a ``BucketJob`` with :attr:`buckets` and :attr:`admin_credentials`.
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
        placement: Placement = Placement(),
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        own_policy: bool = True,
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the SeaweedFS store.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: where it lives; best one where Airflow starts no pods.
            storage: the volume claim with everything in it.
            users: who logs in, and to which buckets.
            name: its name, and that of its release. Default: ``"seaweedfs"``.
            admin_credentials: the login that makes these buckets; it can do anything in them. Default: the Secret ``<name>-admin``.
            resources: of the server. Default: 250m CPU, 512Mi memory, at most 2Gi.
            placement: on which nodes it may run. Default: any that reach the volume.
            mirror: where a copy of the image is pulled from. Default: from where its makers put it.
            pull_secret: the Secret by which nodes log in to the registry. Default: none.
            own_policy: whether a policy of its own closes the ports that ask for no login. It lets everybody reach the S3 port, so say
                False where ``NetworkIsolation`` has the store among its ``traffic``: that allows its clients alone. Default: True.
            delivery: how the release reaches the cluster; its source is SeaweedFS's repository unless it names another. Default:
                :class:`K3sHelmChart`.
            facts: what is known of the cluster.

        Raises:
            PlatformError: when two users share a login, or the delivery does not fit the cluster.
        """
        found = checked(SeaweedFs.__init__, locals())
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
            )
            delivery = with_source(delivery, ChartSource(url=REPOSITORY, name="seaweedfs"))
            found += user_rules(settings.users, settings.admin_credentials)
            found += volume_rules(storage)
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
        self._traffic_of = Traffic(workloads=(pods,))
        self._registry.notes.append(
            f"All data of SeaweedFs {name} is on volume claim {settings.namespace}/{claim_name(name)}. Back it up, or store only data "
            "there that you can create again."
        )

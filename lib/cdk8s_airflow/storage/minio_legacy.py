"""MinIO for existing installations. Its community edition is no longer maintained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from constructs import Construct

from cdk8s_airflow.app.construct import checked
from cdk8s_airflow.app.exemption import exempting
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
from cdk8s_airflow.storage import store_credentials as needs
from cdk8s_airflow.storage.cluster_store import ClusterStore, delivery_rules, with_source
from cdk8s_airflow.storage.object_storage import ObjectStorage, S3Credentials
from cdk8s_airflow.storage.store_users import StoreName, StoreSettings, StoreUser, user_rules, volume_rules
from cdk8s_airflow.storage.wire.minio_legacy import (
    CHART_VERSION,
    CLIENT,
    REPOSITORY,
    S3_PORT,
    SERVER,
    claim_name,
    minio_objects,
    minio_traffic,
    minio_values,
    root_credentials,
    store_pods,
)

_RESOURCES = Resources(cpu="250m", memory="512Mi", memory_limit="2Gi")


class MinioLegacy(ClusterStore):
    """MinIO in the cluster, installed by its last Helm chart. **The community edition is discontinued**: no fixes, no
    new images.

    Use it only for existing installations. For new platforms use :class:`SeaweedFs`, which has the same arguments, or
    an external store. Images are pulled from quay.io, because those on Docker Hub were removed; keep copies of them and
    of the chart (``mirror``, ``delivery``). One server uses one volume. The claim is not part of the Helm release, so
    it is kept when the release is uninstalled.

    The access key id of each user is the name of its Secret, because the chart requires it in plain text.
    """

    how_to_write = 'MinioLegacy(chart, "lake", namespace=..., storage=Volume("50Gi"), users=[...])'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        storage: Volume,
        users: Sequence[StoreUser],
        name: StoreName = "minio",
        admin_credentials: S3Credentials | None = None,
        resources: Resources = _RESOURCES,
        placement: NodePlacement = Placement(),
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the MinIO store.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            namespace: the namespace of the store. Use one where Airflow starts no pods.
            storage: the volume claim for all data.
            users: the users and their buckets, at least one.
            name: the name of the store and of its release. Default: ``"minio"``.
            admin_credentials: the credentials for creating the buckets, without other permissions. Default: None, the
                Secret ``<name>-admin``. The root credentials are in ``<name>-root``.
            resources: requests and limits of the server. Default: 250m CPU, 512Mi memory, at most 2Gi; the chart's
                default is 16Gi.
            placement: the nodes on which it may run. Default: any node that can mount the volume.
            mirror: the registry mirror for the images. Default: None, quay.io.
            pull_secret: the Secret with the login of the registry, ``imagePullSecrets``. Default: None.
            delivery: how the release is delivered. Its source defaults to the repository of MinIO. Default:
                :class:`K3sHelmChart`.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if an argument is invalid, two users have the same credentials, or the cluster does not
                support the delivery.
        """
        found = checked(MinioLegacy.__init__, locals())
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
            )
            delivery = with_source(delivery, ChartSource(url=REPOSITORY, name="minio"))
            found += user_rules(settings.users, settings.admin_credentials)
            found += volume_rules(storage)
            found += delivery_rules(delivery, minio_values(settings), facts)
        super().__init__(scope, id, found)
        if not self._sound or settings is None:
            return
        self._storage = ObjectStorage(
            scheme="s3",
            endpoint=f"http://{name}.{settings.namespace}.svc:{S3_PORT}",
            peer=store_pods(settings),
            port=S3_PORT,
            credentials_namespace=settings.namespace,
            ids_are_names=True,
        )
        # The chart takes the names of Secrets under keys such as accessKey.
        with exempting(
            self._registry,
            *(login.secret for login in (settings.admin_credentials, *(user.credentials for user in users))),
        ):
            self._install(
                settings,
                delivery,
                chart_version=CHART_VERSION,
                values=minio_values(settings),
                objects=minio_objects(settings),
                images=[image if mirror is None else mirror.of(image) for image in (SERVER, CLIENT)],
            )
        if not self._sound:
            return
        root = replace(self._storage, ids_are_names=False)
        self._need(
            [
                needs.login(
                    root_credentials(name), root, settings.namespace, f"is the root login of {name}; creates its users"
                )
            ]
        )
        self._allow(minio_traffic(settings))
        self._registry.notes += [
            f"MinioLegacy {name} runs the community edition of MinIO, which is no longer maintained and gets no security fixes. "
            "SeaweedFs has the same arguments.",
            f"All data of MinioLegacy {name} is on volume claim {settings.namespace}/{claim_name(name)}. Back it up, or store only data "
            "there that you can create again.",
        ]

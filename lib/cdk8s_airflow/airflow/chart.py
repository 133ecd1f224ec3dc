"""One release of Airflow by its official chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cdk8s import ApiObject
from constructs import Construct

from cdk8s_airflow.airflow.arguments import release_settings
from cdk8s_airflow.airflow.authentication import AdminAccount, Auth, FabAuth
from cdk8s_airflow.airflow.chart_archive import ChartArchive
from cdk8s_airflow.airflow.components import (
    ApiServer,
    DagProcessor,
    DatabaseCleanup,
    DatabaseMigration,
    Flower,
    OtelCollector,
    PodCleanup,
    Scheduler,
    Statsd,
    Triggerer,
)
from cdk8s_airflow.airflow.config import Config, Throughput
from cdk8s_airflow.airflow.environment import (
    CaBundle,
    Connections,
    Env,
    EnvFrom,
    HttpProxy,
    KubernetesSecretsBackend,
    Variables,
)
from cdk8s_airflow.airflow.executors import Executor, task_resources_of
from cdk8s_airflow.airflow.exposure import ClusterIP, Exposure
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import CompiledRelease, Releases, compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.shared_resources import ReleaseResources
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.database import database_identities
from cdk8s_airflow.airflow.wire.exclusive_use import release_uses
from cdk8s_airflow.airflow.wire.executors import required_definitions
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.exclusive_use import ExclusiveUses
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.app.workloads import ReleaseWorkloads
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import DagFolder
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.repo_sync import DagRepoSync
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.permissions import guard_delivery
from cdk8s_airflow.kube import bindings
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image, RegistryMirror
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.release_access import ReleaseAccesses
from cdk8s_airflow.model.secret_reference import AirflowKeys, PullSecret
from cdk8s_airflow.model.service_account import ServiceAccounts
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.version import DEFAULT_CHART_VERSION
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, claim_rules, fitting_rules, has_quota
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, NonEmpty, is_label_1035

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.data_lake import DataLake
    from cdk8s_airflow.airflow.handles import ComponentHandle, ReleaseHandles, ServiceHandle
    from cdk8s_airflow.model.permission import Permission
    from cdk8s_airflow.model.pod_requests import PodRequests

_LONGEST_RELEASE = 40

DagSource: TypeAlias = DagRepoSync | DagBundles | DagImage | DagVolume | ExistingDagVolume | DagFolder
"""Where DAG files come from: git, several git repositories, an image, a volume or a folder next to the program."""

_ReleaseName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= _LONGEST_RELEASE,
        "is not a release name from which the chart can make the names of its objects",
        f"use at most {_LONGEST_RELEASE} lower-case letters, digits and dashes, starting with a letter",
        "airflow/release",
    ),
]

_Rotation = Annotated[
    NonEmpty,
    Must(
        lambda text: text.isprintable() and "{{" not in text,
        "is not a text for an annotation: the chart would read it as a template, or it has characters nobody sees",
        'write something like "2026-11-21" or "after the leak"',
        "airflow/rotation",
    ),
]


class AirflowChart(PlatformConstruct):
    """A release of Airflow by its official chart.

    What is said here is turned into values for the pinned version of the chart, held against what that version accepts,
    and handed to the delivery. The same arguments work for every version in the table of versions; each gets its own keys.

    It always ensures: no bundled PostgreSQL or Redis, no default user, keys and database URL by
    reference, requests and memory limits on every container, the Pod Security Standard ``restricted``, and a migration
    that waits for the database and names missing Secrets.
    """

    how_to_write = "AirflowChart(chart, ...)"
    _ids: tuple[str, ...] = ()
    _compiled: CompiledRelease | None = None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        database: DatabaseConnection,
        keys: AirflowKeys,
        executor: Executor,
        logs: Logs,
        release: _ReleaseName = "airflow",
        chart_version: str = DEFAULT_CHART_VERSION,
        chart_archive: ChartArchive | None = None,
        airflow_version: str | None = None,
        dags: DagSource | None = None,
        image: Image | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        ui: Exposure = ClusterIP(),
        admin: AdminAccount | None = None,
        auth: Auth = FabAuth(),
        env: Env | None = None,
        env_from: EnvFrom = (),
        connections: Connections | None = None,
        variables: Variables | None = None,
        data_lake: DataLake | None = None,
        secrets_backend: KubernetesSecretsBackend | None = None,
        proxy: HttpProxy | None = None,
        ca: CaBundle | None = None,
        scheduler: Scheduler = Scheduler(),
        api_server: ApiServer = ApiServer(),
        triggerer: Triggerer | None = Triggerer(),
        dag_processor: DagProcessor | None = None,
        statsd: Statsd | None = Statsd(),
        otel_collector: OtelCollector | None = None,
        flower: Flower | None = None,
        cleanup: PodCleanup | None = None,
        database_cleanup: DatabaseCleanup | None = None,
        migration: DatabaseMigration = DatabaseMigration(),
        config: Config | None = None,
        throughput: Throughput | None = None,
        task_pods: TaskPods = TaskPods(),
        task_namespaces: Sequence[NamespaceHandle] = (),
        service_accounts: ServiceAccounts = ServiceAccounts(),
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts | None = None,
        rotation: _Rotation | None = None,
        values: Mapping[str, Any] | None = None,
        unchecked_values: Mapping[str, Any] | None = None,
    ) -> None:
        """Create the Airflow release.

        Args:
            scope: the Chart it is written to; one whose file sorts after those of namespaces and database.
            id: the construct id.
            namespace: where Airflow runs.
            database: the metadata database, as a database's ``connection(...)`` gives it.
            keys: the Secrets with the keys that must not move.
            executor: how tasks are run: :class:`KubernetesExecutor`, :class:`CeleryExecutor`, :class:`LocalExecutor`,
                :class:`CeleryKubernetesExecutor` with Airflow 2, or several of them as :class:`MultipleExecutors`.
            logs: where task logs are kept. Required: with a pod for each task, a log without a place is gone with its pod, and
                that should be said (:meth:`Logs.ephemeral`) rather than happen.
            release: the release's name, and the first part of the name of everything the chart makes. At most 40 characters,
                and one of a kind in the cluster. Default: ``"airflow"``.
            chart_version: the version of the chart. Default: the newest known here.
            chart_archive: the released archive of a version that is not known here but lies between two that are. It only says
                what that version takes; the delivery still gets the chart by its version. Default: none, and such a version is
                refused.
            airflow_version: the version of Airflow. Default: the version at the start of the tag of ``image=`` or ``DagImage``; without
                an image, the one that the chart was released with.
            dags: where DAG files come from: git (:class:`DagRepoSync`, with Airflow 3 also :class:`DagBundles`), the image
                (:class:`DagImage`), a volume (:class:`DagVolume`) or, in a lab, a local folder (:class:`DagFolder`). Default: what the image
                has in ``/opt/airflow/dags``.
            image: the image Airflow runs in. Default: the official one of ``airflow_version``.
            mirror: where copies of all images of the release are pulled from. Default: from where their makers put them.
            pull_secret: the Secret by which nodes log in to the registry. Default: none.
            ui: how people reach the UI: :class:`ClusterIP` (the default), :class:`NodePort`, :class:`LoadBalancer`,
                :class:`Ingress` or :class:`HttpRoute`.
            admin: an account with a password, from a Secret. Default: none; ``airflow users create`` makes one by hand.
            auth: how people log in: :class:`FabAuth`, with or without single sign-on (the default is without), or
                :class:`SimpleAuth`.
            env: environment variables of every pod that runs Airflow, task pods and jobs included: a text, or one key of a Secret
                or ConfigMap. Default: none.
            env_from: Secrets and ConfigMaps each of whose keys is such a variable. Default: none.
            connections: id of a connection of Airflow -> the key of a Secret with its URI or JSON. They come from the
                environment, so the UI does not list them. Default: none.
            variables: key of a variable of Airflow -> its text, or the key of a Secret. Likewise. Default: none.
            data_lake: the buckets that tasks work with, as a connection and as variables. Default: none.
            secrets_backend: where Airflow looks up connections and variables before anywhere else. Default: nowhere.
            proxy: the proxy through which pods reach the world. Default: none.
            ca: the authorities that pods trust in place of the public ones. Default: those of each image.
            scheduler: the scheduler.
            api_server: the server of the UI and API; Airflow 2's webserver.
            triggerer: the triggerer, or None for none: deferred tasks then wait for ever.
            dag_processor: the DAG processor. Default: one with Airflow 3, which needs it; none with Airflow 2, whose scheduler
                reads DAG files itself.
            statsd: the StatsD exporter, or None for none. Default: one, unless ``otel_collector`` takes the metrics.
            otel_collector: an OpenTelemetry collector for metrics or traces. Default: none.
            flower: Flower, a page about Celery's workers. Default: none.
            cleanup: what deletes pods that tasks left behind. Default: none; Airflow deletes the pods of its tasks itself.
            database_cleanup: what deletes old rows from the database. Default: none, and the database grows for ever.
            migration: the Job that migrates the database.
            task_pods: the pods in which KubernetesExecutor runs tasks, the default one and named ones. Default: those of Airflow 3
                know neither the metadata database nor any key of Airflow.
            task_namespaces: other namespaces in which tasks may run, with Airflow 3. Default: none; tasks run in the namespace of the release.
            service_accounts: as whom components speak to Kubernetes and to the cloud. Default: one for each, as the chart makes
                them.
            config: options of airflow.cfg, by section, under any name they have had: ``{"core": {"load_examples": False}}``. What
                holds a secret is given as :class:`SecretKey`; what another argument says is not taken here.
            throughput: how much Airflow does at once, as :meth:`Throughput.small` or :meth:`Throughput.large`. An option in
                ``config`` wins. Default: Airflow's own figures.
            delivery: how the release reaches the cluster: :class:`K3sHelmChart` (the default), :class:`FluxRelease`,
                :class:`ArgoApplication` or :class:`HelmCommand`.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).
            rotation: any text; changing it restarts every pod. Nothing else does when the content of a Secret changes.
            values: values of the chart, laid over ours key by key: maps are merged, anything else is replaced. They are held
                against the version like ours.
            unchecked_values: likewise, laid over everything and not checked, but for secrets in clear text; the summary says so.

        Raises:
            PlatformError: with everything that is wrong with the arguments, their combination or the values.
        """
        arguments = dict(locals())
        found = checked(AirflowChart.__init__, arguments)
        arguments["facts"] = facts_of(scope, facts)
        settings, found = release_settings(arguments, found, has_quota)
        compiled = None if settings is None else compile_release(settings)
        if compiled is not None:
            found += [*compiled.findings, *_bound_rules(arguments, compiled.settings)]
        super().__init__(scope, id, found)
        if compiled is not None and self._sound:
            self._register_sessions(compiled)
            self._emit_release(compiled)

    @property
    def api_objects(self) -> Mapping[str, ApiObject]:
        """Every object this has made, by its construct id, for JSON patches: what they say wins over everything else.

        ``release`` is the one that stands for the release. Empty while findings are being collected and there are some.
        """
        return {id: ApiObject.of(self.node.find_child(id)) for id in self._ids}

    @property
    def api_object(self) -> ApiObject | None:
        """The object that stands for the release; None where the delivery makes none (:class:`HelmCommand`)."""
        return ApiObject.of(self.node.find_child("release")) if "release" in self._ids else None

    @property
    def traffic(self) -> Traffic:
        """Its pods, and all connections they take part in, for :class:`NetworkIsolation`; nothing while findings are collected."""
        return Traffic() if self._compiled is None else self._compiled.traffic

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """What each service account that comes with the release may do with the API of Kubernetes, that of Helm's too."""
        return () if self._compiled is None else self._compiled.permissions

    @property
    def handles(self) -> ReleaseHandles:
        """The names, labels and ports of all components that the release creates, for objects of your own.

        Raises:
            AttributeError: while findings are collected, if this release has some.
        """
        if self._compiled is None:
            raise AttributeError("a release with findings has no handles")
        return self._compiled.handles

    @property
    def scheduler(self) -> ComponentHandle:
        """The scheduler: ``release.scheduler.deployment_name``, ``.pod_labels``, ``.scale_target``."""
        return self.handles.component("scheduler")

    @property
    def ui(self) -> ComponentHandle:
        """The server of the UI: the API server of Airflow 3, the webserver of Airflow 2."""
        return self.handles.component("ui")

    def component(self, name: str) -> ComponentHandle:
        """A component by its name, such as ``"triggerer"``, ``"dag_processor"``, ``"workers"`` or ``"statsd"``.

        Args:
            name: the name as in ``handles.components``.

        Raises:
            KeyError: if this release has no such component. The message lists those that it has.
        """
        return self.handles.component(name)

    def service(self, name: str) -> ServiceHandle:
        """The Service of a component, such as ``release.service("statsd")``: its name, labels, ports and host name.

        Args:
            name: the name of the component, as in ``handles.components``.

        Raises:
            KeyError: if this release has no such component, or the component has no Service.
        """
        return self.handles.service(name)

    def _register_sessions(self, release: CompiledRelease) -> None:
        """Counts the database sessions of the release with those of the rest of the app."""
        self._found_late(finding for demand in release.sessions for finding in self._registry.open(demand))

    def _emit_release(self, release: CompiledRelease) -> None:
        """Emits the objects of the release, and registers with the app what others must know of it."""
        if not self._sound:
            return
        settings, delivered = release.settings, release.delivered
        bound, others = bindings.helm_charts(delivered.objects)
        objects = {**release.objects, **others}
        self._emit(objects, bound=bound, facts=settings.facts, files=delivered.files)
        if not self._sound:
            return
        self._require_definitions(required_definitions(settings), settings.facts)
        self._compiled = release
        self._ids = (*objects, *bound)
        registry = self._registry
        self._need(release.needs)
        self._found_late(registry.launch((settings.namespace, *settings.task_namespaces), settings.release))
        self._found_late(registry.own_database(database_identities(settings), settings.release))
        self._found_late(registry.slot(ReleaseResources).claim(settings))
        self._found_late(guard_delivery(registry, settings.delivery, settings.release))
        registry.slot(ReleaseWorkloads).append(lambda: release.workloads)
        registry.slot(Releases).append(release)
        registry.slot(ExclusiveUses).add(release_uses(settings))
        registry.permissions.append(lambda: release.permissions)
        registry.slot(ReleaseAccesses).append(lambda: release.access)
        registry.notes += [*release.notes, *delivered.notes, *_unchecked_notes(settings)]
        registry.removals += delivered.removal


def _bound_rules(arguments: Mapping[str, Any], settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether the release fits in the quotas and limits of its namespaces."""
    namespace: NamespaceHandle = arguments["namespace"]
    yield from fitting_rules(
        namespace, settings, always=partial(_always_running, settings), hooks=partial(_hooks, settings)
    )
    yield from claim_rules(namespace, settings, service=type(settings.ui).__name__)
    for task_namespace in arguments["task_namespaces"]:
        yield from fitting_rules(task_namespace, settings.task_pods, "task_pods")
        yield from fitting_rules(task_namespace, task_resources_of(settings.executor), "executor.task_resources")


def _unchecked_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The keys of ``unchecked_values=``, if there are any."""
    if settings.unchecked_values:
        keys = ", ".join(sorted(settings.unchecked_values))
        yield BeforeApply(f"unchecked_values= of release {settings.release} has keys that are not validated: {keys}")


def _always_running(settings: ReleaseSettings) -> Iterable[tuple[int, PodRequests]]:
    """The pods that a release runs at all times. Computed only for a namespace with a quota."""
    from cdk8s_airflow.airflow.wire.idle_resources import always_running

    return always_running(settings)


def _hooks(settings: ReleaseSettings) -> Iterable[PodRequests]:
    """The pods of the Jobs of an install. Computed only for a namespace with a quota."""
    from cdk8s_airflow.airflow.wire.idle_resources import hooks

    return hooks(settings)
